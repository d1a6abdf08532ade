"""When and where work runs: jobs, the lanes that work on them, e-mails to send, workers alive.

Every model and its choices are exported here: `from jobs.models import Job`.
"""

from .history import Grain, Period, Tallied, Tally
from .job import (
    COMES_FROM,
    OPEN,
    OVER,
    PERMISSIONS,
    Halt,
    Job,
    JobQuerySet,
    Lane,
    LaneQuerySet,
    Priority,
    Status,
)
from .notification import (
    BadAddress,
    Kind,
    Mail,
    MailEvent,
    Notice,
    NoticeQuerySet,
    Notification,
    NotificationQuerySet,
)
from .retention import Purge, Warned
from .schedule import Schedule, ScheduledRun, ScheduleQuerySet
from .webhook import Delivery, DeliveryQuerySet, Webhook, WebhookQuerySet
from .worker import Heartbeat, HeartbeatQuerySet, Incident

__all__ = [
    "COMES_FROM",
    "OPEN",
    "OVER",
    "PERMISSIONS",
    "BadAddress",
    "Delivery",
    "DeliveryQuerySet",
    "Grain",
    "Halt",
    "Heartbeat",
    "HeartbeatQuerySet",
    "Incident",
    "Job",
    "JobQuerySet",
    "Kind",
    "Lane",
    "LaneQuerySet",
    "Mail",
    "MailEvent",
    "Notice",
    "NoticeQuerySet",
    "Notification",
    "NotificationQuerySet",
    "Period",
    "Priority",
    "Purge",
    "Schedule",
    "ScheduleQuerySet",
    "ScheduledRun",
    "Status",
    "Tallied",
    "Tally",
    "Warned",
    "Webhook",
    "WebhookQuerySet",
]
