"""What the pages cost with 10,000 candidates in one analysis and 500 drafts in the account, through
gunicorn as in production, on a database of their own: time, queries and bytes of every page, of a
poll that finds nothing new, of 200 open job pages, and the ranking in a slow browser; of
1,000 candidates that move and of 5,000 files that are uploaded, in a browser.
"""

import gzip
import http.client
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from psutil import Process

from .stage import cpu, django_of_our_own, postgres, sample_texts, say

ROOT = Path(__file__).resolve().parent.parent
CANDIDATES = int(os.environ.get("BENCH_CANDIDATES", "10000"))
DRAFTS = int(os.environ.get("BENCH_DRAFTS", "500"))
SMALL_DRAFT_CANDIDATES = 20
REQUESTS_PER_PAGE = 40
OPEN_JOB_PAGES, POLLING_SECONDS = 200, 20.0  # open job pages, seconds
UPLOADED_FILES = 5_000  # that are uploaded at once
CPU_SLOWDOWN = 4  # times, of the processor in the browser
ROWS_PER_BATCH = 1_000


def main() -> None:
    with django_of_our_own() as user:
        began = time.monotonic()
        things = _fill(user)
        say("", f"({CANDIDATES:,} candidates, {DRAFTS} drafts: made in "
            f"{time.monotonic() - began:.0f} s)")  # fmt: skip
        cookie = _session(user)
        with _web() as (web, port):
            _pages(things, user, cookie, port)
            _exports(things["analysis"], cookie, port)
            _polls(things["job"], cookie, port, web)
            _scripts()
            _in_a_browser(things, cookie, port)


def _fill(user: Any) -> dict[str, Any]:
    """One large draft with its ranking and a run under way, and many small ones."""
    from django.db import connection
    from django.utils import timezone

    from candidates.models import Draft
    from jobs.models import Job, JobStatus

    from .stage import role

    chance = random.Random(6)  # noqa: S311
    drafts = Draft.objects.bulk_create(
        Draft(owner=user, title=f"Role {number}", description="Builds and runs it.")
        for number in range(DRAFTS - 1)
    )
    now = timezone.now()
    jobs = []
    for draft in drafts:
        ranked = _ranked(draft, user, SMALL_DRAFT_CANDIDATES, chance)
        jobs.append(
            Job(analysis=ranked, requested_by=user, status=JobStatus.COMPLETED,
                started_at=now, completed_at=now)
        )  # fmt: skip
    Job.objects.bulk_create(jobs)
    large = Draft.objects.all().write(user, role())
    analysis = _ranked(large, user, CANDIDATES, chance)
    Job.objects.create(
        analysis=analysis, requested_by=user, status=JobStatus.COMPLETED,
        started_at=now, completed_at=now,
    )  # fmt: skip
    running = _ranked(large, user, 0, chance)
    job = Job.objects.create(
        analysis=running, requested_by=user, status=JobStatus.PROCESSING,
        started_at=now - timedelta(minutes=5),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO candidates_evaluation (analysis_id, candidate_id) "
            "SELECT %s, id FROM candidates_candidate WHERE draft_id = %s",
            [running.pk, large.pk],
        )
        cursor.execute("ANALYZE")
    for row in (large, analysis, job):
        row.refresh_from_db()
    return {"draft": large, "analysis": analysis, "job": job}


def _ranked(draft: Any, user: Any, count: int, chance: random.Random) -> Any:
    from django.utils import timezone

    from candidates.models import Analysis, Candidate, Evaluation
    from candidates.models.analysis import EvaluationStatus
    from candidates.models.candidate import CandidateStatus

    now = timezone.now()
    criteria, texts = draft.rubric(), sample_texts()
    analysis = Analysis.objects.create(
        draft=draft, requested_by=user, title=draft.title, criteria=criteria.to_json(),
        engine="local", model="a-model", version="local-9", top_n=10,
    )  # fmt: skip
    rank = 0
    for start in range(0, count, ROWS_PER_BATCH):
        numbers = range(start, min(start + ROWS_PER_BATCH, count))
        people = Candidate.objects.bulk_create(
            Candidate(
                draft=draft, filename=f"{number}.pdf", file=f"bench/{draft.pk}/{number}",
                size=1, sha256=sha256(f"{draft.pk} {number}".encode()).hexdigest(),
                status=CandidateStatus.READABLE, read_at=now, name=f"Person {number}", pages=2,
                text=texts[number % len(texts)],
            )
            for number in numbers
        )  # fmt: skip
        rows = []
        for person in people:
            rank += 1
            rows.append(
                Evaluation(
                    analysis=analysis, candidate=person, status=EvaluationStatus.SCORED,
                    scored_at=now, rank=rank, score=round(100 * (1 - rank / (count + 1)), 1),
                    ratings=[_rating(criterion.key, chance) for criterion in criteria.criteria],
                )
            )  # fmt: skip
        Evaluation.objects.bulk_create(rows)
    return analysis


def _rating(key: str, chance: random.Random) -> dict[str, Any]:
    quote = {"text": "has built services with it", "start": 0, "end": 26}
    return {
        "criterion": key,
        "rating": round(chance.uniform(0, 4), 1),
        "explanation": "The résumé says so in so many words, and more than once.",
        "reason": None,
        "quotes": [quote],
        "supported": True,
        "dropped": 0,
    }


def _session(user: Any) -> str:
    from django.test import Client

    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


@contextmanager
def _web() -> Iterator[tuple[Process, int]]:
    """gunicorn as the Procfile starts it, on the same database."""
    from django.conf import settings
    from django.db import connection

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    place = connection.get_connection_params()
    environment = {
        **os.environ,
        "DEBUG": "0",
        "DATABASE_URL": f"postgres://{place['user']}@{quote(place['host'], safe='')}/"
        f"{place['dbname']}",
        "SECRET_KEY": settings.SECRET_KEY,
        "SITE_URL": f"http://127.0.0.1:{port}",
        "LOG_LEVEL": "WARNING",
    }
    collect = [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"]
    subprocess.run(collect, cwd=ROOT, env=environment, check=True)
    command = [sys.executable, "-m", "gunicorn", "evaluator.wsgi", "--threads", "8"]
    started = subprocess.Popen(
        [*command, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"],
        cwd=ROOT,
        env=environment,
    )
    try:
        until = time.monotonic() + 60
        while _ask(port, "/healthz", "")[0] != 200:
            if started.poll() is not None or time.monotonic() > until:
                raise SystemExit("The web server does not start.")
            time.sleep(0.2)
        yield Process(started.pid), port
    finally:
        started.terminate()
        started.wait(20)


def _ask(port: int, path: str, cookie: str, **headers: str) -> tuple[int, bytes, str]:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        line.request("GET", path, headers={"Cookie": f"sessionid={cookie}", **headers})
        answer = line.getresponse()
        return answer.status, answer.read(), answer.headers.get("ETag", "")
    except OSError:
        return 0, b"", ""
    finally:
        line.close()


def _pages(things: dict[str, Any], user: Any, cookie: str, port: int) -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from tests.test_access import EXTRA_ARGUMENTS, POLICIES

    client = Client(headers={"Host": "127.0.0.1"})
    client.force_login(user)
    by_kind = {type(thing): thing for thing in things.values()}
    say(
        "",
        f"## Pages, with {CANDIDATES:,} candidates in one analysis and {DRAFTS} drafts",
        "",
        "| page | p50 | p95 | queries | compressed |",
        "|---|---|---|---|---|",
    )
    worst = 0.0
    for name, (_, methods, kind) in POLICIES.items():
        thing = None
        if kind is not None:
            thing = by_kind.get(kind) or _newest(kind)
        if "GET" not in methods or (kind and thing is None) or name == "password_reset_confirm":
            continue
        path = reverse(
            name, args=[thing.public_id, *EXTRA_ARGUMENTS.get(name, [])] if thing else []
        )
        if name == "candidates:compare":
            best = things["analysis"].evaluations.filter(rank__lte=4)
            path += "?" + "&".join(
                f"c={public_id}" for public_id in best.values_list("public_id", flat=True)
            )
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(path)
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        body = _ask(port, path, cookie)[1]
        times = [
            _timed(lambda path=path: _ask(port, path, cookie))  # type: ignore[misc]
            for _ in range(REQUESTS_PER_PAGE)
        ]
        p95 = _percentile(times, 95)
        worst = max(worst, p95)
        say(
            f"| {name} | {statistics.median(times):.0f} ms | {p95:.0f} ms | {len(queries)} "
            f"| {len(gzip.compress(body, 6)) / 1024:.1f} KB |"
        )
    say("", f"The slowest: p95 {worst:.0f} ms.")


def _exports(analysis: Any, cookie: str, port: int) -> None:
    from django.urls import reverse

    say(
        "",
        "## Exports",
        "",
        f"| of {CANDIDATES:,} rows | seconds | MB |",
        "|---|---|---|",
    )
    for kind in ("csv", "xlsx", "json"):
        path = reverse("candidates:export", args=[analysis.public_id, kind])
        times, size = [], 0
        for _ in range(3):
            began = time.perf_counter()
            status, body, _tag = _ask(port, path, cookie)
            times.append(time.perf_counter() - began)
            size = len(body)
            if status != 200:
                raise SystemExit(f"The export as {kind} was answered {status}.")
        say(f"| {kind.upper()} | {statistics.median(times):.1f} | {size / 1e6:.1f} |")


def _newest(kind: Any) -> Any:
    return kind._default_manager.order_by("-pk").first()


def _polls(job: Any, cookie: str, port: int, web: Process) -> None:
    path = job.get_absolute_url()
    htmx = {"HX-Request": "true"}
    etag = _ask(port, path, cookie, **htmx)[2]
    asks = {**htmx, "If-None-Match": etag}
    statuses = {_ask(port, path, cookie, **asks)[0] for _ in range(10)}
    times = [_timed(lambda: _ask(port, path, cookie, **asks)) for _ in range(100)]
    every = 10  # as jobs/views/runs.py asks of a page whose job is no longer young
    began = cpu([web]), cpu([postgres()]), time.monotonic()
    over = threading.Event()
    watching = [
        threading.Thread(target=_watch, args=(path, cookie, port, asks, every, number, over))
        for number in range(OPEN_JOB_PAGES)
    ]
    for thread in watching:
        thread.start()
    time.sleep(POLLING_SECONDS)
    spent, stored = cpu([web]) - began[0], cpu([postgres()]) - began[1]
    seconds = time.monotonic() - began[2]
    over.set()
    for thread in watching:
        thread.join()
    say(
        "",
        "## Polling",
        "",
        "| | |",
        "|---|---|",
        f"| a poll that finds nothing new ({', '.join(map(str, sorted(statuses)))}), p50 and p95 | "
        f"{statistics.median(times):.1f} and {_percentile(times, 95):.1f} ms |",
        f"| {OPEN_JOB_PAGES} open job pages, each every {every} s: share of a core, web server | "
        f"{100 * spent / seconds:.0f}% |",
        f"| the same, PostgreSQL | {100 * stored / seconds:.0f}% |",
    )


def _watch(
    path: str, cookie: str, port: int, asks: dict[str, str], every: float, number: int,
    over: threading.Event,
) -> None:  # fmt: skip
    if over.wait(every * number / OPEN_JOB_PAGES):
        return
    while not over.is_set():
        _ask(port, path, cookie, **asks)
        over.wait(every)


def _scripts() -> None:
    sizes = {
        str(path.relative_to(ROOT / "static")): len(gzip.compress(path.read_bytes(), 9))
        for path in sorted((ROOT / "static").rglob("*.js"))
    }
    total = sum(sizes.values()) / 1024
    say("", f"All scripts together, compressed: {total:.1f} KB ({len(sizes)} files).")


def _in_a_browser(things: dict[str, Any], cookie: str, port: int) -> None:
    from playwright.sync_api import sync_playwright

    from tests.chromium import find_chromium

    site = f"http://127.0.0.1:{port}"
    loads, shown = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--headless", "--no-sandbox", "--disable-gpu"]
        )

        def opened(slower: int = 1) -> Any:
            context = browser.new_context(base_url=site)
            context.add_cookies([{"name": "sessionid", "value": cookie, "url": site}])
            page = context.new_page()
            if slower > 1:
                throttle = {"rate": slower}
                context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", throttle)
            return page

        for _ in range(5):
            page = opened(CPU_SLOWDOWN)
            page.goto(things["analysis"].get_absolute_url(), wait_until="load")
            loads.append(page.evaluate("performance.getEntriesByType('navigation')[0].duration"))
            paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
            shown.append(page.evaluate(paint))
            page.context.close()
        moves = _moves(opened(), things["analysis"])
        longest = _upload(opened(), things["draft"])
        browser.close()
    say(
        "",
        f"The ranking in Chromium with a processor {CPU_SLOWDOWN} times as slow, nothing cached: "
        f"loaded after {statistics.median(loads):.0f} ms, first seen after "
        f"{statistics.median(shown):.0f} ms (medians of {len(loads)}).",
        f"A weight is moved, 1,000 candidates change places: p50 {statistics.median(moves):.0f} "
        f"ms, the longest of {len(moves)} {max(moves):.0f} ms, with the layout.",
        f"{UPLOADED_FILES:,} files are chosen and uploaded: the page's longest turn took "
        + (f"{longest:.0f} ms." if longest else "less than 50 ms."),
    )


def _moves(page: Any, analysis: Any) -> list[float]:
    """Milliseconds of each move of a weight."""
    page.goto(analysis.get_absolute_url())
    page.locator("details:has([data-order]) > summary").click()
    page.locator("[data-order] li").first.wait_for()
    moves: list[float] = page.evaluate(
        """() => {
          const slider = document.querySelectorAll("input[type=range]")[2];
          return [...Array(50).keys()].map((number) => {
            const start = performance.now();
            slider.value = (number * 7) % 11;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            document.body.getBoundingClientRect();
            return performance.now() - start;
          });
        }"""
    )
    return moves


def _upload(page: Any, draft: Any) -> float:
    """Milliseconds of the longest turn from the moment that the page has the files (until then
    the browser itself makes them); 0 where none took 50."""
    page.goto(draft.get_absolute_url())
    page.evaluate(
        """() => {
          window.longest = 0;
          let chosen = Infinity;
          document.getElementById("files").addEventListener(
            "change", () => { chosen = performance.now(); }, { capture: true });
          new PerformanceObserver((list) => {
            for (const one of list.getEntries())
              if (one.startTime >= chosen) window.longest = Math.max(window.longest, one.duration);
          }).observe({ type: "longtask" });
        }"""
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder, f"cv{number}.txt") for number in range(UPLOADED_FILES)]
        for path in paths:
            path.write_text(f"{path.stem} of somebody\n")
        page.locator("#files").set_input_files(paths)
        done = f"Done: {UPLOADED_FILES} of {UPLOADED_FILES} files added."
        page.get_by_text(done).wait_for(timeout=600_000)
    longest: float = page.evaluate("window.longest")
    return longest


def _timed(act: Callable[[], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    act()
    return 1000 * (time.perf_counter() - began)


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


if __name__ == "__main__":
    main()
