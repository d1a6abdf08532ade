"""The state of the system, its problems and its history: for admin, health checks, metrics."""
