"""Rules that the database itself keeps, and claims that share work without doubling it."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.postgres.search import SearchQuery
from django.db import IntegrityError, connections, transaction
from django.db.models import Model
from django.db.models.functions import Now

from candidates.facts.flags import Flag, FlagKind
from candidates.facts.reason import FailureCode, Reason
from candidates.models import (
    Archive,
    Call,
    Candidate,
    Criterion,
    Decision,
    DescriptionFile,
    Draft,
    Evaluation,
    Event,
    FollowUp,
    Membership,
    RankingVisit,
    Suggestion,
)
from candidates.models.analysis import EvaluationStatus, Unscored
from candidates.models.candidate import CandidateStatus, Verdict
from candidates.models.claims import MAX_ATTEMPTS, SUSPECT_FROM_ATTEMPTS
from candidates.models.draft import Role
from candidates.models.reason import error_columns
from candidates.reading import Problem
from jobs.models import (
    Delivery,
    Job,
    JobStatus,
    Lane,
    Notification,
    Schedule,
    ScheduledRun,
    Webhook,
)
from tests.makers import rows
from tests.upgrade.fill import fill

LEASE = timedelta(seconds=30)
PAST = Now() - timedelta(seconds=1)


@pytest.fixture
def job(alice: User, draft: Draft) -> Job:
    """A running job with one scored evaluation, a waiting one, a lane and an e-mail."""
    rows.candidate(draft, 1)
    analysis = rows.analysis(draft, alice)
    rows.evaluate(analysis)
    Evaluation.objects.create(analysis=analysis, candidate=rows.candidate(draft, 2))
    job = rows.job(analysis, JobStatus.PROCESSING)
    Lane.objects.create(draft=draft, job=job)
    Notification.objects.create(job=job, kind="completed", recipient="alice@example.com")
    return job


FORBIDDEN: list[tuple[type[Model], dict[str, object], dict[str, object]]] = [
    (Draft, {}, {"title": ""}),
    (Draft, {}, {"role_weight": 11}),
    (Criterion, {"name": "Python"}, {"name": ""}),
    (Criterion, {"name": "Python"}, {"name": " postgresql "}),
    (Criterion, {"name": "Python"}, {"weight": 0}),
    (Criterion, {"name": "Python"}, {"weight": 11}),
    (Candidate, {"filename": "cv-00001.txt"}, {"status": "lost"}),
    (Candidate, {"filename": "cv-00001.txt"}, {"token": uuid4()}),
    (Candidate, {"filename": "cv-00001.txt"}, {"read_at": None}),
    (Candidate, {"filename": "cv-00001.txt"}, {"problem": "empty"}),
    (Candidate, {"filename": "cv-00001.txt"}, {"status": CandidateStatus.UNREADABLE}),
    (Evaluation, {"status": EvaluationStatus.SCORED}, {"score": 100.1}),
    (Evaluation, {"status": EvaluationStatus.SCORED}, {"score": None}),
    (Evaluation, {"status": EvaluationStatus.SCORED}, {"scored_at": None}),
    (Evaluation, {"status": EvaluationStatus.SCORED}, {"status": "lost"}),
    (Evaluation, {"status": EvaluationStatus.SCORED}, {"error_code": "program_failed"}),
    (Evaluation, {"status": EvaluationStatus.WAITING}, {"token": uuid4()}),
    (Evaluation, {"status": EvaluationStatus.WAITING}, {"status": EvaluationStatus.SCORING}),
    (Evaluation, {"status": EvaluationStatus.WAITING}, {"rank": 1}),
    (Job, {}, {"status": "lost"}),
    (Job, {}, {"status": JobStatus.COMPLETED}),
    (Job, {}, {"status": JobStatus.PENDING}),
    (Job, {}, {"completed_at": Now()}),
    (Job, {}, {"error_code": "no_candidates_left"}),
    (Job, {}, {"pause_code": "quota_gone"}),
    (Job, {}, {"paused_at": Now()}),
    (Lane, {}, {"token": uuid4()}),
    (Lane, {}, {"started_at": Now()}),
    (Notification, {}, {"status": "sent"}),
    (Notification, {}, {"sent_at": Now()}),
    (Notification, {}, {"kind": "spam"}),
    (Notification, {}, {"token": uuid4()}),
]


@pytest.mark.parametrize(
    ("model", "which", "change"),
    FORBIDDEN,
    ids=[f"{m.__name__} {' '.join(map(str, c))} {i}" for i, (m, _, c) in enumerate(FORBIDDEN)],
)
def test_the_database_refuses_what_cannot_be(
    job: Job, model: type[Model], which: dict[str, object], change: dict[str, object]
) -> None:
    rows_before = model._default_manager.filter(**which)
    assert rows_before.count() == 1

    with pytest.raises(IntegrityError), transaction.atomic():
        rows_before.update(**change)


BOGUS_KIND = Flag(FlagKind.MACROS).to_json() | {"kind": "bogus"}
BOGUS_FLAGS: tuple[list[object], ...] = (
    [Flag(FlagKind.MACROS).to_json(), BOGUS_KIND],
    [{"kind": 1}],
    [{"params": {}}],
    ["macros"],
)
UNLISTED: list[tuple[type[Model], str, object, str]] = [
    (Archive, "problem", "bogus", "archive_problem_listed"),
    (Call, "error_code", "bogus", "call_error_code_listed"),
    (Candidate, "problem", "bogus", "candidate_problem_listed"),
    (DescriptionFile, "problem", "bogus", "description_file_problem_listed"),
    (Evaluation, "error_code", "bogus", "evaluation_error_code_listed"),
    (Event, "reason_code", "bogus", "event_reason_code_listed"),
    (FollowUp, "error_code", "bogus", "followup_error_code_listed"),
    (Suggestion, "error_code", "bogus", "suggestion_error_code_listed"),
    (Job, "error_code", "bogus", "job_error_code_listed"),
    (Job, "pause_code", "bogus", "job_pause_code_listed"),
    (Delivery, "error_code", FailureCode.TIMED_OUT, "delivery_error_code_listed"),
    (Notification, "error_code", FailureCode.TIMED_OUT, "notification_error_code_listed"),
    (Schedule, "stop_code", "bogus", "schedule_stop_code_listed"),
    (ScheduledRun, "error_code", "bogus", "scheduledrun_error_code_listed"),
    (Webhook, "disabled_reason", "bogus", "webhook_disabled_reason_listed"),
    *(
        (model, "flags", flags, f"{model._meta.model_name}_flags_listed")
        for model in (Candidate, Evaluation)
        for flags in BOGUS_FLAGS
    ),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "field", "value", "constraint"), UNLISTED)
def test_the_database_refuses_a_code_that_is_not_listed(
    model: type[Model], field: str, value: object, constraint: str
) -> None:
    fill()
    Schedule.objects.update(next_at=None)  # one that is on may have no stop_code at all

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model._default_manager.update(**{field: value})


@pytest.mark.parametrize("model", [Candidate, Evaluation])
def test_the_database_takes_every_kind_of_flag(job: Job, model: type[Model]) -> None:
    flags = [Flag(kind).to_json() for kind in FlagKind]

    assert model._default_manager.update(flags=flags)


def test_the_same_bytes_are_one_candidate(draft: Draft) -> None:
    candidate = rows.candidate(draft, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.candidate(draft, 2, sha256=candidate.sha256)


def test_an_analysis_has_one_open_job_and_a_candidate_one_place_in_it(job: Job) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.job(job.analysis, JobStatus.PENDING)
    evaluation = job.analysis.evaluations.all()[0]
    with pytest.raises(IntegrityError), transaction.atomic():
        Evaluation.objects.create(analysis=job.analysis, candidate=evaluation.candidate)


def test_a_job_and_a_recipient_have_one_email_of_a_kind(job: Job) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Notification.objects.create(job=job, kind="completed", recipient="alice@example.com")


def test_an_erased_draft_takes_everything_along(job: Job) -> None:
    job.analysis.draft.delete()

    for model in (Candidate, Evaluation, Job, Lane, Notification, Criterion):
        assert not model._default_manager.exists()


@pytest.fixture
def waiting(alice: User, draft: Draft) -> list[int]:
    """Ten evaluations that wait."""
    rows.candidates(draft, 10)
    analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    return list(Evaluation.objects.order_by("pk").values_list("pk", flat=True))


def answer(pk: int) -> dict[str, object]:
    nothing = dict.fromkeys(("must_haves_met", "strong", "calls", "prompt_tokens"), 0)
    return {
        **nothing,
        "id": pk,
        "status": "scored",
        **error_columns(None),
        "ratings": [],
        "score": 50,
        "flags": [],
        "insights": None,
        "completion_tokens": 0,
        "reused": False,
        "fingerprint": "",
    }


def test_enrolling_twice_gives_nobody_two_places(waiting: list[int]) -> None:
    analysis = Evaluation.objects.all()[0].analysis

    assert Evaluation.objects.enrol(analysis) == 0
    assert Evaluation.objects.count() == 10


def test_a_claim_takes_the_oldest_and_leaves_them_to_nobody_else(waiting: list[int]) -> None:
    first, second = uuid4(), uuid4()

    assert Evaluation.objects.all().claim(4, first, LEASE) == waiting[:4]
    assert Evaluation.objects.all().claim(99, second, LEASE) == waiting[4:]
    assert Evaluation.objects.all().claim(99, uuid4(), LEASE) == []
    assert Evaluation.objects.all().held(first).count() == 4


@pytest.mark.django_db(transaction=True)
def test_claims_at_the_same_time_never_share_a_row(waiting: list[int]) -> None:
    taken: list[int] = []

    def take() -> None:
        while ids := Evaluation.objects.all().claim(1, uuid4(), LEASE):
            taken.extend(ids)
        connections.close_all()

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    # Who saw only locked rows may have stopped early; nobody took a row twice.
    taken += Evaluation.objects.all().claim(99, uuid4(), LEASE)
    assert sorted(taken) == waiting


def test_a_lease_that_ran_out_is_another_s_and_the_late_answer_is_not_written(
    waiting: list[int],
) -> None:
    frozen, other = uuid4(), uuid4()
    claimed = Evaluation.objects.all().claim(1, frozen, timedelta(seconds=-1))
    assert Evaluation.objects.all().claim(1, other, LEASE) == claimed

    assert Evaluation.objects.all().answer(frozen, [answer(claimed[0])]) == 0
    assert Evaluation.objects.all().renew(frozen, LEASE) == 0
    assert Evaluation.objects.all().answer(other, [answer(claimed[0])]) == 1
    assert Evaluation.objects.get(pk=claimed[0]).status == EvaluationStatus.SCORED


def test_what_is_given_back_costs_no_attempt_and_what_is_put_off_does(waiting: list[int]) -> None:
    token = uuid4()
    Evaluation.objects.all().claim(10, token, LEASE)
    rest = Evaluation.objects.filter(pk__in=waiting[5:])

    assert Evaluation.objects.filter(pk__in=waiting[:5]).release(token) == 5
    assert rest.retry_after(token, LEASE) == 5

    assert set(Evaluation.objects.values_list("status", flat=True)) == {EvaluationStatus.WAITING}
    assert set(rest.values_list("attempts", flat=True)) == {1}
    assert Evaluation.objects.all().claim(99, uuid4(), LEASE) == waiting[:5]


def test_claims_go_on_after_the_last_and_begin_again_where_none_is_left(
    waiting: list[int],
) -> None:
    rows_, token = Evaluation.objects.all(), uuid4()
    first, place = rows_.claim_after(None, 4, token, LEASE)
    second, place = rows_.claim_after(place, 4, token, LEASE)
    assert (first, second) == (waiting[:4], waiting[4:8])

    Evaluation.objects.filter(pk__in=waiting[:2]).release(token)
    third, place = rows_.claim_after(place, 4, token, LEASE)
    assert third == [*waiting[8:], *waiting[:2]]  # what was returned came last

    skipped = Evaluation.objects.filter(pk=waiting[3])
    skipped.update(status=EvaluationStatus.WAITING, token=None, due_at=PAST - timedelta(hours=1))
    assert rows_.claim_after(place, 4, token, LEASE)[0] == [waiting[3]]
    assert rows_.claim_after(place, 4, token, LEASE) == ([], None)


def test_a_row_that_ends_every_worker_is_tried_alone_and_then_given_up(waiting: list[int]) -> None:
    rows_ = Evaluation.objects.filter(pk__in=waiting[:3])
    dead = timedelta(seconds=-1)

    assert len(rows_.claim(99, uuid4(), dead)) == 3
    assert len(rows_.claim(99, uuid4(), dead)) == 3
    for _ in range(MAX_ATTEMPTS - SUSPECT_FROM_ATTEMPTS):
        assert rows_.claim(99, uuid4(), LEASE) == waiting[:1]  # under suspicion: alone
        assert rows_.fail_exhausted() == 0
        Evaluation.objects.filter(pk=waiting[0]).update(due_at=PAST - timedelta(minutes=1))

    assert rows_.fail_exhausted() == 1
    given_up = Evaluation.objects.get(pk=waiting[0])
    assert given_up.status == EvaluationStatus.FAILED
    assert given_up.error == Reason(FailureCode.SCORING_STOPPED_WORKER, {"times": 5})


def test_a_file_that_ends_every_reader_is_given_up_with_a_reason(draft: Draft) -> None:
    candidate = rows.waiting(draft, 1)
    Candidate.objects.filter(pk=candidate.pk).update(attempts=MAX_ATTEMPTS, due_at=PAST)

    assert draft.candidates.all().fail_exhausted() == 1
    candidate.refresh_from_db()
    assert (candidate.status, bool(candidate.reason)) == (CandidateStatus.UNREADABLE, True)


class TestSharing:
    def test_a_draft_is_visible_to_its_owner_and_to_members_alone(
        self, alice: User, eve: User, draft: Draft
    ) -> None:
        assert list(Draft.objects.visible_to(alice)) == [draft]
        assert not Draft.objects.visible_to(eve)

        Membership.objects.create(draft=draft, email="eve@example.com", user=eve)

        assert list(Draft.objects.visible_to(eve)) == [draft]
        assert not Draft.objects.visible_to(AnonymousUser())

    @pytest.mark.parametrize("role", list(Role))
    def test_each_role_may_what_those_before_it_may(self, role: Role) -> None:
        order = list(Role)

        assert [role.may(needed) for needed in order] == [
            order.index(needed) <= order.index(role) for needed in order
        ]


class TestDecisions:
    @pytest.fixture
    def people(self, draft: Draft) -> list[Candidate]:
        return [rows.candidate(draft, number) for number in range(3)]

    def verdicts(self, people: list[Candidate]) -> list[str]:
        return [Candidate.objects.get(pk=person.pk).verdict for person in people]

    def test_an_act_changes_those_it_names_and_is_undone_whole(
        self, draft: Draft, alice: User, people: list[Candidate]
    ) -> None:
        first, _ = Decision.objects.decide(draft, [people[0].pk], Verdict.MAYBE, alice)
        act, number = Decision.objects.decide(
            draft, [people[0].pk, people[1].pk], Verdict.SHORTLIST, alice
        )
        assert number == 2 and self.verdicts(people) == ["shortlist", "shortlist", "open"]
        assert Decision.objects.undo(draft, first, alice) == 0  # something was decided since

        assert Decision.objects.undo(draft, act, alice) == 2

        assert self.verdicts(people) == ["maybe", "open", "open"]
        assert Candidate.objects.get(pk=people[0].pk).decided_by == alice
        assert Candidate.objects.get(pk=people[1].pk).decided_at is None

    def test_what_holds_again_keeps_who_decided_it_and_when(
        self, draft: Draft, alice: User, eve: User, people: list[Candidate]
    ) -> None:
        person = people[:1]
        ids = [person[0].pk]
        Decision.objects.decide(draft, ids, Verdict.SHORTLIST, alice)
        for verdict in (Verdict.REJECT, Verdict.MAYBE):  # once, and over what was taken back
            act, _ = Decision.objects.decide(draft, ids, verdict, eve)
            assert Decision.objects.undo(draft, act, eve) == 1

            now = Candidate.objects.get(pk=person[0].pk)
            assert (now.verdict, now.decided_by) == (Verdict.SHORTLIST, alice)
            assert now.decided_at == Decision.objects.order_by("pk")[0].decided_at

    def test_what_is_taken_back_twice_is_not_decided_at_all(
        self, draft: Draft, alice: User, people: list[Candidate]
    ) -> None:
        ids = [person.pk for person in people]
        for verdict in (Verdict.MAYBE, Verdict.REJECT):
            act, _ = Decision.objects.decide(draft, ids, verdict, alice)
            assert Decision.objects.undo(draft, act, alice) == 3

            assert self.verdicts(people) == ["open", "open", "open"]
            assert Candidate.objects.get(pk=ids[0]).decided_at is None

    def test_the_same_verdict_again_is_no_act(
        self, draft: Draft, alice: User, people: list[Candidate]
    ) -> None:
        Decision.objects.decide(draft, [people[0].pk], Verdict.REJECT, alice)

        assert Decision.objects.decide(draft, [people[0].pk], Verdict.REJECT, alice)[1] == 0
        assert Decision.objects.count() == 1

    def test_others_acts_and_others_candidates_are_out_of_reach(
        self, draft: Draft, alice: User, eve: User, people: list[Candidate]
    ) -> None:
        theirs = Draft.objects.create(owner=eve, title="Eve's", description="Words.")
        act, _ = Decision.objects.decide(draft, [people[0].pk], Verdict.REJECT, alice)

        assert Decision.objects.undo(draft, act, eve) == 0
        assert Decision.objects.decide(theirs, [people[0].pk], Verdict.MAYBE, eve)[1] == 0
        assert self.verdicts(people) == ["reject", "open", "open"]


def test_words_of_a_text_are_found_by_index_alone(draft: Draft) -> None:
    candidate = rows.candidate(draft, 1, text="Ran Kubernetes clusters in Malmö.")
    rows.candidate(draft, 2)

    words = SearchQuery('malmö "kubernetes clusters"', search_type="websearch", config="simple")

    assert list(Candidate.objects.filter(words__search=words)) == [candidate]


def test_a_visit_is_kept_once_for_each_user(draft: Draft, alice: User, eve: User) -> None:
    analysis = rows.analysis(draft, alice)

    RankingVisit.objects.record(analysis, alice)
    RankingVisit.objects.record(analysis, alice)

    assert RankingVisit.objects.visited_by(
        alice
    ).count() == 1 and not RankingVisit.objects.visited_by(eve)


def test_why_there_is_no_score_is_told_of_a_file_that_was_tried_again_too(
    draft: Draft, alice: User
) -> None:
    rows.unreadable(draft, 1)
    analysis = rows.analysis(draft, alice)
    Evaluation.objects.enrol(analysis)
    Evaluation.objects.update(status=EvaluationStatus.UNREADABLE, scored_at=Now())
    assert analysis.evaluations.unscored() == [Unscored(Problem.ENCRYPTED, 1)]

    draft.candidates.all().read_again(draft, alice)

    assert analysis.evaluations.unscored() == [Unscored(Reason(FailureCode.FILE_READ_SINCE), 1)]
    assert not any(row.may_retry for row in analysis.evaluations.unscored())
