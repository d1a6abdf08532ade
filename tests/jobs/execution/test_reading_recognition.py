"""Reading with text recognition on: which setting decides, and that a long file keeps its lease."""

import shutil
import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.db import connection, transaction

from candidates import intake
from candidates.models import Candidate, Draft
from candidates.models.candidate import CandidateStatus
from jobs.execution import reading, submit
from jobs.execution.turn import Turn
from jobs.models import Lane
from tests.makers import scans

pytestmark = [pytest.mark.processes, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def turn(draft: Draft) -> Turn:
    """A lane entered, with one scan to read."""
    data = scans.picture("PNG")
    with transaction.atomic():
        scan = intake.Incoming("scan.png", len(data), lambda: data)
        intake.accept(draft, draft.owner, [scan])
        submit.wake_readers(draft.pk)
    turn = Turn.enter(Lane.objects.get().pk)
    assert turn is not None
    return turn


def read(turn: Turn) -> Candidate:
    with reading.Reader(turn.lane.draft_id) as reader:
        reader.read_some(turn)
    return Candidate.objects.get()


def test_a_scan_is_refused_unless_recognition_is_switched_on(turn: Turn) -> None:
    candidate = read(turn)

    assert (candidate.status, candidate.problem) == (CandidateStatus.UNREADABLE, "picture")


@pytest.mark.skipif(shutil.which("tesseract") is None, reason="tesseract is not installed")
def test_a_scan_is_read_with_recognition_on(turn: Turn, settings: LazySettings) -> None:
    settings.OCR = "eng"

    candidate = read(turn)

    assert (candidate.status, candidate.reader) == (CandidateStatus.READABLE, "tesseract")
    assert candidate.email == "jane.example@example.com"
    assert [flag["kind"] for flag in candidate.flags] == ["recognised"]


def test_a_file_that_takes_longer_than_its_lease_stays_with_its_reader(
    turn: Turn, settings: LazySettings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.OCR = "eng"
    scans.on_the_path(monkeypatch, scans.slow_tesseract(tmp_path, 6))
    monkeypatch.setattr(reading, "READING_LEASE", timedelta(seconds=2.5))
    monkeypatch.setattr(reading, "RENEW_SECONDS", 0.5)
    over = threading.Event()
    taken: list[int] = []

    def another_worker() -> None:
        try:
            candidates = Candidate.objects.filter(draft=turn.lane.draft_id)
            while not over.wait(0.2):
                if not candidates.filter(status=CandidateStatus.WAITING).exists():
                    taken.extend(candidates.claim(1, uuid4(), timedelta(seconds=30)))
        finally:
            connection.close()

    with reading.Reader(turn.lane.draft_id) as reader:
        other = threading.Thread(target=another_worker)
        begun = time.monotonic()
        other.start()
        reader.read_some(turn)
        over.set()
        other.join()

    assert time.monotonic() - begun > 6
    assert taken == []
    assert Candidate.objects.get().text == "seen"
