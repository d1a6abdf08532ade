"""How the whole system is, what is wrong, and how it was: for the admin, health checks and metrics."""
