"""`python -m tests.screens` makes docs/screens/*.png: every page, as the demo fills it, on a desk
and on a phone, and two of them in the dark.
"""

import io
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import find_chromium

ROOT = Path(__file__).resolve().parent.parent
SCREENS = ROOT / "docs" / "screens"
SIZES = {"": (1280, 860), "-phone": (360, 740)}
PAGES_IN_DARK_MODE = ("analysis", "job", "admin-overview")
MAX_COLOURS = 255  # of a picture: half the bytes, and nobody sees it
READY_SECONDS = 30.0  # seconds


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="evaluator-screens-") as var:
        os.environ |= {
            "EVALUATOR_VAR": var,
            "DEBUG": "1",
            "DJANGO_SETTINGS_MODULE": "evaluator.settings",
            "DJANGO_ALLOW_ASYNC_UNSAFE": "1",  # Playwright keeps a loop in this thread
            "PORT": str(_free_port()),
        }
        os.environ.pop("DATABASE_URL", None)
        demo = [sys.executable, str(ROOT / "manage.py"), "demo", "--once"]
        subprocess.run(demo, check=True, stdout=subprocess.DEVNULL)
        with _django(), _web_server() as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(),
                args=["--headless", "--no-sandbox", "--disable-gpu"],
            )
            _take_all(browser, site)
            browser.close()
    return 0


def _take_all(browser: Browser, site: str) -> None:
    addresses = _fill()
    for old in SCREENS.glob("*.png"):
        old.unlink()
    taken = 0
    for suffix, (width, height) in SIZES.items():
        for dark in (False, True):
            context = browser.new_context(
                base_url=site,
                viewport={"width": width, "height": height},
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
            )
            for name, (address, cookie) in addresses.items():
                if dark and name not in PAGES_IN_DARK_MODE:
                    continue
                context.clear_cookies()
                if cookie:
                    context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
                page = context.new_page()
                _take(page, address, SCREENS / f"{name}{'-dark' if dark else ''}{suffix}.png")
                page.close()
                taken += 1
            context.close()
    size = sum(path.stat().st_size for path in SCREENS.glob("*.png"))
    sys.stdout.write(f"{taken} pictures, {size // 1024:,} KB, in {SCREENS.relative_to(ROOT)}/\n")


def _take(page: Page, address: str, path: Path) -> None:
    page.goto(address, wait_until="networkidle" if "/jobs/" not in address else "load")
    page.wait_for_timeout(300)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    fewer = picture.quantize(MAX_COLOURS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    fewer.save(path, optimize=True)


def _fill() -> dict[str, tuple[str, str]]:
    """More than the demo has: a run under way, notices. Returns the pages by name, each with its
    address and the session of who looks at it, "" for anybody."""
    from django.contrib.auth.models import User
    from django.test import Client
    from django.urls import reverse
    from django.utils import timezone

    from candidates.models import Analysis, Draft, Evaluation, EventVerb, Preference
    from jobs.execution.submit import record
    from jobs.models import Heartbeat, Job, JobStatus, NotificationKind
    from jobs.models.schedule import Frequency, Schedule
    from jobs.models.webhook import Webhook
    from jobs.notifications import recipients
    from tests.makers import rows
    from tests.test_access import EXTRA_ARGUMENTS, POLICIES, PUBLIC

    user = User.objects.get(username="manager")
    Preference.objects.update_or_create(user=user, defaults={"time_zone": "Europe/Berlin"})
    done = Job.objects.get()
    recipients.queue_for_job(done, NotificationKind.PAUSED)
    draft = Draft.objects.get(pk=done.analysis.draft_id)
    running = rows.analysis(draft, user)
    rows.evaluate(running)
    waiting = {"status": "waiting", "score": None, "rank": None, "scored_at": None}
    running.evaluations.filter(rank__gt=40).update(**waiting)
    running.evaluations.filter(rank__range=(37, 40)).update(
        **rows.failure(), scored_at=timezone.now()
    )
    job = rows.job(running, JobStatus.PROCESSING)
    record(job, EventVerb.QUEUED, actor=user)
    record(job, EventVerb.STARTED)
    rows.call(running, model="gpt-5-mini")
    other = Draft.objects.create(owner=user, title="Registered nurse", description="At night.")
    rows.candidates(other, 12)
    soon = timezone.now() + timedelta(hours=1)
    Heartbeat.objects.create(host="screens", pid=1, workers=2, seen_at=soon, canary_at=soon)

    best, *others = done.analysis.evaluations.filter(
        candidate__media_type="application/pdf"
    ).order_by("rank")[:3]
    things: dict[type, Any] = {
        Draft: draft,
        Job: job,
        Analysis: done.analysis,
        Evaluation: best,
    }
    Webhook.objects.create(user=user, url="https://hooks.example.com/ranking")
    Schedule.objects.create(draft=draft, frequency=Frequency.DAILY, next_at=soon)
    client = Client()
    client.force_login(user)
    session = client.cookies["sessionid"].value
    pages = {}
    for name, (who, methods, kind) in POLICIES.items():
        thing = things.get(kind) or _any(kind) if kind else None
        if "GET" not in methods or (kind and thing is None) or name == "password_reset_confirm":
            continue
        address = reverse(
            name, args=[thing.public_id, *EXTRA_ARGUMENTS.get(name, [])] if thing else []
        )
        if name == "candidates:evaluation":
            address += "?show=pages"
        elif name == "candidates:movement":
            address = reverse(name, args=[running.public_id])
        elif name == "candidates:compare":
            address += "?" + "&".join(f"c={evaluation.public_id}" for evaluation in (best, *others))
        answer = client.get(address, headers={"Host": "localhost"})
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            pages[name.rpartition(":")[2]] = (address, "" if who == PUBLIC else session)
    pages["not-found"] = ("/nowhere/", session)
    staff = Client()  # one that logs in anew would end its session
    staff.force_login(User.objects.get(username="staff"))
    session = staff.cookies["sessionid"].value
    for name, address in {
        "admin": reverse("admin:index"),
        "admin-overview": reverse("admin:jobs_period_changelist"),
        "admin-jobs": reverse("admin:jobs_job_changelist"),
        "admin-job": reverse("admin:jobs_job_change", args=[job.pk]),
        "admin-errors": reverse("admin:jobs_job_errors"),
        "admin-hosts": reverse("admin:jobs_heartbeat_changelist"),
        "admin-outbox": reverse("admin:jobs_notification_changelist"),
    }.items():
        pages[name] = (address, session)
    return pages


def _any(kind: Any) -> Any:
    return kind._default_manager.first()


@contextmanager
def _django() -> Iterator[None]:
    import django

    django.setup()
    from django.conf import settings
    from django.db import connections

    settings.DEBUG = False
    try:
        yield
    finally:
        connections.close_all()


@contextmanager
def _web_server() -> Iterator[str]:
    place = f"127.0.0.1:{os.environ['PORT']}"
    command = [sys.executable, "-m", "gunicorn", "evaluator.wsgi", "--threads", "4"]
    server = subprocess.Popen([*command, "--bind", place, "--log-level", "warning"], cwd=ROOT)
    until = time.monotonic() + READY_SECONDS
    try:
        while True:
            try:
                with urlopen(f"http://{place}/healthz", timeout=5):
                    break
            except OSError:
                if time.monotonic() > until:
                    raise SystemExit("The web server does not start.") from None
                time.sleep(0.1)
        yield f"http://{place}"
    finally:
        server.terminate()
        server.wait(20)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
