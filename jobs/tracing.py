"""What is being worked on, as ids that every line of the log carries: request, lane, job, analysis.

The work sets them where it begins; whoever writes a line need not know them.
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
    """Lines written inside are about these, besides what they were about before."""
    before = _ids.set({**_ids.get(), **{name: str(each) for name, each in ids.items()}})
    try:
        yield
    finally:
        _ids.reset(before)


def ids() -> Mapping[str, str]:
    return _ids.get()


class TaskFailed(Exception):
    """A task ended with a fault, which has been logged; says where, and nothing of a résumé."""


def task(function: Callable[[int], None]) -> Callable[[int], None]:
    """A task of the queue: its lines say so, and of a fault the queue learns the place alone."""

    @wraps(function)
    def run(pk: int) -> None:
        with about(task=function.__name__, of=pk):
            try:
                function(pk)
            # What the queue writes down of it is the whole message, with words of the row.
            except Exception as error:
                log.exception("the task failed")
                raise TaskFailed(place(error)) from None

    return run


def place(error: Exception) -> str:
    """Where in the program it happened; nothing of what it says."""
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {where.name}, {Path(where.filename).name}:{where.lineno}"
