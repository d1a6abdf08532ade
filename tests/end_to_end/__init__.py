"""The whole program as it is deployed, and whatever can befall it."""
