"""What a worker keeps between its turns to call engines: event loop, connections, ledger."""

import asyncio
import threading
from types import TracebackType
from typing import Self

from django.conf import settings

from candidates.scoring import engines
from candidates.scoring.contract import Engine

from .ledger import Ledger


class Runtime:
    """One event loop, the engines whose clients and connection pools belong to it, and the ledger
    of their calls. It belongs to the thread that makes it.
    """

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.wake = asyncio.Event()  # set when a call needs the database, or a slot is free
        self.ledger = Ledger(wake=self.wake.set)
        self._engines: dict[tuple[str, str], Engine] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def engine(self, name: str, model: str) -> Engine:
        """The engine of this name and model. Raises EngineUnavailable when it cannot be set up."""
        if (name, model) not in self._engines:
            self._engines[name, model] = engines.make(
                name,
                model,
                api_key=settings.OPENAI_API_KEY,
                base_url=settings.OPENAI_BASE_URL,
                concurrency=settings.EVALUATOR_CONCURRENCY,
                call_seconds=settings.EVALUATOR_CALL_SECONDS,
                calls=self.ledger,
                facts=settings.EVALUATOR_PRICES,
            )
        return self._engines[name, model]

    def close(self) -> None:
        """Close the engines' connections and the event loop."""
        for engine in self._engines.values():
            self.runner.run(engine.aclose())
        self._engines.clear()
        self.runner.close()


_thread = threading.local()


def task_runtime() -> Runtime:
    """The runtime of the thread that runs tasks, made for its first task and kept for the next.

    A worker process runs its tasks in one thread; `close_task_runtime` ends what is kept.
    """
    if not hasattr(_thread, "runtime"):
        _thread.runtime = Runtime()
    runtime: Runtime = _thread.runtime
    return runtime


def close_task_runtime() -> None:
    """Close this thread's runtime where it has one; the next task makes a new one."""
    if hasattr(_thread, "runtime"):
        task_runtime().close()
        del _thread.runtime
