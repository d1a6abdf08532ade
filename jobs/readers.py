"""Reading a draft's new files, in a child process that is started when the first one comes."""

import logging
import time
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from candidates.models import Candidate, CandidateQuerySet
from candidates.models.candidate import Status
from candidates.reading.problems import Unreadable
from candidates.reading.sandbox import Sandbox

from .turn import Turn, Verdict

log = logging.getLogger(__name__)

AT_A_TIME = 8
LEASE = timedelta(seconds=45)  # longer than the slowest file may take, and a renewal besides
RENEW = 5.0  # seconds


def due(draft_id: int) -> CandidateQuerySet:
    return Candidate.objects.filter(draft=draft_id).due()


class Reader:
    """Reads files of one draft; as a context manager it ends its child process."""

    def __init__(self, draft_id: int) -> None:
        self.draft_id = draft_id
        self.sandbox: Sandbox | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.sandbox is not None:
            self.sandbox.close()

    def read_some(self, turn: Turn) -> int:
        """Claim a few files that wait, read them, write what was found; how many."""
        candidates = Candidate.objects.filter(draft=self.draft_id)
        candidates.give_up()
        ids = candidates.claim(AT_A_TIME, turn.token, LEASE)
        if ids:
            turn.beat(LEASE)
        try:
            return self._read_all(turn, ids)
        finally:
            # Also when no child can be started: no file is to blame for that.
            candidates.give_back(turn.token)

    def _read_all(self, turn: Turn, ids: list[int]) -> int:
        candidates = Candidate.objects.filter(draft=self.draft_id)
        answers = []
        for candidate in Candidate.objects.filter(pk__in=ids):
            if time.monotonic() - turn.beaten > RENEW:
                turn.beat(LEASE)
                candidates.extend(turn.token, LEASE)
            answers.append(self._read(candidate))
            if turn.look() is Verdict.STOP:
                break
        if answers:
            candidates.answer(turn.token, answers)
        return len(answers)

    def _read(self, candidate: Candidate) -> dict[str, Any]:
        if self.sandbox is None:
            self.sandbox = Sandbox()
        nothing: dict[str, Any] = {
            **dict.fromkeys(("problem", "detail", "media_type", "reader", "text"), ""),
            **dict.fromkeys(("name", "email", "phone"), ""),
            "pages": 0,
            "flags": [],
        }
        answer = {**nothing, "id": candidate.pk}
        try:
            with candidate.file.open("rb") as file:
                document = self.sandbox.read(file.read(), candidate.filename)
        except Unreadable as refused:
            return {
                **answer,
                "status": Status.UNREADABLE,
                "problem": refused.problem,
                "detail": refused.detail,
            }
        return {
            **answer,
            "status": Status.READABLE,
            "media_type": document.media_type,
            "reader": document.reader,
            "pages": len(document.pages),
            "text": document.text,
            "flags": [flag.to_json() for flag in document.flags],
            "name": document.contact.name,
            "email": document.contact.email,
            "phone": document.contact.phone,
        }
