"""What can be wrong with the servers around the program, found by asking them, with id and hint.

`manage.py check --deploy` asks them all; `/readyz` repeats those that a web server needs and that
change while it runs. What the overview names too is decided by `jobs.monitoring.problems`.
"""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from urllib.parse import urlsplit

import httpx2
from django.conf import settings
from django.core import mail
from django.core.checks import CheckMessage, Error, Warning
from django.core.files.storage import default_storage
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from candidates.scoring import engines
from jobs import queue
from jobs.models import Halt, Heartbeat
from jobs.monitoring import problems
from jobs.monitoring.problems import SystemProblem

MIN_POSTGRESQL = 150_000  # as its `server_version_num`
MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
ANSWER_SECONDS = 5.0
OPENAI_BASE_URL = "https://api.openai.com/v1"
MAX_MODELS_LISTED = 10


def _warning(problem: SystemProblem, id: str) -> Warning:
    return Warning(problem.title, hint=problem.remedy, id=id)


def database() -> Iterator[CheckMessage]:
    try:
        try:
            version = _version()
        except DatabaseError:  # of a connection that was open for long, this says little
            connection.close()
            version = _version()
    except DatabaseError as error:
        yield Error(
            f"The database does not answer ({type(error).__name__}).",
            hint="See that PostgreSQL runs and can be reached from here, and that DATABASE_URL is "
            "right.",
            id="evaluator.E101",
        )
        return
    if version < MIN_POSTGRESQL:
        yield Error(
            f"PostgreSQL is {version // 10_000}; the program needs 15 or newer.",
            hint="Upgrade the database server.",
            id="evaluator.E102",
        )


def _version() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0])


def tables() -> Iterator[CheckMessage]:
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if missing:
        yield Error(
            f"The database lacks {missing} migration{'s' * (missing > 1)}.",
            hint="Run `python manage.py migrate` before the new version starts.",
            id="evaluator.E103",
        )


def clock() -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        difference = abs(cursor.fetchone()[0] - before)
    if difference > MAX_CLOCK_DIFFERENCE:
        seconds = difference.total_seconds()
        yield Warning(
            f"This host's clock and the database's are {seconds:.0f} seconds apart.",
            hint="Let both keep time by NTP. Work is not harmed, but times on pages are wrong.",
            id="evaluator.W104",
        )


def workers() -> Iterator[CheckMessage]:
    """Whether a test message has lately come through queue, worker and database."""
    if not Heartbeat.objects.alive().exists():
        yield _warning(problems.no_worker(), id="evaluator.W111")


def message_queue() -> Iterator[CheckMessage]:
    try:
        queue.probe()
    except queue.QueueDown as error:
        yield Error(
            f"The queue does not answer: {error}",
            hint="Start its server, or mend REDIS_URL or CELERY_BROKER_URL.",
            id="evaluator.E112",
        )


def waiting_work() -> Iterator[CheckMessage]:
    if (halt := Halt.objects.first()) is not None:
        yield _warning(problems.halted(halt), id="evaluator.W113")
    else:
        for problem in problems.late_lanes():
            yield _warning(problem, id="evaluator.W114")


def model() -> Iterator[CheckMessage]:
    """Whether the model's server takes our key and knows the model; costs nothing."""
    if settings.EVALUATOR_ENGINE != "openai" or not settings.OPENAI_API_KEY:
        return
    base = (settings.OPENAI_BASE_URL or OPENAI_BASE_URL).rstrip("/")
    try:
        response = httpx2.get(
            f"{base}/models",
            headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
            timeout=ANSWER_SECONDS,
        )
        offered = {row["id"] for row in response.json()["data"]} if response.is_success else set()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        yield Error(
            f"The model's server at {urlsplit(base).hostname} does not answer "
            f"({type(error).__name__}).",
            hint="See that it runs and can be reached from here, and that OPENAI_BASE_URL is "
            "right.",
            id="evaluator.E121",
        )
        return
    except (ValueError, KeyError, TypeError):
        offered = set()  # it lists its models in a way of its own
    model_name = settings.EVALUATOR_MODEL or engines.default_model(engines.OPENAI)
    if response.status_code in (401, 403):
        yield Error(
            f"The model's server at {urlsplit(base).hostname} refuses the key "
            f"({response.status_code}).",
            hint="Set OPENAI_API_KEY to a key of that server.",
            id="evaluator.E122",
        )
    elif offered and model_name not in offered:
        names = ", ".join(sorted(offered)[:MAX_MODELS_LISTED])
        yield Warning(
            f"The model's server does not list '{model_name}'.",
            hint=f"Set EVALUATOR_MODEL to one of: {names}.",
            id="evaluator.W123",
        )


def mail_server() -> Iterator[CheckMessage]:
    if settings.EMAIL_PROVIDER != "smtp":
        return
    options = settings.EMAIL_BACKENDS["smtp"]["OPTIONS"]
    try:
        server = mail.mailers["default"]
        server.open()
        server.close()
    # Whatever the network, TLS or the server's refusal raise is the reason that is shown.
    except Exception as error:  # noqa: BLE001
        yield Error(
            f"The mail server {options['host']}:{options['port']} cannot be used "
            f"({type(error).__name__}).",
            hint="See that it runs and can be reached from here, and check EMAIL_HOST, EMAIL_PORT, "
            "EMAIL_USE_TLS, EMAIL_USE_SSL, EMAIL_HOST_USER and EMAIL_HOST_PASSWORD.",
            id="evaluator.E131",
        )


def storage() -> Iterator[CheckMessage]:
    if settings.AWS_STORAGE_BUCKET_NAME:
        try:
            default_storage.exists("doctor")
        # boto's errors have no common ancestor that is not Exception.
        except Exception as error:  # noqa: BLE001
            yield Error(
                f"The bucket {settings.AWS_STORAGE_BUCKET_NAME} cannot be used "
                f"({type(error).__name__}).",
                hint="Check AWS_STORAGE_BUCKET_NAME, AWS_S3_ENDPOINT_URL, AWS_S3_REGION_NAME and "
                "the keys of AWS.",
                id="evaluator.E141",
            )
    folder = tempfile.gettempdir()
    usage = shutil.disk_usage(folder)
    if problems.is_disk_low(usage.free, usage.total):
        yield Warning(
            f"{folder} has {usage.free // 1024**2:,} MB left.",
            hint="Make room: uploads and files that are read pass through it.",
            id="evaluator.W142",
        )


type Check = Callable[[], Iterator[CheckMessage]]
# Those after the database ask it, and are of no use when it does not answer.
DATABASE_CHECKS: tuple[Check, ...] = (tables, clock, workers, message_queue, waiting_work)
OTHER_CHECKS: tuple[Check, ...] = (model, mail_server, storage)


def run_all_checks() -> list[CheckMessage]:
    """All of them, in the order in which they are best mended."""
    messages = list(database())
    if not messages:
        for check in DATABASE_CHECKS:
            messages += check()
            if check is tables and messages:  # nothing can be asked without tables
                break
    for check in OTHER_CHECKS:
        messages += check()
    return messages


def readiness_problems() -> list[CheckMessage]:
    """What keeps this web server from being of use now: a cheap look, three queries."""
    try:
        return list(database()) or [*workers(), *message_queue()]
    except DatabaseError:  # it went away in between
        connection.close()
        return list(database())
