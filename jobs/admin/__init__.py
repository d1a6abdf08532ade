"""The queue's side of the admin."""

from . import evaluations, jobs, messages, notices, overview, queue, schedules

__all__ = ["evaluations", "jobs", "messages", "notices", "overview", "queue", "schedules"]
