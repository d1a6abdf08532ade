"""Measurements; `make bench` runs them and docs/benchmarks.md keeps their tables."""
