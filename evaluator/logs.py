"""Lines of the log, as JSON or text: with the ids of what they are about, nothing of a résumé.

What an exception says may hold the words it failed at, and the values of the row that the database
refused. So a line tells its type and where it came from, and never what it says.
"""

import json
import logging
import traceback
from datetime import UTC, datetime
from typing import Any

from jobs import tracing

# Of what a line was written with, besides its words. Django adds the request, whose address may
# hold the name that somebody searched for.
EXTRAS = ("status_code", "method", "path", "milliseconds", "bytes", "request")


def places(error: BaseException) -> str:
    """The types of the exception and of those it came from, and where in the program they rose."""
    told: list[str] = []
    one: BaseException | None = error
    while one is not None and len(told) < 10:
        frames = traceback.extract_tb(one.__traceback__)
        lines = [f'  File "{at.filename}", line {at.lineno}, in {at.name}' for at in frames]
        told.append("\n".join([f"{type(one).__module__}.{type(one).__qualname__}", *lines]))
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
    return "\nafter ".join(told)


class Text(logging.Formatter):
    """A line for people."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def format(self, record: logging.LogRecord) -> str:
        about = "".join(f" {name}={each}" for name, each in tracing.ids().items())
        line = f"{self.formatTime(record)} {record.levelname} {record.name}: {record.getMessage()}"
        error = _error(record)
        return f"{line}{about}" + (f"\n{places(error)}" if error else "")


class Json(logging.Formatter):
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
        for name in EXTRAS:
            told = getattr(record, name, None)
            if isinstance(told, str | int | float):
                line[name] = told
        if error := _error(record):
            line["exception"] = places(error)
        return json.dumps(line, ensure_ascii=False)


def _error(record: logging.LogRecord) -> BaseException | None:
    return record.exc_info[1] if record.exc_info else None
