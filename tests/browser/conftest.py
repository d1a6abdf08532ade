"""Fixtures of the browser tests: a real browser, a live server and a real worker.

An error in the console, a failing script or a violation of the content policy on any page fails the
test.
"""

import asyncio
import re
import sys
import time
from asyncio import _get_running_loop, _set_running_loop
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection, connections
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from pytest_django.live_server_helper import LiveServer

from jobs.models import Heartbeat
from jobs.workers.processes import MANAGE, start_process, stop_process
from tests.chromium import find_chromium

# Playwright's event loop, once there is a browser.
LOOP = pytest.StashKey[asyncio.AbstractEventLoop | None]()
ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TIMEOUT_MS = 60_000  # ms; the machine may be busy with other tests
STOP_GRACE_SECONDS = 20.0


@pytest.fixture(scope="session")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """One for each process of a run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        loop = asyncio.get_running_loop()
        yield browser
        _set_running_loop(loop)
        browser.close()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Let Playwright's event loop be this thread's during the tests of this folder only.

    While it is, no other loop can run, and Django takes the thread for asynchronous code, for which
    it keeps another connection to the database.
    """
    if not item.get_closest_marker("browser"):
        return (yield)
    _set_running_loop(item.session.stash.get(LOOP, None))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        try:
            return (yield)
        finally:
            connections.close_all()
            if loop := _get_running_loop():
                item.session.stash[LOOP] = loop
            _set_running_loop(None)


@pytest.fixture
def context(browser: Browser, live_server: LiveServer) -> Iterator[BrowserContext]:
    context = browser.new_context(base_url=live_server.url)
    context.set_default_timeout(TIMEOUT_MS)
    expect.set_options(timeout=TIMEOUT_MS)
    yield context
    context.close()


@pytest.fixture
def complaints() -> list[str]:
    """Errors and warnings of the browser."""
    return []


@pytest.fixture
def page(
    request: pytest.FixtureRequest, context: BrowserContext, complaints: list[str]
) -> Iterator[Page]:
    """A page without errors of the browser, except those with a word of `complaints(word, ...)`."""
    mark = request.node.get_closest_marker("complaints")
    expected = mark.args if mark else ()
    page = context.new_page()
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert [
        message for message in complaints if not any(word in message for word in expected)
    ] == []


@pytest.fixture
def at_home(page: Page, alice: User, live_server: LiveServer) -> Page:
    """The page, with Alice logged in."""
    client = Client()
    client.force_login(alice)
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    return page


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """The folder to which the worker writes its e-mails."""
    return tmp_path / "mail"


@pytest.fixture
def worker(live_server: LiveServer, mail: Path) -> Iterator[None]:
    """`manage.py worker` on the test's database, from its first heartbeat to its regular end."""
    place = connection.get_connection_params()
    url = f"postgres://{place['user']}@{quote(place['host'], safe='')}/{place['dbname']}"
    process = start_process(
        [sys.executable, str(MANAGE), "worker", "--workers", "2", "--grace", "5"],
        quiet=True,
        env={
            "DATABASE_URL": url,
            "DEBUG": "1",
            "SECRET_KEY": settings.SECRET_KEY,
            "DJANGO_SETTINGS_MODULE": "evaluator.settings",
            "EVALUATOR_VAR": str(mail.parent),
            "SITE_URL": live_server.url,
        },
    )
    try:
        until(lambda: process.poll() is not None or Heartbeat.objects.alive().exists())
        assert process.poll() is None, "The worker ended before it took any work."
        yield
    finally:
        stop_process(process, grace=STOP_GRACE_SECONDS)


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `condition()` is true; fail after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not come true in time."
        time.sleep(0.05)


def words(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
