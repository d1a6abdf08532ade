"""What `tests.chaos` counts at the end, from witnesses that the program has no say in."""

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from django.db import connection

from candidates.models import Call, Candidate, Evaluation
from candidates.models.analysis import EvaluationStatus
from candidates.models.call import CallStatus
from jobs.models import Job, JobStatus, Notification, NotificationKind, OutgoingStatus
from tests.servers.answers import Request

if TYPE_CHECKING:
    from tests.chaos import Chaos


def count(chaos: "Chaos") -> None:
    """Fill the outcome of `chaos`, whose work has drained."""
    logs = [path.read_text(encoding="utf-8") for path in chaos.folder.glob("host */worker.log")]
    chaos.outcome.restarts = sum(log.count("the cluster is replaced") for log in logs)
    _jobs(chaos)
    _scores(chaos)
    _calls(chaos)
    _mails(chaos)
    if left := _idle_in_transaction():
        chaos.wrong(f"{left} connections sit in a transaction")


def _jobs(chaos: "Chaos") -> None:
    outcome = chaos.outcome
    for job in Job.objects.select_related("analysis__draft"):
        outcome.jobs[job.status] += 1
        newest = job.analysis.jobs.order_by("-pk").first() == job
        if job.status != JobStatus.COMPLETED or not newest:
            continue
        # Who joined the draft after the run had begun is not part of it.
        ranks = job.analysis.evaluations.filter(status=EvaluationStatus.SCORED).order_by("rank")
        if list(ranks.values_list("rank", flat=True)) != list(range(1, len(ranks) + 1)):
            chaos.wrong(f"{job} has no whole ranking")


def _scores(chaos: "Chaos") -> None:
    """Lost: a candidate in a run that nobody cancelled, without a score in the end."""
    outcome = chaos.outcome
    outcome.evaluations = Evaluation.objects.count()
    for job in Job.objects.filter(status=JobStatus.COMPLETED).select_related("analysis"):
        if job.analysis.jobs.order_by("-pk").first() != job:
            continue
        everybody = Candidate.objects.filter(draft=job.analysis.draft_id)
        scored = job.analysis.evaluations.filter(status=EvaluationStatus.SCORED)
        lost = everybody.exclude(evaluations__in=scored)
        outcome.lost += lost.count()
        if lost:
            chaos.wrong(f"{job} is completed without {[candidate.pk for candidate in lost]}")
    failed = Job.objects.filter(status=JobStatus.FAILED)
    failed = failed.exclude(analysis__jobs__status=JobStatus.COMPLETED)
    for job in failed:
        outcome.lost += job.analysis.evaluations.count() or 1
        chaos.wrong(f"{job} has failed: {job.error}")
    with connection.cursor() as cursor:
        cursor.execute("SELECT what, id, count(*) FROM witness GROUP BY what, id")
        for event, pk, times in cursor.fetchall():
            if event != "scored" or times > 1:
                outcome.doubled += 1
                chaos.wrong(f"{event}, {times} times: row {pk}")


def _calls(chaos: "Chaos") -> None:
    """The model server's log against the ledger, résumé by résumé."""
    from tests.chaos import MARK

    marks: dict[str, int] = {}
    for pk, text in Candidate.objects.values_list("pk", "text"):
        if mark := MARK.search(text):
            marks[mark[1]] = pk
    paid: Counter[int] = Counter()
    tokens: Counter[int] = Counter()
    answers = {answer.nonce: answer for answer in chaos.model.log}
    for request in chaos.model.requests:
        answer = answers.get(request["_nonce"])
        if answer is None or not answer.prompt_tokens:
            continue
        mark = next((MARK.search(text) for text in _contents(request) if MARK.search(text)), None)
        if mark is None:
            chaos.wrong("the model was asked about nobody")
            continue
        paid[marks[mark[1]]] += 1
        tokens[marks[mark[1]]] += answer.prompt_tokens
    known: Counter[int] = Counter()
    unseen: Counter[int] = Counter()
    written: Counter[int] = Counter()
    purposes: Counter[int] = Counter()
    seen: set[tuple[int, int, str]] = set()
    for person, evaluation, purpose, status, prompt in Call.objects.values_list(
        "evaluation__candidate", "evaluation", "purpose", "status", "prompt_tokens"
    ):
        if person is None:
            chaos.wrong("a call in the ledger is about nobody")
            continue
        known[person] += status == CallStatus.ANSWERED
        unseen[person] += status == CallStatus.UNKNOWN
        written[person] += prompt if status == CallStatus.ANSWERED else 0
        if status == CallStatus.ANSWERED and (person, evaluation, purpose) not in seen:
            seen.add((person, evaluation, purpose))
            purposes[person] += 1
    outcome = chaos.outcome
    outcome.answered, outcome.unknown = sum(paid.values()), sum(unseen.values())
    outcome.again = sum(max(0, times - purposes[person]) for person, times in paid.items())
    for person in {*paid, *known}:
        if not known[person] <= paid[person] <= known[person] + unseen[person]:
            outcome.doubled += 1
            chaos.wrong(
                f"candidate {person}: the server answered {paid[person]} times, the ledger has "
                f"{known[person]} answers and {unseen[person]} of unknown outcome"
            )
        elif not unseen[person] and tokens[person] != written[person]:
            chaos.wrong(f"candidate {person}: {tokens[person]} tokens, {written[person]} written")


def _contents(request: Request) -> Iterator[str]:
    return (str(message["content"]) for message in reversed(request["messages"]))


def _mails(chaos: "Chaos") -> None:
    outcome = chaos.outcome
    box = Counter(
        str(notification["Message-ID"]).partition("@")[0][1:]
        for notification in chaos.mail.messages
    )
    outcome.mails = len(box)
    outcome.mails_again = sum(times - 1 for times in box.values())
    for notification in Notification.objects.all():
        times = box.pop(str(notification.public_id), 0)
        if notification.status != OutgoingStatus.SENT or not times:
            outcome.lost += 1
            chaos.wrong(
                f"e-mail {notification.pk} is {notification.status}, and came {times} times"
            )
        elif times > notification.attempts:
            outcome.doubled += 1
            chaos.wrong(
                f"e-mail {notification.pk} came {times} times in {notification.attempts} attempts"
            )
    if box:
        outcome.doubled += len(box)
        chaos.wrong(f"e-mails that nobody wrote: {box}")
    for job in Job.objects.filter(status__in=[JobStatus.COMPLETED, JobStatus.FAILED]):
        ends = job.notifications.filter(
            kind__in=[NotificationKind.COMPLETED, NotificationKind.FAILED]
        ).count()
        if ends != 1:
            outcome.lost += ends == 0
            outcome.doubled += ends > 1
            chaos.wrong(f"{job} has {ends} e-mails about its end")


def _idle_in_transaction() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' "
            "AND datname = current_database() AND state_change < now() - interval '5 s'"
        )
        return int(cursor.fetchone()[0])
