"""Faults of the program, told to Sentry where SENTRY_DSN says so: their places, and no text.

What an exception says, the variables around it, the request and the command line may each hold a
résumé's words or a person's name. So an event is not cleaned: it is written anew with what is known
to be harmless.
"""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.django import DjangoIntegration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.types import Event, Hint

from jobs import tracing

OURS = ("evaluator", "jobs", "candidates")
KEPT = ["event_id", "timestamp", "level", "platform", "release", "environment", "server_name"]
KEPT += ["logger", "transaction"]
OF_A_FRAME = ["abs_path", "filename", "function", "module", "lineno", "in_app"]
OF_A_FRAME += ["pre_context", "context_line", "post_context"]  # lines of the program


def begin(dsn: str) -> None:
    """Report from now on, in this process and those that it forks."""
    ignore_logger("django-q")  # says once more what jobs.tracing has logged
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
        max_breadcrumbs=0,
        auto_session_tracking=False,
        auto_enabling_integrations=False,
        integrations=[DjangoIntegration()],
        before_send=bare,
    )


def bare(event: Event, hint: Hint) -> Event:
    """The event with types, places and ids alone; words only where a line of our log has them."""
    given: dict[str, Any] = dict(event)
    told = {key: value for key, value in given.items() if key in KEPT}
    told["tags"] = dict(tracing.ids())
    if str(given.get("logger", "")).partition(".")[0] in OURS and "logentry" in given:
        told["logentry"] = given["logentry"]
    if "exception" in given:
        values = given["exception"].get("values", [])
        told["exception"] = {"values": [_bare(value) for value in values]}
    return told  # type: ignore[return-value]


def _bare(value: dict[str, Any]) -> dict[str, Any]:
    frames = (value.get("stacktrace") or {}).get("frames", [])
    kept = [{key: each for key, each in frame.items() if key in OF_A_FRAME} for frame in frames]
    return {
        "type": value.get("type"),
        "module": value.get("module"),
        "stacktrace": {"frames": kept},
    }
