"""The queue's side of the admin."""

from . import jobs, notices, overview, queue

__all__ = ["jobs", "notices", "overview", "queue"]
