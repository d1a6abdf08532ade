"""When and where work runs: jobs, the lanes that work on them, e-mails to send, workers alive.

Every model and its choices are exported here: `from jobs.models import Job`.
"""

from .history import Grain, Period
from .job import (
    FINISHED_JOB_STATUSES,
    JOB_TRANSITIONS,
    OPEN_JOB_STATUSES,
    PERMISSIONS,
    Halt,
    Job,
    JobQuerySet,
    JobStatus,
    Priority,
)
from .lane import Lane, LaneQuerySet
from .notification import (
    BadAddress,
    MailEvent,
    Notice,
    NoticeQuerySet,
    Notification,
    NotificationKind,
    NotificationQuerySet,
)
from .outgoing import OutgoingMessage, OutgoingQuerySet, OutgoingStatus
from .retention import Purge, RetentionWarning
from .schedule import Schedule, ScheduledRun, ScheduleQuerySet
from .webhook import Delivery, DeliveryQuerySet, Webhook, WebhookQuerySet
from .worker import Heartbeat, HeartbeatQuerySet, Incident, IncidentKind, RunningTask

__all__ = [
    "FINISHED_JOB_STATUSES",
    "JOB_TRANSITIONS",
    "OPEN_JOB_STATUSES",
    "PERMISSIONS",
    "BadAddress",
    "Delivery",
    "DeliveryQuerySet",
    "Grain",
    "Halt",
    "Heartbeat",
    "HeartbeatQuerySet",
    "Incident",
    "IncidentKind",
    "Job",
    "JobQuerySet",
    "JobStatus",
    "Lane",
    "LaneQuerySet",
    "MailEvent",
    "Notice",
    "NoticeQuerySet",
    "Notification",
    "NotificationKind",
    "NotificationQuerySet",
    "OutgoingMessage",
    "OutgoingQuerySet",
    "OutgoingStatus",
    "Period",
    "Priority",
    "Purge",
    "RetentionWarning",
    "RunningTask",
    "Schedule",
    "ScheduleQuerySet",
    "ScheduledRun",
    "Webhook",
    "WebhookQuerySet",
]
