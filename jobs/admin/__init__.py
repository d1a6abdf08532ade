"""The queue's side of the admin."""

from . import jobs, notices, queue

__all__ = ["jobs", "notices", "queue"]
