"""Reading a draft's new files, in a child process that is started at the first of them.

Archives are unpacked first, so that their files are read, and enrolled in a run, with the others.
"""

import logging
import time
from datetime import timedelta
from types import TracebackType
from typing import Self

from django.conf import settings
from django.db import transaction

from candidates import intake
from candidates.models import Archive, Candidate, PossibleDuplicate
from candidates.models.claims import ClaimPlace
from candidates.reading import Member
from candidates.reading.problems import Problem, Unreadable
from candidates.reading.sandbox.parent import Sandbox
from candidates.reading_result import ReadingResult

from .turn import RENEW_SECONDS, Turn, TurnMode, TurnVerdict

log = logging.getLogger(__name__)

FILES_PER_CLAIM = 8
MEMBERS_PER_BATCH, MEMBER_BYTES_PER_BATCH = 40, 16 * 1024 * 1024  # written at a time
# Of files and archives. Longer than a lane's: several quick files come between two renewals.
READING_LEASE = timedelta(seconds=45)
ATTEND_SECONDS = 0.05  # that calls of a guest's host are let run for, about once a second


def is_due(draft_id: int) -> bool:
    """Whether the draft has files to read, or archives to unpack."""
    return (
        Candidate.objects.filter(draft=draft_id).has_due()
        or Archive.objects.filter(draft=draft_id).has_due()
    )


class Reader:
    """Reads files of one draft; as a context manager it ends its child process."""

    def __init__(self, draft_id: int) -> None:
        self.draft_id = draft_id
        self.sandbox: Sandbox | None = None
        self.place: ClaimPlace | None = None  # of the last file that was claimed

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
        """Claim an archive or a few waiting files, read them and write the results; returns how
        many were read."""
        if turn.mode is TurnMode.REQUEST:
            return 0
        return self.unpack_some(turn) or self._read_some(turn)

    def unpack_some(self, turn: Turn) -> int:
        """Claim a waiting archive and make candidates of its files until the turn ends; returns 1,
        or 0 where there is none."""
        archives = Archive.objects.filter(draft=self.draft_id)
        archives.fail_exhausted()
        for pk in archives.claim(1, turn.token, READING_LEASE):
            turn.renew(READING_LEASE)  # nothing renews it while a large archive is loaded
            try:
                self._unpack(turn, Archive.objects.select_related("draft").get(pk=pk))
            except Archive.DoesNotExist:
                pass  # erased since it was claimed
            finally:
                Archive.objects.all().release(turn.token)
            return 1
        return 0

    def _unpack(self, turn: Turn, archive: Archive) -> None:
        held = Archive.objects.filter(pk=archive.pk)
        problem, batch, is_over = None, [], False
        try:
            with archive.file.open("rb") as file:
                data = file.read()
            turn.renew()
            members = self._ready().unpack(
                data, archive.filename, archive.done, lambda: self._renew(turn)
            )
            for member in members:
                batch.append(member)
                if (
                    len(batch) >= MEMBERS_PER_BATCH
                    or sum(len(member_read.data) for member_read in batch) >= MEMBER_BYTES_PER_BATCH
                ):
                    if not self._keep(turn, archive, batch):
                        return
                    batch = []
                    if turn.check() is not TurnVerdict.CONTINUE:
                        return
            is_over = True
        except FileNotFoundError:
            problem = Problem.DAMAGED
            log.warning("archive %s: its file is no longer stored", archive.pk)
        except Unreadable as refused:
            problem = refused.problem
            log.info("archive %s cannot be unpacked: %a", archive.pk, str(refused))
        if not self._keep(turn, archive, batch):
            return
        with transaction.atomic():
            if problem is not None:
                held.refuse(turn.token, archive.pk, problem)
            elif is_over and held.held(turn.token).exists():
                archive.delete()

    def _ready(self) -> Sandbox:
        if self.sandbox is None:
            self.sandbox = Sandbox(ocr=settings.OCR)
        return self.sandbox

    def _keep(self, turn: Turn, archive: Archive, batch: list[Member]) -> bool:
        """Make candidates of the members, once; False when the claim on the archive is lost."""
        with transaction.atomic():
            if not Archive.objects.all().advance(turn.token, archive.pk, len(batch), READING_LEASE):
                return False
            intake.accept_members(archive.draft, archive, batch)
        turn.renew()
        return True

    def _read_some(self, turn: Turn) -> int:
        candidates = Candidate.objects.filter(draft=self.draft_id)
        candidates.fail_exhausted()
        ids, self.place = candidates.claim_after(
            self.place, FILES_PER_CLAIM, turn.token, READING_LEASE
        )
        if ids:
            turn.renew()
        try:
            return self._read_all(turn, ids)
        finally:
            # Also when no child can be started: no file is to blame for that.
            Candidate.objects.all().release(turn.token)

    def _read_all(self, turn: Turn, ids: list[int]) -> int:
        candidates = Candidate.objects.filter(draft=self.draft_id)
        results: dict[int, ReadingResult] = {}
        for candidate in Candidate.objects.filter(pk__in=ids):
            self._renew(turn)
            try:
                results[candidate.pk] = self._read(candidate, turn)
            except FileNotFoundError:
                # Erased since it was claimed; or its file is gone from the storage for good.
                if candidates.filter(pk=candidate.pk).exists():
                    log.warning("candidate %s: its file is no longer stored", candidate.pk)
                    results[candidate.pk] = ReadingResult.of_problem(Problem.DAMAGED)
            # After each file: eight slow ones together would outlast the queue's time-out.
            if turn.check() is not TurnVerdict.CONTINUE:
                break
        if results:
            candidates.record_reading(turn.token, results)
            # After the commit: of two workers that read similar files at once, the later sees both.
            PossibleDuplicate.objects.find(results)
        return len(results)

    def _renew(self, turn: Turn) -> None:
        """Renew the lane and the claims, also while one file is read: a long scan outlasts the
        leases. The same for the host of a guest, whose calls run meanwhile."""
        turn.attend_host(ATTEND_SECONDS)
        if time.monotonic() - turn.renewed > RENEW_SECONDS:
            turn.renew()
            Candidate.objects.all().renew(turn.token, READING_LEASE)
            Archive.objects.all().renew(turn.token, READING_LEASE)

    def _read(self, candidate: Candidate, turn: Turn) -> ReadingResult:
        try:
            with candidate.file.open("rb") as file:
                document = self._ready().read(
                    file.read(), candidate.filename, lambda: self._renew(turn)
                )
        except Unreadable as refused:
            log.info("candidate %s cannot be read: %a", candidate.pk, str(refused))
            return ReadingResult.of_problem(refused.problem)
        return ReadingResult.of_document(document)
