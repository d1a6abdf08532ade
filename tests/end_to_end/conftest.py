"""Lanes in this process and a model server for them, as in tests/jobs."""

from tests.jobs.conftest import impatient, model

__all__ = ["impatient", "model"]
