"""Archives in the workers' hands: every member becomes a candidate, once, whatever happens."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client
from django.urls import reverse

from candidates import intake
from candidates.models import Archive, Candidate, Draft, Event, EventVerb
from candidates.models.archive import ArchiveStatus
from candidates.reading import Member, Problem
from candidates.reading.sandbox.parent import Sandbox
from evaluator.models import StoredFile
from jobs.execution import reading, submit, turn
from jobs.models import JobStatus, Lane
from jobs.models.lane import LANE_LEASE
from jobs.workers.sweep import sweep
from tests.makers import archives, rows
from tests.workers_here import upload, work_off

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("impatient")]


def enter() -> turn.Turn:
    """The turn of the only lane."""
    entered = turn.Turn.enter(Lane.objects.get().pk)
    assert entered is not None
    return entered


def statuses(draft: Draft) -> dict[str, str]:
    return dict(draft.candidates.values_list("filename", "status"))


@pytest.mark.processes
def test_an_archive_becomes_its_candidates_and_goes(draft: Draft) -> None:
    upload(draft, {"cvs.zip": archives.resumes(3, "team a/"), "cv.txt": archives.TEXT + b" 1"})
    assert draft.candidates.count() == 1

    work_off()

    # The file that was uploaded by itself is the same as one in the archive.
    assert sorted(statuses(draft).items()) == [
        ("cv-0.txt", "readable"),
        ("cv-2.txt", "readable"),
        ("cv.txt", "readable"),
    ]
    assert set(draft.candidates.values_list("source", flat=True)) == {"", "cvs.zip › team a"}
    assert not Archive.objects.exists()
    assert not StoredFile.objects.filter(name__startswith="archives/").exists()


@pytest.mark.processes
def test_members_that_cannot_be_unpacked_say_why(draft: Draft, as_alice: Client) -> None:
    upload(draft, {"cvs.zip": archives.with_locked_member()})

    work_off()

    locked = draft.candidates.get(status="unreadable")
    assert (locked.filename, locked.problem) == ("locked.txt", Problem.ENCRYPTED)
    assert statuses(draft)["open.txt"] == "readable"
    page = as_alice.get(locked.get_absolute_url())
    assert Problem.ENCRYPTED.sentence in page.text and "Save the original" not in page.text
    original = reverse("candidates:original", args=[locked.public_id])
    assert as_alice.get(original).status_code == 404
    locked.delete()
    assert not Candidate.objects.filter(pk=locked.pk).exists()


@pytest.mark.processes
def test_an_archive_that_cannot_be_opened_stays_with_its_reason(
    draft: Draft, as_alice: Client
) -> None:
    upload(draft, {"torn.zip": archives.resumes()[:-30]})

    work_off()

    archive = Archive.objects.get()
    assert (archive.status, archive.problem) == (ArchiveStatus.UNREADABLE, Problem.DAMAGED)
    assert Problem.DAMAGED.sentence in as_alice.get(draft.get_absolute_url()).text
    as_alice.post(reverse("candidates:remove-archive", args=[archive.public_id]))
    assert not Archive.objects.exists()
    assert Event.objects.filter(verb=EventVerb.ARCHIVE_REMOVED).exists()


def test_the_same_archive_twice_is_one(draft: Draft, alice: User) -> None:
    data = archives.resumes(2)

    first, second = (
        intake.accept(draft, alice, [intake.Incoming(name, len(data), lambda: data)])[0]
        for name in ("a.zip", "b.zip")
    )

    assert first.archive is not None and second.duplicate_of == "a.zip"
    assert StoredFile.objects.filter(name__startswith="archives/").count() == 1


@pytest.mark.processes
def test_a_document_named_zip_is_a_candidate(draft: Draft) -> None:
    from tests.makers import files

    upload(draft, {"Jane.zip": files.docx("Jane Example")})

    work_off()

    assert statuses(draft) == {"Jane": "readable"}


@pytest.mark.processes
@pytest.mark.parametrize("name", ["cvs.zip", "cv.txt"])
def test_the_lane_of_a_reader_is_missed_as_soon_as_any_other(draft: Draft, name: str) -> None:
    upload(draft, {name: archives.resumes(3) if name == "cvs.zip" else archives.TEXT})
    first = enter()

    with reading.Reader(draft.pk) as reader:
        assert reader.read_some(first) == 1

    Lane.objects.update(due_at=F("due_at") - LANE_LEASE)  # as much later, with the worker dead
    assert Lane.objects.all().lost().exists()


@pytest.mark.processes
def test_unpacking_a_slow_member_keeps_lane_and_archive(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(draft, {"cvs.zip": archives.resumes(3)})
    first = enter()
    monkeypatch.setattr(reading, "RENEW_SECONDS", 0.0)
    unpack = Sandbox.unpack

    def slowly(
        sandbox: Sandbox, data: bytes, name: str, skip: int, tick: Callable[[], None]
    ) -> Iterator[Member]:
        """As if both leases had nearly run out before the child gave its first member."""
        Lane.objects.update(due_at=Now())
        Archive.objects.update(due_at=Now())
        tick()
        assert Lane.objects.all().running().exists()
        assert not Archive.objects.all().has_due()
        return unpack(sandbox, data, name, skip, tick)

    monkeypatch.setattr(Sandbox, "unpack", slowly)
    with reading.Reader(draft.pk) as reader:
        assert reader.unpack_some(first) == 1

    assert draft.candidates.count() == 3


@pytest.mark.processes
def test_a_turn_that_ends_half_way_is_gone_on_with(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MEMBERS_PER_BATCH", 2)
    upload(draft, {"cvs.zip": archives.resumes(7)})
    first = enter()
    monkeypatch.setattr(first, "check", lambda: turn.TurnVerdict.YIELD)

    with reading.Reader(draft.pk) as reader:
        assert reader.unpack_some(first) == 1

    archive = Archive.objects.get()
    assert (archive.done, archive.status, draft.candidates.count()) == (2, ArchiveStatus.WAITING, 2)
    Lane.objects.all().delete()
    sweep()  # a lane for what is left
    work_off()
    assert draft.candidates.count() == 7
    assert Event.objects.filter(verb=EventVerb.FILES_ADDED).count() == 4


@pytest.mark.processes
def test_a_worker_that_lost_the_archive_writes_nothing(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(draft, {"cvs.zip": archives.resumes(3)})
    first = enter()
    Archive.objects.all().claim(1, first.token, reading.READING_LEASE)
    Archive.objects.update(due_at=Now() - reading.READING_LEASE)
    Lane.objects.all().delete()
    submit.add_lane(draft.pk, None)

    with reading.Reader(draft.pk) as reader:
        archive = Archive.objects.select_related("draft").get()
        work_off()  # another worker takes it all
        reader._unpack(first, archive)

    assert draft.candidates.count() == 3
    assert Event.objects.filter(verb=EventVerb.FILES_ADDED).count() == 1


@pytest.mark.processes
def test_a_run_waits_for_what_is_being_unpacked(draft: Draft, alice: User) -> None:
    upload(draft, {"cvs.zip": archives.resumes(5)})

    job = submit.submit(draft, alice)
    Lane.objects.filter(job=None).delete()
    work_off()

    job.refresh_from_db()
    assert job.status == JobStatus.COMPLETED
    assert job.analysis.evaluations.filter(status="scored").count() == 5


def test_a_draft_with_an_archive_alone_shows_it_and_can_be_erased(
    draft: Draft, as_alice: Client
) -> None:
    upload(draft, {"cvs.zip": archives.resumes(5)})

    page = as_alice.get(draft.get_absolute_url())
    assert "cvs.zip" in page.text and "it waits for what is being unpacked" in page.text
    as_alice.post(reverse("candidates:erase-draft", args=[draft.public_id]))

    assert not StoredFile.objects.exists()


def test_an_archive_over_its_limit_is_refused(
    draft: Draft, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MAX_ARCHIVE_BYTES", 100)
    data = archives.resumes(5)

    [outcome] = intake.accept(draft, alice, [intake.Incoming("a.zip", len(data), lambda: data)])

    assert outcome.refused == Problem.ARCHIVE_TOO_LARGE.sentence
    assert rows.candidate(draft).source == ""
