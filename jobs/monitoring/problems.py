"""What staff, health checks and metrics are told of the whole system: plain questions to the
database, few and quick.

`troubles` is the one place that decides whether something is wrong.
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
from django.db.models import Count, Exists, Max, Min, OuterRef, Q
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from candidates.facts.reason import FailureCode, Reason
from candidates.models import Call
from candidates.models.call import CallStatus
from candidates.reasons import sentence
from jobs.models import Halt, Heartbeat, Job, Lane, Notification, OutgoingStatus
from jobs.models.worker import BEAT, MAIL_ALLOWED, START_ALLOWED, Incident, IncidentKind

SILENT = timedelta(seconds=8)  # without a sign of life, which comes every two
CANARY_LATE = timedelta(seconds=2 * BEAT + 1)
IDLE_LATE = timedelta(seconds=10)  # a lane that waits while workers are free
NEWS = timedelta(minutes=1)  # what has mended itself is told for so long
MISSED = timedelta(minutes=10)  # a host that went without a word, while others work
CALLS_SEEN = 20  # of the latest
CALLS_AGE = timedelta(minutes=10)
BAD_CALLS = 3  # of them, from which it is the server and not chance
UNASKED = timedelta(seconds=3)  # after a call that went wrong: those who wait were told to
MAIL_LATE = timedelta(minutes=3)
NEARLY_FULL = 0.9  # of the database's connections
LEAST_FREE = 1024**3  # bytes of the disk, or a tenth of a small one


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now.

    `name` is stable, for metrics and tests; `title` says what is wrong and `remedy` what to do, in
    the reader's language and without anything of a résumé or an address. `since` is the database's
    time, None where nobody can know. `stops`: no work goes on until it is mended, so that a health
    check should fail; else work goes on, or the program mends it by itself.
    """

    name: str
    title: str
    remedy: str
    since: datetime | None = None
    stops: bool = False


def troubles() -> list[Trouble]:
    """All that is wrong now, the worst first; empty when all is well. Ten statements at the most.

    Never raises for an outage of the database: that is a trouble too.
    """
    try:
        halt = Halt.objects.first()
        found = [
            *_database(),
            *_workers(),
            *_deaths(),
            *(_halted(halt) if halt else _stuck()),
            *_paused(),
            *_model(),
            *_mail(),
        ]
    except (OperationalError, InterfaceError):
        connection.close()
        title = _("The database does not answer.")
        remedy = _("Start PostgreSQL, or mend the way to it; everything goes on by itself then.")
        found = [Trouble("database-down", title, remedy, stops=True)]
    found += _disk()
    return sorted(found, key=lambda one: not one.stops)


def _database() -> Iterator[Trouble]:
    with connection.cursor() as cursor:
        cursor.execute(DATABASE)
        used, most, started, is_new = cursor.fetchone()
    if used >= most * NEARLY_FULL:
        yield Trouble(
            "connections-full",
            _("The database has %(used)d of %(most)d connections in use.")
            % {"used": used, "most": most},
            _("Raise max_connections of PostgreSQL, or start fewer web threads and workers."),
        )
    if is_new:
        yield Trouble(
            "database-restarted",
            _("The database was restarted."),
            _("Nothing; work in hand has been taken up again. If it comes again, read its log."),
            started,
        )


def _workers() -> Iterator[Trouble]:
    """Nobody at work, hosts that fell silent, and clusters that look alive and are not."""
    at_work = Lane.objects.running().filter(worker=OuterRef("pk"))
    younger = Heartbeat.objects.filter(started_at__gt=OuterRef("seen_at"), stopping=False)
    replaced = Incident.objects.filter(
        heartbeat=OuterRef("pk"),
        what=IncidentKind.WORKERS,
        at__gt=Now() - timedelta(seconds=START_ALLOWED),
    )
    sending = Notification.objects.filter(status=OutgoingStatus.SENDING, due_at__gt=Now())
    hosts = Heartbeat.objects.filter(seen_at__gt=Now() - timedelta(days=1)).annotate(
        is_there=Q(seen_at__gt=Now() - SILENT),
        is_missed=Q(seen_at__gt=Now() - MISSED, stopping=False) & ~Exists(younger),
        is_late=Q(canary_at__lte=Now() - CANARY_LATE)
        | Q(canary_at=None, started_at__lte=Now() - timedelta(seconds=START_ALLOWED)),
        is_excused=Exists(at_work)
        | Exists(replaced)
        | (Exists(sending) & Q(canary_at__gt=Now() - timedelta(seconds=MAIL_ALLOWED))),
    )
    rows: list[Any] = list(hosts)
    there = [one for one in rows if one.is_there and not one.stopping]
    drained = [one for one in rows if one.is_there and one.draining]
    for one in drained:
        yield Trouble(
            "drained",
            _("Staff have drained %(host)s: it takes no work.") % {"host": one.host},
            _("Let it take work again under Heartbeats, or end it."),
            stops=not there,
        )
    if not there and not drained:
        yield Trouble(
            "no-worker",
            _("No worker is alive."),
            _("Start `manage.py worker`; if it ends by itself, its log says why."),
            max((one.seen_at for one in rows), default=None),
            stops=True,
        )
    else:
        for one in rows:
            if not one.is_there and one.is_missed:
                yield Trouble(
                    "host-silent",
                    _("The workers on %(host)s have fallen silent.") % {"host": one.host},
                    _("Look whether the host is up, and start `manage.py worker` there."),
                    one.seen_at,
                )
    wedged = [one for one in there if one.is_late and not one.is_excused]
    for one in wedged:
        yield Trouble(
            "wedged",
            _("The workers on %(host)s look alive and take no work.") % {"host": one.host},
            _("Their supervisor replaces them after 15 seconds; if not, restart it."),
            one.canary_at or one.started_at,
            stops=len(wedged) == len(there),
        )


def _deaths() -> Iterator[Trouble]:
    """What died and was replaced within the last minute."""
    lately = Incident.objects.filter(at__gt=Now() - NEWS).order_by().values("host", "what")
    for row in lately.annotate(number=Count("pk"), first=Min("at")):
        if row["what"] == IncidentKind.WORKERS:
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
        yield Trouble(name, title % row, remedy, row["first"])


def _halted(halt: Halt) -> Iterator[Trouble]:
    title = _("The queue is halted: %(reason)s") % {"reason": halt.reason}
    yield Trouble("halted", title, _("Delete the halt when work shall go on."), halt.at)


def _stuck() -> Iterator[Trouble]:
    """Jobs with work to do and nobody at it, though somebody could be."""
    lanes = Lane.objects.filter(job=OuterRef("pk"))
    silent = lanes.filter(started_at__isnull=False, due_at__lte=Now())
    left = lanes.filter(
        started_at=None, created_at__lte=Now() - IDLE_LATE, due_at__lte=Now() - IDLE_LATE
    )
    jobs = Job.objects.active().annotate(
        is_alone=Q(~Exists(lanes) | Exists(silent)), is_left=Exists(left)
    )
    jobs = jobs.filter(Q(is_alone=True) | Q(is_left=True))
    rows = list(jobs.values_list("created_at", "started_at", "is_alone")[:100])
    # All workers may be busy with others' jobs.
    if not all(is_alone for *_times, is_alone in rows):
        are_free = Heartbeat.objects.workers() > Lane.objects.running().count()
        rows = [row for row in rows if row[2] or are_free]
    found = [(created, started) for created, started, _is_alone in rows]
    if found:
        yield Trouble(
            "job-stuck",
            ngettext(
                "%(number)d job has work to do, and nobody is at it.",
                "%(number)d jobs have work to do, and nobody is at it.",
                len(found),
            )
            % {"number": len(found)},
            _("The sweep of a worker gives it a new lane within seconds; if not, restart one."),
            min(started or created for created, started in found),
        )


def _paused() -> Iterator[Trouble]:
    """Jobs that paused by themselves: nothing works until a person changes something."""
    paused = Job.objects.open().filter(paused_at__isnull=False)
    paused = paused.exclude(pause_code=FailureCode.PAUSED_BY_USER).order_by("paused_at")
    jobs: dict[Reason, tuple[int, datetime | None]] = {}
    for code, params, at in paused.values_list("pause_code", "pause_params", "paused_at")[:100]:
        reason = Reason(FailureCode(code), params)
        number, since = jobs.get(reason, (0, at))
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
        yield Trouble(name, title, remedy, since)


def _model() -> Iterator[Trouble]:
    """Of the latest calls most went wrong, the last two among them; or the very last one did, and
    for a while nobody has asked again."""
    calls = Call.objects.exclude(status=CallStatus.OPEN)
    calls = calls.exclude(error_code=FailureCode.WORKER_ENDED)
    calls = calls.filter(settled_at__gt=Now() - CALLS_AGE).order_by("-settled_at")
    dated = calls.annotate(is_old=Q(settled_at__lt=Now() - UNASKED))
    latest = [
        (_ailment(status, code, http_status), at, is_old)
        for status, code, http_status, at, is_old in dated.values_list(
            "status", "error_code", "http_status", "settled_at", "is_old"
        )[:CALLS_SEEN]
    ]
    streak = list(takewhile(lambda call: call[0], latest))
    if not streak:
        return
    ill = sum(bool(what) for what, *_at in latest)
    are_many = len(streak) > 1 and ill >= max(BAD_CALLS, len(latest) / 2)
    # Who was told to wait has a call in the ledger already, which has not left.
    are_told = streak[0][0] == "busy" or not Call.objects.open().exists()
    if not are_many and not (streak[0][2] and are_told):
        return
    if not Job.objects.active().exists():
        return  # nobody asks, so nobody knows
    since = streak[-1][1]
    if Counter(what for what, *_at in streak)["busy"] * 2 >= len(streak):
        yield Trouble(
            "model-busy",
            _("The model server refuses calls: too many requests (429)."),
            _("It is asked less often by itself. Raise its limits, or set EVALUATOR_RPM to them."),
            since,
        )
    else:
        yield Trouble(
            "model-down",
            _("The model server does not answer, or answers with errors."),
            _("Look whether it is up and OPENAI_BASE_URL is right; work goes on by itself then."),
            since,
        )


def _ailment(status: str, code: str, http_status: int | None) -> str:
    """What a call's end says against the server: "busy", "down", or nothing."""
    if status == CallStatus.REFUSED:
        http_status = http_status or 0
        if http_status == 429 and code != FailureCode.QUOTA_GONE:
            return "busy"
        return "down" if http_status >= 500 or http_status == 408 else ""
    if status == CallStatus.FAILED:
        return "down" if code != FailureCode.CALL_NEVER_SENT else ""
    return "down" if status == CallStatus.UNKNOWN else ""


def _mail() -> Iterator[Trouble]:
    waiting = Notification.objects.all().open()
    refused = ~Q(error="")
    late = Q(error="", created_at__lte=Now() - MAIL_LATE)
    told = waiting.aggregate(
        refused=Count("pk", filter=refused),
        since=Min("created_at", filter=refused),
        why=Max("error", filter=refused),
        late=Count("pk", filter=late),
        late_since=Min("created_at", filter=late),
    )
    if told["refused"]:
        # Its class alone: the rest may name the recipient.
        why = told["why"].partition(":")[0]
        yield Trouble(
            "mail-down",
            ngettext(
                "%(number)d e-mail could not be sent (%(why)s).",
                "%(number)d e-mails could not be sent (%(why)s).",
                told["refused"],
            )
            % {"number": told["refused"], "why": why},
            _("Look at the outbox for the answer; it is tried again by itself for a day."),
            told["since"],
        )
    if told["late"]:
        yield Trouble(
            "mail-late",
            ngettext(
                "%(number)d e-mail has waited for minutes to be sent.",
                "%(number)d e-mails have waited for minutes to be sent.",
                told["late"],
            )
            % {"number": told["late"]},
            _("Look whether workers are alive, and whether the mail server is slow."),
            told["late_since"],
        )


def _disk() -> Iterator[Trouble]:
    disk = disk_free()
    if disk is not None and disk[0] < min(LEAST_FREE, disk[1] // 10):
        yield Trouble(
            "disk-low",
            _("The disk with the data has %(free)d MB left.") % {"free": disk[0] // 1024**2},
            _("Make room, or move the folder of EVALUATOR_VAR to a larger disk."),
        )


def disk_free() -> tuple[int, int] | None:
    """Free and all bytes of the disk that holds the data; None where it is another machine's."""
    if "EMBEDDED" not in settings.DATABASES["default"]:
        return None
    usage = shutil.disk_usage(settings.VAR)
    return usage.free, usage.total


DATABASE = """
SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int,
    current_setting('max_connections')::int, pg_postmaster_start_time(),
    pg_postmaster_start_time() > statement_timestamp() - INTERVAL '1 minute'"""
