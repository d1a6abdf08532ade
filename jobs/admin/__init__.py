"""The queue's side of the admin."""

from . import jobs, messages, notices, overview, queue

__all__ = ["jobs", "messages", "notices", "overview", "queue"]
