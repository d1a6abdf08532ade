"""A model server with one slot, whose answers a test lets go one by one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .model import ModelServer, Reply, Request, rated, serve_model


class Slot:
    """A step of a model server's script: one request at a time, answered when the test says so."""

    def __init__(self, reply: Reply | None = None) -> None:
        self.reply = reply  # to every request; else each is rated
        self._slot = threading.Lock()
        self._allowed = threading.Semaphore(0)

    def __call__(self, request: Request) -> Reply:
        with self._slot:
            self._allowed.acquire()
        return self.reply or rated(request)

    def answer(self, number: int = 1) -> None:
        """Let so many answers go."""
        self._allowed.release(number)


@contextmanager
def one_slot(reply: Reply | None = None) -> Iterator[tuple[ModelServer, Slot]]:
    """The server and its slot. At the end no request is left waiting, so that it can stop."""
    slot = Slot(reply)
    with serve_model(slot) as model, _emptied(slot):
        yield model, slot


@contextmanager
def _emptied(slot: Slot) -> Iterator[None]:
    try:
        yield
    finally:
        slot.answer(1_000)
