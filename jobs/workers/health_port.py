"""A port on which the workers' supervisor says how they are, for what watches containers."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from jobs.monitoring.problems import SystemProblem

CLIENT_SECONDS = 5  # for a client that connects and then sends nothing


class PortTaken(Exception):
    """The port cannot be had; says why."""


def serve(port: int, problem: Callable[[], SystemProblem | None]) -> ThreadingHTTPServer:
    """Answer /healthz on `port` of all addresses, in a thread: 200, or 503 with the problem.

    Raises PortTaken. Port 0 is any that is free.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = CLIENT_SECONDS

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/healthz":
                self._answer(404, "There is only /healthz here.")
            elif (found_problem := problem()) is not None:
                self._answer(503, f"{found_problem.title} {found_problem.remedy}")
            else:
                self._answer(200, "ok")

        do_HEAD = do_GET

        def _answer(self, status: int, text: str) -> None:
            body = f"{text}\n".encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Requests that come every few seconds are not logged."""

    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        raise PortTaken(error.strerror) from error
    Thread(target=server.serve_forever, name="healthz", daemon=True).start()
    return server
