"""Reading a draft's new files, in a child process that is started when the first one comes.

Archives are unpacked first, so that what is in them is read, and enrolled in a run, with the rest.
"""

import logging
import time
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import transaction

from candidates import intake
from candidates.facts import similarity
from candidates.models import Archive, Candidate, Likeness
from candidates.models.candidate import CandidateStatus
from candidates.reading import Member
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sandbox.parent import Sandbox
from candidates.scoring.fingerprint import document_key
from candidates.scoring.prepare import keep

from .turn import Turn, TurnMode, TurnVerdict

log = logging.getLogger(__name__)

AT_A_TIME = 8
MEMBERS, MEMBERS_BYTES = 40, 16 * 1024 * 1024  # of an archive, written at a time
LEASE = timedelta(seconds=45)  # longer than the slowest file may take, and a renewal besides
RENEW = 5.0  # seconds
NOTHING: dict[str, Any] = {
    **dict.fromkeys(("problem", "detail", "media_type", "reader", "text"), ""),
    **dict.fromkeys(("name", "email", "phone", "language"), ""),
    **{key: [] for key in ("flags", "hidden", "sections", "links")},
    "confidence": {},
    "prepared": {},
    **dict.fromkeys(("text_key", "redacted_key", "phone_key"), ""),
    **{key: [] for key in ("signature", "bands")},
    "pages": 0,
}


def is_due(draft_id: int) -> bool:
    """Whether the draft has files to read, or archives to unpack."""
    return (
        Candidate.objects.filter(draft=draft_id).due().exists()
        or Archive.objects.filter(draft=draft_id).due().exists()
    )


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
        """Claim an archive or a few files that wait, and write what was found; how many."""
        if turn.mode is TurnMode.REQUEST:
            return 0
        return self.unpack_some(turn) or self._read_some(turn)

    def unpack_some(self, turn: Turn) -> int:
        """Claim an archive that waits and make candidates of what is in it, as far as the turn
        goes; 1, or 0 where there is none."""
        archives = Archive.objects.filter(draft=self.draft_id)
        archives.fail_exhausted()
        for pk in archives.claim(1, turn.token, LEASE):
            turn.renew(LEASE)
            try:
                self._unpack(turn, Archive.objects.select_related("draft").get(pk=pk))
            except Archive.DoesNotExist:
                pass  # erased since it was claimed
            finally:
                archives.release(turn.token)
            return 1
        return 0

    def _unpack(self, turn: Turn, archive: Archive) -> None:
        held = Archive.objects.filter(pk=archive.pk)
        problem, detail, batch, is_over = None, "", [], False
        try:
            with archive.file.open("rb") as file:
                data = file.read()
            for member in self._ready().unpack(data, archive.filename, archive.done):
                batch.append(member)
                if len(batch) >= MEMBERS or sum(len(one.data) for one in batch) >= MEMBERS_BYTES:
                    if not self._keep(turn, archive, batch):
                        return
                    batch = []
                    if turn.check() is not TurnVerdict.CONTINUE:
                        return
            is_over = True
        except FileNotFoundError:
            problem, detail = Problem.DAMAGED, "no longer stored"
        except Unreadable as refused:
            problem, detail = refused.problem, refused.detail
        if not self._keep(turn, archive, batch):
            return
        with transaction.atomic():
            if problem is not None:
                held.refuse(turn.token, archive.pk, problem, detail)
            elif is_over and held.held(turn.token).exists():
                archive.delete()

    def _ready(self) -> Sandbox:
        if self.sandbox is None:
            self.sandbox = Sandbox(ocr=settings.OCR)
        return self.sandbox

    def _keep(self, turn: Turn, archive: Archive, batch: list[Member]) -> bool:
        """Make candidates of the members, once; False when the archive is no longer ours."""
        with transaction.atomic():
            if not Archive.objects.all().advance(turn.token, archive.pk, len(batch), LEASE):
                return False
            intake.accept_members(archive.draft, archive, batch)
        turn.renew(LEASE)
        return True

    def _read_some(self, turn: Turn) -> int:
        candidates = Candidate.objects.filter(draft=self.draft_id)
        candidates.fail_exhausted()
        ids = candidates.claim(AT_A_TIME, turn.token, LEASE)
        if ids:
            turn.renew(LEASE)
        try:
            return self._read_all(turn, ids)
        finally:
            # Also when no child can be started: no file is to blame for that.
            candidates.release(turn.token)

    def _read_all(self, turn: Turn, ids: list[int]) -> int:
        candidates = Candidate.objects.filter(draft=self.draft_id)
        answers = []
        for candidate in Candidate.objects.filter(pk__in=ids):
            self._renew(turn)
            try:
                answers.append(self._read(candidate, turn))
            except FileNotFoundError:
                # Erased since it was claimed; or its file has gone from the storage, and then
                # nobody will ever read it.
                if candidates.filter(pk=candidate.pk).exists():
                    answers.append(_unreadable(candidate, Problem.DAMAGED, "no longer stored"))
            # Not only at a stop: eight slow files together would outlast the queue's time-out.
            if turn.check() is not TurnVerdict.CONTINUE:
                break
        if answers:
            candidates.answer(turn.token, answers)
            # After the commit: of two workers that read alike files at once, the later sees both.
            Likeness.objects.all().find(answer["id"] for answer in answers)
        return len(answers)

    def _renew(self, turn: Turn) -> None:
        """Also while one file is read: recognising a long scan outlasts the lease."""
        if time.monotonic() - turn.renewed > RENEW:
            turn.renew(LEASE)
            Candidate.objects.filter(draft=self.draft_id).renew(turn.token, LEASE)

    def _read(self, candidate: Candidate, turn: Turn) -> dict[str, Any]:
        try:
            with candidate.file.open("rb") as file:
                document = self._ready().read(
                    file.read(), candidate.filename, lambda: self._renew(turn)
                )
        except Unreadable as refused:
            return _unreadable(candidate, refused.problem, refused.detail)
        prepared, kept = keep(document.text, document.contact.name)
        return {
            **NOTHING,
            "id": candidate.pk,
            "status": CandidateStatus.READABLE,
            "media_type": document.media_type,
            "reader": document.reader,
            "pages": len(document.pages),
            "text": document.text,
            "flags": [flag.to_json() for flag in document.flags],
            "hidden": [hidden.to_json() for hidden in document.hidden],
            "language": document.language,
            "sections": [section.to_json() for section in document.sections],
            "links": [link.to_json() for link in document.contact.links],
            "confidence": {
                "name": document.contact.name_confidence,
                "email": document.contact.email_confidence,
                "phone": document.contact.phone_confidence,
            },
            "name": document.contact.name,
            "text_key": similarity.text_key(document.text),
            "prepared": kept,
            "redacted_key": document_key(prepared.document),
            "phone_key": similarity.phone_key(document.contact.phone),
            "signature": (signed := similarity.signature(document.text)),
            "bands": similarity.bands(signed),
            "email": document.contact.email,
            "phone": document.contact.phone,
        }


def _unreadable(candidate: Candidate, problem: Problem, detail: str) -> dict[str, Any]:
    told = {"status": CandidateStatus.UNREADABLE, "problem": problem, "detail": detail}
    return {**NOTHING, "id": candidate.pk, **told}
