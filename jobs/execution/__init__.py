"""How a job comes into being, is worked on, paused, and ends."""
