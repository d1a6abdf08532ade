"""What is wrong with the system: plain questions to the database, few and quick.

This is the only place that decides it. Overview, metrics, the checks of a deployment, /readyz and
the workers' own port ask here.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Count, Exists, Min, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from candidates.facts.reason import DeliveryCode, FailureCode, Reason
from candidates.models import Call
from candidates.models.call import CallStatus
from candidates.reasons import sentence
from jobs.models import (
    Halt,
    Heartbeat,
    HeartbeatQuerySet,
    Incident,
    IncidentKind,
    Job,
    JobStatus,
    Lane,
    Notification,
)
from jobs.models.lane_count import lanes_of_jobs

IDLE_LANE_LATE_AFTER = timedelta(seconds=10)  # a lane that waits while workers are free
LANE_LATE_AFTER = timedelta(minutes=2)  # a lane that waits though all workers are busy
NEWS_SHOWN_FOR = timedelta(minutes=1)  # of what the program has mended by itself
LANES_ADDED_WITHIN = timedelta(seconds=10)  # twice what the documents promise
MAX_JOBS_COUNTED = 100
MAX_JOBS_NAMED = 10
RECENT_CALLS = 20
RECENT_CALLS_AGE = timedelta(minutes=10)
MIN_BAD_CALLS = 3  # of them, from which it is the server and not chance
NEXT_CALL_WITHIN = timedelta(seconds=3)  # of one that failed, unless the callers were told to wait
MAIL_LATE_AFTER = timedelta(minutes=3)
CONNECTIONS_NEARLY_FULL = 0.9  # of the database's
MIN_FREE_BYTES = 1024**3  # of a disk, or a tenth of a small one


@dataclass(frozen=True, slots=True)
class SystemProblem:
    """Something that is wrong now.

    `name` is stable, for metrics and tests; `title` says what is wrong and `remedy` what to do, in
    the reader's language and without anything of a résumé or an address. `since` is the database's
    time, None where it cannot be known. `stops_work`: no work goes on until it is mended, so that a
    health check should fail; else work goes on, or the program mends it by itself. `job` is the key
    of the job that it is about, None where it is about no single one; `missing_lanes` is how many
    that job has too few.
    """

    name: str
    title: str
    remedy: str
    since: datetime | None = None
    stops_work: bool = False
    job: int | None = None
    missing_lanes: int = 0


def system_problems() -> list[SystemProblem]:
    """All that is wrong now, the worst first; empty when all is well. Fifteen statements at most.

    Never raises for an outage of the database: that is a problem too.
    """
    try:
        halt = Halt.objects.first()
        problems = [
            *_database_problems(),
            *_worker_problems(),
            *_recent_deaths(),
            *([halted(halt)] if halt else [*_stuck_jobs(), *late_lanes(), *_short_jobs()]),
            *_paused_jobs(),
            *_model_problems(),
            *_mail_problems(),
        ]
    except (OperationalError, InterfaceError):
        connection.close()
        problems = [database_down()]
    problems += _disk_problems()
    return sorted(problems, key=lambda problem: not problem.stops_work)


def database_down() -> SystemProblem:
    return SystemProblem(
        "database-down",
        _("The database does not answer."),
        _("Start PostgreSQL, or mend the way to it; everything goes on by itself then."),
        stops_work=True,
    )


def queue_down() -> SystemProblem:
    return SystemProblem(
        "queue-down",
        _("The queue does not answer."),
        _("Start its server, or mend REDIS_URL or CELERY_BROKER_URL."),
        stops_work=True,
    )


def no_worker(since: datetime | None = None) -> SystemProblem:
    return SystemProblem(
        "no-worker",
        _("No worker is alive."),
        _("Start `manage.py worker`; if it ends by itself, its log says why."),
        since,
        stops_work=True,
    )


def drained(host: str, *, stops_work: bool) -> SystemProblem:
    return SystemProblem(
        "drained",
        _("Staff have drained %(host)s: it takes no work.") % {"host": host},
        _("Let it take work again under Heartbeats, or end it."),
        stops_work=stops_work,
    )


def wedged(host: str, since: datetime | None, *, stops_work: bool) -> SystemProblem:
    return SystemProblem(
        "wedged",
        _("The workers on %(host)s look alive and take no work.") % {"host": host},
        _("Their supervisor replaces them after 15 seconds; if not, restart it."),
        since,
        stops_work=stops_work,
    )


def starting(host: str) -> SystemProblem:
    return SystemProblem(
        "starting",
        _("The workers on %(host)s have not answered a test message yet.") % {"host": host},
        _("Wait half a minute; if nothing changes, read the worker's log."),
    )


def stopping(host: str) -> SystemProblem:
    return SystemProblem(
        "stopping",
        _("The workers on %(host)s are stopping.") % {"host": host},
        _("Nothing; they hand over what they have in hand."),
    )


def supervisor_stuck(host: str) -> SystemProblem:
    return SystemProblem(
        "supervisor-stuck",
        _("The supervisor on %(host)s does not look after its workers.") % {"host": host},
        _("Restart it; if it comes again, look whether the host is overloaded."),
    )


def halted(halt: Halt) -> SystemProblem:
    title = _("The queue is halted: %(reason)s") % {"reason": halt.reason}
    return SystemProblem("halted", title, _("Delete the halt when work shall go on."), halt.at)


def late_lanes() -> Iterator[SystemProblem]:
    """Lanes that no worker has taken for minutes: there are too few workers for the work."""
    late = Lane.objects.filter(started_at=None, created_at__lt=Now() - LANE_LATE_AFTER)
    counted = late.aggregate(number=Count("pk"), since=Min("created_at"))
    if counted["number"]:
        yield SystemProblem(
            "lanes-late",
            ngettext(
                "%(number)d lane of work has waited for more than 2 minutes.",
                "%(number)d lanes of work have waited for more than 2 minutes.",
                counted["number"],
            )
            % {"number": counted["number"]},
            _("Start more workers (Q_WORKERS, or more hosts)."),
            counted["since"],
        )


def is_disk_low(free: int, total: int) -> bool:
    """Whether a disk with so many bytes free has too little room."""
    return free < min(MIN_FREE_BYTES, total // 10)


def data_disk() -> tuple[int, int] | None:
    """Free and all bytes of the disk that holds the data; None where it is another machine's."""
    if "EMBEDDED" not in settings.DATABASES["default"]:
        return None
    usage = shutil.disk_usage(settings.VAR)
    return usage.free, usage.total


def _database_problems() -> Iterator[SystemProblem]:
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        used, limit, started, is_new = cursor.fetchone()
    if used >= limit * CONNECTIONS_NEARLY_FULL:
        yield SystemProblem(
            "connections-full",
            _("The database has %(used)d of %(most)d connections in use.")
            % {"used": used, "most": limit},
            _("Raise max_connections of PostgreSQL, or start fewer web threads and workers."),
        )
    if is_new:
        yield SystemProblem(
            "database-restarted",
            _("The database was restarted."),
            _("Nothing; work in hand has been taken up again. If it comes again, read its log."),
            started,
        )


def _worker_problems() -> Iterator[SystemProblem]:
    """No host at work, hosts that fell silent, and clusters that look alive and are not."""
    younger = Heartbeat.objects.filter(started_at__gt=OuterRef("seen_at"), stopping=False)
    hosts: Any = Heartbeat.objects.seen_within(HeartbeatQuerySet.FORGOTTEN_AFTER).with_state()
    hosts = hosts.annotate(
        is_missed=Q(
            seen_at__gt=Now() - HeartbeatQuerySet.MISSED_FOR, is_visible=False, stopping=False
        )
        & ~Exists(younger)
    )
    rows: list[Any] = list(hosts)
    at_work = [row for row in rows if row.is_visible and not row.stopping]
    drained_hosts = [row for row in rows if row.is_visible and row.draining]
    for row in drained_hosts:
        yield drained(row.host, stops_work=not at_work)
    if not at_work and not drained_hosts:
        yield no_worker(max((row.seen_at for row in rows), default=None))
    else:
        for row in rows:
            if row.is_missed:
                yield SystemProblem(
                    "host-silent",
                    _("The workers on %(host)s have fallen silent.") % {"host": row.host},
                    _("Look whether the host is up, and start `manage.py worker` there."),
                    row.seen_at,
                )
    wedged_hosts = [row for row in rows if row.is_wedged]
    for row in wedged_hosts:
        since = row.canary_at or row.started_at
        yield wedged(row.host, since, stops_work=len(wedged_hosts) == len(at_work))


def _recent_deaths() -> Iterator[SystemProblem]:
    """What died and was replaced within the last minute."""
    recent = Incident.objects.filter(occurred_at__gt=Now() - NEWS_SHOWN_FOR)
    by_host = recent.order_by().values("host", "kind")
    for row in by_host.annotate(number=Count("pk"), first=Min("occurred_at")):
        if row["kind"] == IncidentKind.WORKERS:
            name = "workers-replaced"
            title = ngettext(
                "The workers on %(host)s were replaced.",
                "The workers on %(host)s were replaced %(number)d times within a minute.",
                row["number"],
            )
        else:
            name = "process-died"
            title = ngettext(
                "A process of the workers on %(host)s died and was replaced.",
                "%(number)d processes of the workers on %(host)s died and were replaced.",
                row["number"],
            )
        remedy = _("Nothing, once. If it comes again, read the worker's log: memory is first.")
        yield SystemProblem(name, title % row, remedy, row["first"])


def _stuck_jobs() -> Iterator[SystemProblem]:
    """Jobs with work to do that no worker is at, though one could be."""
    lanes = Lane.objects.filter(job=OuterRef("pk"))
    silent = lanes.filter(started_at__isnull=False, due_at__lte=Now())
    left = lanes.filter(
        started_at=None,
        created_at__lte=Now() - IDLE_LANE_LATE_AFTER,
        due_at__lte=Now() - IDLE_LANE_LATE_AFTER,
    )
    jobs = Job.objects.active().annotate(
        is_alone=Q(~Exists(lanes) | Exists(silent)), is_left=Exists(left)
    )
    jobs = jobs.filter(Q(is_alone=True) | Q(is_left=True))
    rows = list(jobs.values_list("created_at", "started_at", "is_alone")[:MAX_JOBS_COUNTED])
    # All workers may be busy with others' jobs.
    if not all(is_alone for *_times, is_alone in rows):
        are_free = Heartbeat.objects.workers() > Lane.objects.running().count()
        rows = [row for row in rows if row[2] or are_free]
    times = [(created, started) for created, started, _is_alone in rows]
    if times:
        yield SystemProblem(
            "job-stuck",
            ngettext(
                "%(number)d job has work to do, and nobody is at it.",
                "%(number)d jobs have work to do, and nobody is at it.",
                len(times),
            )
            % {"number": len(times)},
            _("The sweep of a worker gives it a new lane within seconds; if not, restart one."),
            min(started or created for created, started in times),
        )


def _short_jobs() -> Iterator[SystemProblem]:
    """Running jobs that have missed lanes for `LANES_ADDED_WITHIN`, the oldest first; not more than
    `MAX_JOBS_NAMED`."""
    # Workers that have just come, and rows that have just become due, have no lane yet.
    settled = Heartbeat.objects.filter(started_at__lte=Now() - LANES_ADDED_WITHIN)
    counts = {
        count.pk: count
        for count in lanes_of_jobs(settled.workers(), due_for=LANES_ADDED_WITHIN)
        if count.missing
    }
    # One without any lane is stuck, which is another problem.
    jobs = Job.objects.filter(Exists(Lane.objects.filter(job=OuterRef("pk"))), pk__in=counts)
    jobs = jobs.filter(status=JobStatus.PROCESSING).order_by("started_at")
    for job in jobs[:MAX_JOBS_NAMED]:
        count = counts[job.pk]
        yield SystemProblem(
            "lanes-missing",
            _("Job %(job)s has %(lanes)d of the %(wanted)d lanes that work and workers allow.")
            % {"job": job.public_id, "lanes": count.lanes, "wanted": count.wanted},
            _("The sweep of a worker adds them within seconds; if not, read the worker's log."),
            job.started_at,
            job=job.pk,
            missing_lanes=count.missing,
        )


def _paused_jobs() -> Iterator[SystemProblem]:
    """Jobs that paused by themselves: nothing works until a person changes something."""
    paused = Job.objects.open().filter(paused_at__isnull=False)
    paused = paused.exclude(pause_code=FailureCode.PAUSED_BY_USER).order_by("paused_at")
    rows = paused.values_list("pause_code", "pause_params", "paused_at")[:MAX_JOBS_COUNTED]
    jobs: dict[Reason, tuple[int, datetime | None]] = {}
    for code, params, paused_at in rows:
        reason = Reason(FailureCode(code), params)
        number, since = jobs.get(reason, (0, paused_at))
        jobs[reason] = (number + 1, since)
    names = {
        FailureCode.QUOTA_GONE: (
            "quota-gone",
            _("The account at the model server has no quota left."),
        ),
        FailureCode.KEY_REFUSED: ("key-refused", _("The model server refuses the key.")),
    }
    other = ("paused", _("Jobs have paused until somebody mends something."))
    for reason, (number, since) in jobs.items():
        name, title = names.get(FailureCode(reason.code), other)
        waiting = ngettext("%(number)d job waits.", "%(number)d jobs wait.", number)
        remedy = f"{sentence(reason)} {waiting % {'number': number}}"
        yield SystemProblem(name, title, remedy, since)


def _model_problems() -> Iterator[SystemProblem]:
    """Of the latest calls most went wrong, the last two among them; or the very last one did, and
    for a while no call was made again."""
    calls = Call.objects.exclude(status=CallStatus.OPEN)
    calls = calls.exclude(error_code=FailureCode.WORKER_ENDED)
    calls = calls.filter(settled_at__gt=Now() - RECENT_CALLS_AGE).order_by("-settled_at")
    dated = calls.annotate(is_old=Q(settled_at__lt=Now() - NEXT_CALL_WITHIN))
    recent = [
        (_fault(status, code, http_status), settled_at, is_old)
        for status, code, http_status, settled_at, is_old in dated.values_list(
            "status", "error_code", "http_status", "settled_at", "is_old"
        )[:RECENT_CALLS]
    ]
    streak = list(takewhile(lambda call: call[0], recent))
    if not streak:
        return
    bad = sum(bool(fault) for fault, *_rest in recent)
    are_many = len(streak) > 1 and bad >= max(MIN_BAD_CALLS, len(recent) / 2)
    # Who was told to wait has a call in the ledger already, which has not left.
    is_waited_for = streak[0][0] == "busy" or not Call.objects.open().exists()
    if not are_many and not (streak[0][2] and is_waited_for):
        return
    if not Job.objects.active().exists():
        return  # no call is made, so it is not known
    since = streak[-1][1]
    if Counter(fault for fault, *_rest in streak)["busy"] * 2 >= len(streak):
        yield SystemProblem(
            "model-busy",
            _("The model server refuses calls: too many requests (429)."),
            _("It is asked less often by itself. Raise its limits, or set EVALUATOR_RPM to them."),
            since,
        )
    else:
        yield SystemProblem(
            "model-down",
            _("The model server does not answer, or answers with errors."),
            _("Look whether it is up and OPENAI_BASE_URL is right; work goes on by itself then."),
            since,
        )


def _fault(status: str, code: str, http_status: int | None) -> str:
    """What a call's end says against the server: "busy", "down", or nothing."""
    if status == CallStatus.REFUSED:
        http_status = http_status or 0
        if http_status == 429 and code != FailureCode.QUOTA_GONE:
            return "busy"
        return "down" if http_status >= 500 or http_status == 408 else ""
    if status == CallStatus.FAILED:
        return "down" if code != FailureCode.CALL_NEVER_SENT else ""
    return "down" if status == CallStatus.UNKNOWN else ""


def _mail_problems() -> Iterator[SystemProblem]:
    """E-mails that failed and are tried again, by reason, and those that no attempt was made at."""
    late = Q(created_at__lte=Now() - MAIL_LATE_AFTER)
    grouped = Notification.objects.all().open().order_by().values("error_code", "error_params")
    counted = grouped.annotate(
        number=Count("pk"), since=Min("created_at"), late=Count("pk", filter=late)
    )
    for row in counted.order_by("-number"):
        if row["error_code"]:
            reason = Reason(DeliveryCode(row["error_code"]), row["error_params"])
            yield SystemProblem(
                "mail-down",
                ngettext(
                    "%(number)d e-mail could not be sent: %(why)s",
                    "%(number)d e-mails could not be sent: %(why)s",
                    row["number"],
                )
                % {"number": row["number"], "why": sentence(reason)},
                _("It is tried again by itself for a day; the outbox shows each of them."),
                row["since"],
            )
        elif row["late"]:
            yield SystemProblem(
                "mail-late",
                ngettext(
                    "%(number)d e-mail has waited for minutes to be sent.",
                    "%(number)d e-mails have waited for minutes to be sent.",
                    row["late"],
                )
                % {"number": row["late"]},
                _("Look whether workers are alive, and whether the mail server is slow."),
                row["since"],
            )


def _disk_problems() -> Iterator[SystemProblem]:
    disk = data_disk()
    if disk is not None and is_disk_low(*disk):
        yield SystemProblem(
            "disk-low",
            _("The disk with the data has %(free)d MB left.") % {"free": disk[0] // 1024**2},
            _("Make room, or move the folder of EVALUATOR_VAR to a larger disk."),
        )


DATABASE = """
SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int,
    current_setting('max_connections')::int, pg_postmaster_start_time(),
    pg_postmaster_start_time() > statement_timestamp() - INTERVAL '1 minute'"""
