"""Errors of the program, reported to Sentry where SENTRY_DSN is set: their places, and no text.

The message of an exception, the variables around it, the request and the command line may each hold
a résumé's words or a person's name. So an event is not cleaned: it is written anew with what is
known to be harmless.
"""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.types import Event, Hint

from jobs import tracing

OWN_PACKAGES = ("evaluator", "jobs", "candidates")
EVENT_FIELDS = [
    "event_id", "timestamp", "level", "platform", "release", "environment", "server_name",
    "logger", "transaction",
]  # fmt: skip
FRAME_FIELDS = [
    "abs_path", "filename", "function", "module", "lineno", "in_app",
    "pre_context", "context_line", "post_context",  # lines of the program
]  # fmt: skip


def start(dsn: str) -> None:
    """Report errors from now on, in this process and those that it forks."""
    ignore_logger("django-q")  # repeats what jobs.tracing has logged
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration()],
        before_send=redact_event,
    )


def redact_event(event: Event, hint: Hint) -> Event:
    """The event with types, places and ids alone; words only of the program's own log lines."""
    fields: dict[str, Any] = dict(event)
    redacted = {key: value for key, value in fields.items() if key in EVENT_FIELDS}
    redacted["tags"] = dict(tracing.ids())
    is_own = str(fields.get("logger", "")).partition(".")[0] in OWN_PACKAGES
    if is_own and "logentry" in fields:
        redacted["logentry"] = fields["logentry"]
    if "exception" in fields:
        values = fields["exception"].get("values", [])
        redacted["exception"] = {"values": [_redacted_exception(value) for value in values]}
    return redacted  # type: ignore[return-value]


def _redacted_exception(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames", [])
    redacted = [
        {key: each for key, each in frame.items() if key in FRAME_FIELDS} for frame in frames
    ]
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {"frames": redacted},
    }
