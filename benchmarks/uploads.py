"""How long a thousand PDFs take from the first request until all are read, and how quick the pages
stay meanwhile: through the real web server, with two worker processes, on a database of their own.
"""

import io
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener
from uuid import uuid4

ROOT = Path(__file__).resolve().parent.parent
FILE_COUNT = 1_000
FILES_PER_REQUEST = 50  # as the page's script sends
PARALLEL_REQUESTS = 3
POLL_SECONDS = 0.25  # between requests for the draft's page
MAX_SECONDS = 300.0
USER, PASSWORD = "bench", uuid4().hex
MAKE_USER = (
    "from django.contrib.auth.models import User; from candidates.models import Draft; "
    f"u = User.objects.create_user('{USER}', password='{PASSWORD}'); "
    "d = Draft.objects.create(owner=u, title='Engineer', description='Builds.'); "
    "d.refresh_from_db(); print(d.get_absolute_url())"
)


def main() -> None:
    pdfs = make_pdfs(FILE_COUNT)
    size = statistics.mean(map(len, pdfs)) / 1024
    with tempfile.TemporaryDirectory() as var, running(Path(var)) as (site, page):
        idle = [_timed(site, page) for _ in range(20)]
        began = time.monotonic()
        done = threading.Event()
        with ThreadPoolExecutor(PARALLEL_REQUESTS + 1) as threads:
            looking = threads.submit(_look, site, page, done)
            batches = [
                pdfs[start : start + FILES_PER_REQUEST]
                for start in range(0, FILE_COUNT, FILES_PER_REQUEST)
            ]
            upload = f"{page}upload/"
            list(threads.map(lambda batch: _send(site, page, upload, batch), batches))
            uploaded = time.monotonic() - began
            while not _all_read(site, page):
                if time.monotonic() - began > MAX_SECONDS:
                    raise SystemExit(f"Not all were read within {MAX_SECONDS:g} s.")
                time.sleep(POLL_SECONDS)
            read = time.monotonic() - began
            done.set()
            busy = looking.result()
        after = [_timed(site, page) for _ in range(20)]
    _say(
        "",
        f"## {FILE_COUNT:,} PDFs of two pages and {size:.0f} KB, through the web server",
        "",
        "| | |",
        "|---|---|",
        f"| uploaded after | {uploaded:.1f} s |",
        f"| all read after | {read:.1f} s |",
        f"| the draft's page meanwhile, median and 95th of {len(busy)} | "
        f"{1000 * statistics.median(busy):.0f} and {1000 * _percentile(busy, 95):.0f} ms |",
        f"| the same before, and after | {1000 * statistics.median(idle):.0f} and "
        f"{1000 * statistics.median(after):.0f} ms |",
    )


def make_pdfs(count: int) -> list[bytes]:
    """Résumés of two pages with a photograph, each of somebody else."""
    import random

    from PIL import Image
    from reportlab.lib.utils import ImageReader
    from reportlab.pdfgen.canvas import Canvas

    from tests.makers.layouts import Sheet

    chance = random.Random(7)  # noqa: S311
    noise = bytes(chance.randrange(256) for _ in range(120 * 150 * 3))
    photo = ImageReader(Image.frombytes("RGB", (120, 150), noise))
    made = []
    for number in range(count):
        out = io.BytesIO()
        canvas = Canvas(out, invariant=1)
        for page in range(2):
            sheet = Sheet(2 * number + page)
            sheet.main(60, 760, 470, 3)
            canvas.drawString(60, 800, f"Jane Example{number}, jane{number}@example.com")
            canvas.drawImage(photo, 480, 770, 40, 50)
            for line in sheet.lines:
                canvas.setFont(line.font, line.size)
                canvas.drawString(line.x, line.y, line.text)
            canvas.showPage()
        canvas.save()
        made.append(out.getvalue())
    return made


@contextmanager
def running(var: Path) -> Iterator[tuple["Site", str]]:
    """Web server and worker as `start.sh` starts them; yields a session and the draft's path."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    environment = {
        **os.environ,
        "EVALUATOR_VAR": str(var),
        "PORT": port,
        "DEBUG": "1",
        "Q_WORKERS": "2",
    }
    environment.pop("DATABASE_URL", None)

    def manage(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    # Holds the embedded database from the first command to the last.
    started = []
    try:
        manage("migrate", "-v0")
        manage("createcachetable")
        page = manage("shell", "-v0", "-c", MAKE_USER).strip().splitlines()[-1]
        web = [sys.executable, "-m", "gunicorn", "evaluator.wsgi", "-b", f"127.0.0.1:{port}"]
        for command in (
            [*web, "--workers", "2", "--threads", "4", "--log-level", "error"],
            [sys.executable, "manage.py", "worker"],
        ):
            started.append(
                subprocess.Popen(
                    command,
                    cwd=ROOT,
                    env=environment,
                    stderr=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                )
            )
        site = Site(f"http://127.0.0.1:{port}")
        site.log_in()
        yield site, page
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait()


class Site:
    """A browser's session, as far as requests go; one opener for each thread."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.cookies = CookieJar()

    def open(self, path: str, body: bytes | None = None, **headers: str) -> str:
        opener: OpenerDirector = build_opener(HTTPCookieProcessor(self.cookies))
        request = Request(self.address + path, body, {"Referer": self.address, **headers})  # noqa: S310
        with opener.open(request) as answer:
            return str(answer.read().decode())

    def log_in(self) -> None:
        until = time.monotonic() + 60
        while True:
            try:
                page = self.open("/accounts/login/")
                break
            except URLError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)
        fields = {"csrfmiddlewaretoken": token_of(page), "username": USER, "password": PASSWORD}
        self.open("/accounts/login/", urlencode(fields).encode())


def token_of(page: str) -> str:
    match = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    if match is None:
        raise SystemExit("The page has no form to send.")
    return match.group(1)


def _send(site: Site, page: str, upload: str, batch: list[bytes]) -> None:
    boundary = uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n'
        f"{token_of(site.open(page))}\r\n".encode()
    ]
    for data in batch:
        parts.append(
            f'--{boundary}\r\nContent-Disposition: form-data; name="files"; '
            f'filename="{uuid4().hex}.pdf"\r\nContent-Type: application/pdf\r\n\r\n'.encode()
        )
        parts += [data, b"\r\n"]
    parts.append(f"--{boundary}--\r\n".encode())
    kind = f"multipart/form-data; boundary={boundary}"
    site.open(upload, b"".join(parts), **{"Content-Type": kind, "Accept": "application/json"})


def _all_read(site: Site, page: str) -> bool:
    return f"All {FILE_COUNT:,} are read" in " ".join(site.open(page).split())


def _timed(site: Site, page: str) -> float:
    began = time.monotonic()
    site.open(page)
    return time.monotonic() - began


def _look(site: Site, page: str, done: threading.Event) -> list[float]:
    times = []
    while not done.wait(POLL_SECONDS):
        times.append(_timed(site, page))
    return times


def _percentile(values: list[float], percent: int) -> float:
    return sorted(values)[min(len(values) * percent // 100, len(values) - 1)]


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
