"""What can be wrong with the servers around us, found by asking them: each check with id and hint.

`manage.py check --deploy` asks them all; `/readyz` repeats those that a web server needs and that
change while it runs.
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
from django.db.models.functions import Now
from django.utils import timezone

from candidates.scoring import engines
from jobs import queue
from jobs.models import Halt, Heartbeat, Lane

OLDEST_POSTGRESQL = 150_000
CLOCKS_APART = timedelta(seconds=5)
WAITED = timedelta(minutes=2)
LEAST_FREE = 1024**3  # bytes where files are read
PATIENCE = 5.0  # seconds for a server's answer
OPENAI = "https://api.openai.com/v1"


def database() -> Iterator[CheckMessage]:
    try:
        try:
            version = _version()
        except DatabaseError:  # of a connection that was kept, this says little
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
    if version < OLDEST_POSTGRESQL:
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
    lacking = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if lacking:
        yield Error(
            f"The database lacks {lacking} migration{'s' * (lacking > 1)}.",
            hint="Run `python manage.py migrate` before the new version starts.",
            id="evaluator.E103",
        )


def clock() -> Iterator[CheckMessage]:
    with connection.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        apart = abs(cursor.fetchone()[0] - before)
    if apart > CLOCKS_APART:
        yield Warning(
            f"This host's clock and the database's are {apart.total_seconds():.0f} seconds apart.",
            hint="Let both keep time by NTP. Work is not harmed, but times on pages are wrong.",
            id="evaluator.W104",
        )


def workers() -> Iterator[CheckMessage]:
    """Whether a test message has lately come through queue, worker and database."""
    if not Heartbeat.objects.alive().exists():
        yield Warning(
            "No worker is alive.",
            hint="Start `manage.py worker`. If one runs, its log says why no test message comes "
            "through.",
            id="evaluator.W111",
        )


def the_queue() -> Iterator[CheckMessage]:
    try:
        queue.probe()
    except queue.QueueDown as error:
        yield Error(
            f"The queue does not answer: {error}",
            hint="Start its server, or mend REDIS_URL or CELERY_BROKER_URL.",
            id="evaluator.E112",
        )


def waits() -> Iterator[CheckMessage]:
    if (halt := Halt.objects.first()) is not None:
        yield Warning(
            f"Staff have halted the whole queue: {halt.reason}",
            hint="Delete the halt in the admin to let it go on.",
            id="evaluator.W113",
        )
        return
    late = Lane.objects.filter(started_at=None, created_at__lt=Now() - WAITED).count()
    if late:
        yield Warning(
            f"{late} lane{'s' * (late > 1)} of work waited for more than "
            f"{WAITED.total_seconds() / 60:.0f} minutes.",
            hint="Start more workers (Q_WORKERS, or more hosts).",
            id="evaluator.W114",
        )


def model() -> Iterator[CheckMessage]:
    """Whether the model's server takes our key and knows the model; costs nothing."""
    if settings.EVALUATOR_ENGINE != "openai" or not settings.OPENAI_API_KEY:
        return
    base = (settings.OPENAI_BASE_URL or OPENAI).rstrip("/")
    try:
        answer = httpx2.get(
            f"{base}/models",
            headers={"Authorization": f"Bearer {settings.OPENAI_API_KEY}"},
            timeout=PATIENCE,
        )
        offered = {one["id"] for one in answer.json()["data"]} if answer.is_success else set()
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
        offered = set()  # it speaks its own way of listing
    wanted = settings.EVALUATOR_MODEL or engines.default_model(engines.OPENAI)
    if answer.status_code in (401, 403):
        yield Error(
            f"The model's server at {urlsplit(base).hostname} refuses the key "
            f"({answer.status_code}).",
            hint="Set OPENAI_API_KEY to a key of that server.",
            id="evaluator.E122",
        )
    elif offered and wanted not in offered:
        yield Warning(
            f"The model's server does not list '{wanted}'.",
            hint="Set EVALUATOR_MODEL to one of: " + ", ".join(sorted(offered)[:10]) + ".",
            id="evaluator.W123",
        )


def mails() -> Iterator[CheckMessage]:
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
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE:
        yield Warning(
            f"{folder} has {free // 1024**2:,} MB left.",
            hint="Make room: uploads and files that are read pass through it.",
            id="evaluator.W142",
        )


Check = Callable[[], Iterator[CheckMessage]]
# Those after the database ask it, and are of no use when it does not answer.
OF_THE_DATABASE: tuple[Check, ...] = (tables, clock, workers, the_queue, waits)
ELSEWHERE: tuple[Check, ...] = (model, mails, storage)


def examine() -> list[CheckMessage]:
    """All of them, in the order in which one would mend them."""
    found = list(database())
    if not found:
        for check in OF_THE_DATABASE:
            found += check()
            if check is tables and found:  # nothing can be asked without tables
                break
    for check in ELSEWHERE:
        found += check()
    return found


def ailments() -> list[CheckMessage]:
    """What keeps this web server from being of use now: a cheap look, a few queries."""
    try:
        return list(database()) or [*workers(), *the_queue()]
    except DatabaseError:  # it went while it was asked
        connection.close()
        return list(database())
