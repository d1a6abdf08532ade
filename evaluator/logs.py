"""Lines of the log, as JSON or text: with the ids of what they are about, nothing of a résumé.

The message of an exception may hold the words that it failed at, and the values of the row that the
database refused. So a line has its type and where it came from, and never its message.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from jobs import tracing

# Of what a line was logged with, besides its message. Django adds the request, whose address may
# hold a name that was searched for.
EXTRA_FIELDS = ("status_code", "method", "path", "milliseconds", "bytes", "request")
MAX_CAUSES = 10


def error_places(error: BaseException) -> str:
    """The types of the exception and of its causes, and where in the program they were raised."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < MAX_CAUSES:
        frames = traceback.extract_tb(cause.__traceback__)
        lines = [f'  File "{each.filename}", line {each.lineno}, in {each.name}' for each in frames]
        parts.append("\n".join([f"{type(cause).__module__}.{type(cause).__qualname__}", *lines]))
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return "\nafter ".join(parts)


class TextFormatter(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        ids = "".join(f" {name}={value}" for name, value in tracing.ids().items())
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {record.getMessage()}"
        error = _error(record)
        return f"{line}{ids}" + (f"\n{error_places(error)}" if error else "")


class JsonFormatter(logging.Formatter):
    """A line for programs: one object, with `at` in UTC."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **tracing.ids(),
        }
        for name in EXTRA_FIELDS:
            value = getattr(record, name, None)
            if isinstance(value, str | int | float):
                line[name] = value
        if error := _error(record):
            line["exception"] = error_places(error)
        return json.dumps(line, ensure_ascii=False)


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None
