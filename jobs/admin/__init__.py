"""The queue's side of the admin."""

from . import evaluations, jobs, messages, notices, overview, queue

__all__ = ["evaluations", "jobs", "messages", "notices", "overview", "queue"]
