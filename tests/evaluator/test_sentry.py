"""What reaches Sentry, seen by a server that stands in its place."""

import gzip
import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.evaluator.test_settings import manage

pytestmark = pytest.mark.processes

MARKER = "Zyxwvutsrq"
FAIL = f"""
import logging
from django.test import Client
from evaluator import middleware
from jobs import tracing

def boom(request):
    resume = request.POST["text"]
    raise ValueError("cannot read " + resume)

middleware.PROBES["/boom"] = boom
Client(raise_request_exception=False).post("/boom?q={MARKER}", {{"text": "{MARKER}"}})

@tracing.task
def score(pk):
    resume = "{MARKER}"
    raise KeyError(resume)

try:
    score(7)
except tracing.TaskFailed:
    pass
logging.getLogger("elsewhere").error("cannot take {MARKER}")
"""


@pytest.fixture
def sentry() -> Iterator[tuple[str, list[bytes]]]:
    """Its address as a DSN, and what it was sent."""
    sent: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.append(
                gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://key@127.0.0.1:{server.server_address[1]}/1", sent
    server.shutdown()
    server.server_close()
    thread.join()


def events(sent: list[bytes]) -> list[dict[str, Any]]:
    """The events of all envelopes, which hold a line of JSON each."""
    lines = [json.loads(line) for body in sent for line in body.splitlines() if line]
    return [line for line in lines if "event_id" in line and "level" in line]


def test_a_fault_arrives_without_a_word_of_a_resume(
    tmp_path: Path, sentry: tuple[str, list[bytes]]
) -> None:
    dsn, sent = sentry

    done = manage("shell", "-v0", "-c", FAIL, EVALUATOR_VAR=str(tmp_path), SENTRY_DSN=dsn)

    assert done.returncode == 0, done.stderr
    assert MARKER not in b"".join(sent).decode()
    reported = events(sent)
    faults = {
        value["type"]: (value, event)
        for event in reported
        for value in event.get("exception", {}).get("values", [])
    }
    assert set(faults) == {"ValueError", "KeyError"}
    value, event = faults["KeyError"]
    assert value["stacktrace"]["frames"][-1]["function"] == "score"
    assert "vars" not in value["stacktrace"]["frames"][-1]
    assert (event["tags"]["task"], event["tags"]["of"]) == ("score", "7")
    assert faults["ValueError"][1]["tags"]["request"]
    assert any(event.get("logger") == "elsewhere" for event in reported)
    assert not any("request" in event or "extra" in event for event in reported)


def test_without_an_address_nothing_is_loaded(tmp_path: Path) -> None:
    ask = "import sys; print('sentry_sdk' in sys.modules)"

    assert manage("shell", "-v0", "-c", ask, EVALUATOR_VAR=str(tmp_path)).stdout == "False\n"
