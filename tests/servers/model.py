"""A model server for tests: real HTTP on loopback, the chat-completions protocol, scripted faults.

By default it answers by the JSON schema it is sent: rating 3 for each criterion, with a line of the
résumé as its quote. `script` holds what to answer instead, one entry a request, the last for good.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = dict[str, Any]


@dataclass
class Reply:
    """What to answer: a status with a body, after `seconds`; `drop` cuts the connection instead."""

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    drop: bool = False


Step = Reply | Callable[[Request], Reply]


@dataclass
class ModelServer:
    url: str
    script: list[Step] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    in_flight: int = 0
    most_in_flight: int = 0

    def next(self, request: Request) -> Reply:
        with self.lock:
            self.requests.append(request)
            step: Step = rated
            if self.script:
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return step if isinstance(step, Reply) else step(request)


def rated(request: Request, rating: int = 3, **message: Any) -> Reply:
    """Every criterion of the schema rated alike, with a line of the résumé as its quote."""
    resume = request["messages"][2]["content"].removeprefix("<resume>\n")
    line = next((line for line in resume.splitlines() if len(line) > 20), "")
    keys = request["response_format"]["json_schema"]["schema"]["required"]
    one = {"quotes": [line], "reason": "The line says so.", "rating": rating}
    return said(json.dumps(dict.fromkeys(keys, one)), **message)


def said(text: str | None, finish: str = "stop", **message: Any) -> Reply:
    """A whole answer of the protocol with this content."""
    body = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "scripted",
        "choices": [
            {
                "index": 0,
                "finish_reason": finish,
                "message": {"role": "assistant", "content": text, "refusal": None, **message},
            }
        ],
        "usage": {
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 80},
        },
    }
    return Reply(body=json.dumps(body))


def error(status: int, code: str = "", **headers: str) -> Reply:
    """An error of the protocol."""
    told = {"error": {"message": "scripted", "type": "scripted", "param": None, "code": code}}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(told), headers=named)


@contextmanager
def serving(*script: Step) -> Iterator[ModelServer]:
    """The server, from its first moment to its last."""
    state = ModelServer(url="", script=list(script))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            request = json.loads(self.rfile.read(length))
            request["_path"], request["_key"] = self.path, self.headers.get("Authorization")
            with state.lock:
                state.in_flight += 1
                state.most_in_flight = max(state.most_in_flight, state.in_flight)
            try:
                reply = state.next(request)
                time.sleep(reply.seconds)
            finally:
                with state.lock:
                    state.in_flight -= 1
            if reply.drop:
                self.close_connection = True
                return
            data = reply.body.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
