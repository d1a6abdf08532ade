"""Ids of the current work that every line of the log carries: request, lane, job, analysis.

The code that begins the work sets them; the code that writes a line need not know them.
"""

import logging
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from types import MappingProxyType

log = logging.getLogger(__name__)

_ids: ContextVar[Mapping[str, str]] = ContextVar("ids", default=MappingProxyType({}))


@contextmanager
def about(**ids: object) -> Iterator[None]:
    """Add these ids to the lines that are logged inside, besides the ids set before."""
    before = _ids.set({**_ids.get(), **{name: str(value) for name, value in ids.items()}})
    try:
        yield
    finally:
        _ids.reset(before)


def ids() -> Mapping[str, str]:
    return _ids.get()


class TaskFailed(Exception):
    """A task raised an error, which is logged. The message is the place in the code, without any
    text of a résumé."""


def task(function: Callable[[int], None]) -> Callable[[int], None]:
    """Decorate a task of the queue: its log lines carry its ids, and the queue stores only the
    place of an error."""

    @wraps(function)
    def run(pk: int) -> None:
        with about(task=function.__name__, of=pk):
            try:
                function(pk)
            # The queue stores the whole message, which may hold text of a résumé.
            except Exception as error:
                log.exception("the task failed")
                raise TaskFailed(place(error)) from None

    return run


def place(error: Exception) -> str:
    """The type of the error and its place in the code, without its message."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.name}, {Path(where.filename).name}:{where.lineno}"
