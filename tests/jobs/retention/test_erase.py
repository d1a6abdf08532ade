"""One candidate is erased everywhere: afterwards no table has a word of theirs."""

import io
import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from time import sleep
from uuid import uuid4
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, connections
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_q.models import Task

from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Archive,
    Call,
    Candidate,
    Decision,
    Draft,
    Evaluation,
    Event,
    EventVerb,
    FollowUp,
    Membership,
    PossibleDuplicate,
    Receipt,
    SavedFilter,
)
from candidates.models.archive import ArchiveStatus
from candidates.models.candidate import Verdict
from candidates.models.draft import Role
from candidates.reading import Problem
from jobs.execution.scoring import UNSCORED
from jobs.models import Job, JobStatus, NotificationKind
from jobs.models.webhook import Webhook
from jobs.notifications import recipients
from jobs.retention.erase import _erase, erase_candidates
from tests.conftest import make_draft
from tests.makers import rows

MARK = "Zyxwvut"
TEXT = f"{MARK} Example\n{MARK}@example.com\nBuilt payment services in Python with {MARK}."


def tables_with_mark() -> list[str]:
    """The tables that contain the mark, as text or in bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name)"
            " FROM information_schema.tables WHERE table_type = 'BASE TABLE'"
            " AND table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        tables = [name for (name,) in cursor.fetchall()]
        hits = []
        for table in tables:
            cursor.execute(
                f"SELECT 1 FROM {table} AS t WHERE t::text ILIKE %s OR t::text LIKE %s LIMIT 1",  # noqa: S608
                [f"%{MARK}%", f"%{MARK.encode().hex()}%"],
            )
            hits += [table.removeprefix("public.")] * len(cursor.fetchall())
    assert len(tables) > 30
    return sorted(hits)


@pytest.fixture
def candidate(draft: Draft, alice: User) -> Candidate:
    """Alice's candidate, with everything that can be known about a candidate, in every table."""
    candidate = rows.candidate(
        draft, 1, name=f"{MARK} Example", email=f"{MARK}@example.com", filename=f"{MARK} CV.txt",
        text=TEXT, data=TEXT.encode(), source=f"{MARK} Example.zip › in", phone="+49 30 1234567",
    )  # fmt: skip
    lookalike = rows.candidate(draft, 2)
    PossibleDuplicate.objects.create(
        draft=draft, first=candidate, second=lookalike, evidence="similar-text", share=0.7
    )
    archive = Archive(
        draft=draft, filename=f"{MARK} Example.zip", size=9, sha256="0" * 64,
        status=ArchiveStatus.UNREADABLE, problem=Problem.CRASHED,
    )  # fmt: skip
    archive.file.save("zip", ContentFile(MARK.encode()), save=False)
    archive.save()
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    evaluation = analysis.evaluations.get(candidate=candidate)
    evaluation.insights = {"summary": MARK}
    evaluation.ratings = [{**each, "explanation": MARK} for each in evaluation.ratings]
    evaluation.save(update_fields=["insights", "ratings"])
    FollowUp.objects.create(
        analysis=analysis, evaluation=evaluation, kind="insight", status="done",
        result={"summary": MARK}, done_at=timezone.now(),
    )  # fmt: skip
    rows.call(analysis, evaluation=evaluation, error_code="answer_empty", http_status=200)
    rows.note(candidate, alice, f"{MARK} was kind.")
    Decision.objects.decide(draft, [candidate.pk], Verdict.MAYBE, alice, about=candidate.public_id)
    record = Event.objects.record
    record(draft.pk, EventVerb.RESUMED, about=evaluation.public_id, params={"count": 1})
    record(draft.pk, EventVerb.FILES_ADDED, actor=alice, params={"count": 3})
    SavedFilter.objects.create(draft=draft, user=alice, name="V", query=f"q={MARK}+example")
    Task.objects.create(
        id="1", name="t", func="jobs.tasks.read", started=timezone.now(), stopped=timezone.now(),
        success=False, result=f"DataError: Failing row contains (1, {MARK} Example)",
    )  # fmt: skip
    job = rows.job(analysis, JobStatus.FAILED, Reason(FailureCode.NO_CANDIDATES_LEFT))
    Webhook.objects.create(user=alice, url="https://there.example.com/")
    recipients.queue_for_job(job, NotificationKind.FAILED)
    candidate.refresh_from_db()
    return candidate


def erase(client: Client, candidate: Candidate, *copies: Candidate) -> Receipt:
    url = reverse("jobs:erase-candidate", args=[candidate.public_id])
    client.post(url, {"copy": [each.public_id for each in copies]}, follow=True)
    return Receipt.objects.get(candidate=candidate.public_id)


def test_afterwards_no_table_has_a_word_of_theirs(
    as_alice: Client, alice: User, candidate: Candidate
) -> None:
    before = tables_with_mark()
    assert {
        "candidates_archive",
        "candidates_candidate",
        "candidates_evaluation",
        "candidates_followup",
        "candidates_note",
        "candidates_savedfilter",
        "evaluator_storedfile",
    } <= set(before)
    assert "candidates_event" not in before  # events hold ids, numbers and codes

    receipt = erase(as_alice, candidate)

    assert tables_with_mark() == []
    erased = dict(receipt.erased)
    assert erased["characters"] == len(TEXT) and erased["archives"] == 1
    for key in ("files", "evaluations", "followups", "notes", "decisions", "possible_duplicates"):
        assert erased[key] == 1, key
    assert erased["events"] == 2 and erased["errors"] == 1 and erased["saved_filters"] == 1
    assert Event.objects.get(verb=EventVerb.FILES_ADDED).params == {"count": 3}
    assert Event.objects.get(verb=EventVerb.DECIDED).params == {}
    assert not Task.objects.exists() and Candidate.objects.count() == 1
    # What was paid stays paid.
    assert Call.objects.get().cost and Job.objects.get().error
    page = as_alice.get(receipt.get_absolute_url())
    assert str(candidate.public_id) in page.text and "alice" in page.text and "notes" in page.text
    assert str(receipt.public_id) in as_alice.get(reverse("jobs:receipts")).text


def test_the_receipt_outlives_the_draft(
    as_alice: Client, as_eve: Client, candidate: Candidate
) -> None:
    receipt = erase(as_alice, candidate)

    as_alice.post(reverse("candidates:erase-draft", args=[candidate.draft.public_id]))

    assert "erased since" in as_alice.get(receipt.get_absolute_url()).text
    assert as_eve.get(receipt.get_absolute_url()).status_code == 404


def test_the_same_file_in_other_drafts_goes_too_where_it_is_chosen(
    as_alice: Client, alice: User, eve: User, draft: Draft
) -> None:
    other = Draft.objects.create(owner=alice, title="Second role", description="Words.")
    theirs = Draft.objects.create(owner=eve, title="Night shift", description="Words.")
    candidate = rows.candidate(draft, 1, data=b"same", text_key="k")
    again = rows.candidate(other, 1, data=b"same")
    like = rows.candidate(other, 2, text_key="k")
    eves = rows.candidate(theirs, 1, data=b"same")

    page = as_alice.get(reverse("jobs:erase-candidate", args=[candidate.public_id]))
    assert page.text.count("in “Second role”") == 2 and "Night shift" not in page.text
    erase(as_alice, candidate, again, eves)

    assert set(Candidate.objects.all()) == {like, eves}
    assert Receipt.objects.count() == 2


def test_a_blind_draft_does_not_tell_by_its_copies_who_it_is(
    as_alice: Client, alice: User, draft: Draft
) -> None:
    other = Draft.objects.create(owner=alice, title="Second role", description="Words.")
    candidate = rows.candidate(draft, 1, data=b"same", name="Ada Lindqvist")
    rows.candidate(other, 1, data=b"same", name="Ada Lindqvist")
    Draft.objects.filter(pk=draft.pk).update(blind=True)

    page = as_alice.get(reverse("jobs:erase-candidate", args=[candidate.public_id]))

    assert "in “Second role”" in page.text and "Lindqvist" not in page.text


def test_while_its_archive_is_unpacked_it_would_come_again(
    as_alice: Client, candidate: Candidate
) -> None:
    Archive.objects.update(status=ArchiveStatus.WAITING, problem="")

    page = as_alice.post(reverse("jobs:erase-candidate", args=[candidate.public_id]), follow=True)

    assert "is still being unpacked. Erase the candidate when that is over." in page.text
    assert Candidate.objects.filter(pk=candidate.pk).exists() and not Receipt.objects.exists()


class TestEverythingAsAZip:
    def test_it_holds_all_of_them_and_is_recorded(
        self, as_alice: Client, alice: User, candidate: Candidate
    ) -> None:
        answer = as_alice.post(reverse("candidates:dossier", args=[candidate.public_id]))

        assert answer.headers["Cache-Control"] == "private, no-store"
        archive = ZipFile(io.BytesIO(answer.getvalue()))
        assert archive.read("original").decode() == archive.read("text.txt").decode() == TEXT
        documents = {
            name: json.loads(archive.read(name))
            for name in archive.namelist()
            if name.endswith(".json")
        }
        assert documents["candidate.json"]["email"] == f"{MARK}@example.com"
        assert documents["candidate.json"]["phone"] == "+49 30 1234567"
        [evaluation] = documents["evaluations.json"]
        assert evaluation["score"] == "89.0" and evaluation["ratings"][0]["explanation"] == MARK
        assert documents["notes.json"][0]["author__username"] == "alice"
        assert documents["decisions.json"][0]["verdict"] == "maybe"
        assert documents["events.json"][0]["verb"] == "decided"
        assert documents["calls.json"][0]["error_code"] == "answer_empty"
        assert documents["followups.json"] and documents["possible_duplicates.json"]
        event = Event.objects.get(verb=EventVerb.CANDIDATE_EXPORTED)
        assert (event.actor, event.about) == (alice, candidate.public_id)

    def test_it_is_for_the_owner(self, as_eve: Client, eve: User, candidate: Candidate) -> None:
        url = reverse("candidates:dossier", args=[candidate.public_id])
        assert as_eve.post(url).status_code == 404
        Membership.objects.create(
            draft=candidate.draft, email=eve.email, user=eve, role=Role.EDITOR
        )

        assert as_eve.post(url).status_code == 403
        assert "Everything known" not in as_eve.get(candidate.get_absolute_url()).text

    def test_blind_mode_holds(self, as_alice: Client, draft: Draft) -> None:
        candidate = rows.candidate(draft, 1)
        Draft.objects.filter(pk=draft.pk).update(blind=True)

        page = as_alice.post(reverse("candidates:dossier", args=[candidate.public_id]), follow=True)

        assert "Who this is stays hidden until somebody decides." in page.text
        assert not Event.objects.filter(verb=EventVerb.CANDIDATE_EXPORTED).exists()


def run_at_once(*acts: Callable[[], object]) -> list[str]:
    """What each raised, "" where nothing; each in a thread of its own."""

    def run(act: Callable[[], object]) -> str:
        try:
            act()
        except OperationalError as error:
            return str(error)
        finally:
            connections.close_all()
        return ""

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


@pytest.fixture
def is_in_the_middle(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when an erasure of several files has erased one; then it waits for another's lock."""
    event = threading.Event()

    def erase_and_wait(pk: int, user: User) -> object:
        receipt = _erase(pk, user)
        if not event.is_set():
            event.set()
            lock_waits()
        return receipt

    monkeypatch.setattr("jobs.retention.erase._erase", erase_and_wait)
    return event


@pytest.mark.django_db(transaction=True)
def test_an_erasure_and_a_lane_that_writes_scores_do_not_block_each_other(
    alice: User, is_in_the_middle: threading.Event
) -> None:
    """The lane has some of the rows when the erasure is in its middle."""
    draft = make_draft(alice)
    rows.candidates(draft, 4)
    analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    token = uuid4()
    ids = Evaluation.objects.all().claim(4, token, timedelta(minutes=5))
    files = list(Candidate.objects.order_by("-pk"))

    def write_scores() -> None:
        is_in_the_middle.wait(30)
        scored = {**UNSCORED, "fingerprint": "", "status": "scored", "score": 50}
        Evaluation.objects.all().answer(token, [{**scored, "id": pk} for pk in reversed(ids)])

    failures = run_at_once(lambda: erase_candidates(files[:2], alice), write_scores)

    assert failures == ["", ""]
    assert analysis.tally() == {
        "total": 2,
        "waiting": 0,
        "scored": 2,
        "failed": 0,
        "unreadable": 0,
    }


@pytest.mark.django_db(transaction=True)
def test_two_erasures_in_the_same_drafts_do_not_block_each_other(
    alice: User, is_in_the_middle: threading.Event
) -> None:
    drafts = [make_draft(alice) for _ in range(2)]
    people = [[rows.candidate(draft, number) for draft in drafts] for number in range(2)]

    def second() -> None:
        is_in_the_middle.wait(30)
        erase_candidates(reversed(people[1]), alice)

    assert run_at_once(lambda: erase_candidates(people[0], alice), second) == ["", ""]
    assert not Candidate.objects.exists()


def lock_waits() -> None:
    """Until another connection waits for a lock, or does not come to that."""
    for _ in range(100):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
        sleep(0.02)
