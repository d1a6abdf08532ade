"""A port on which the workers' supervisor says how they are, for those who watch containers."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class PortTaken(Exception):
    """The port cannot be had; says why."""


def serve(port: int, ailment: Callable[[], str]) -> ThreadingHTTPServer:
    """Answer /healthz on `port` of all addresses, in a thread: 200, or 503 with the ailment.

    Raises PortTaken. Port 0 is any that is free.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = 5  # seconds for who connects and then says nothing

        def do_GET(self) -> None:
            if self.path.partition("?")[0] != "/healthz":
                self._answer(404, "There is only /healthz here.")
            elif trouble := ailment():
                self._answer(503, trouble)
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
            """A look every few seconds is nothing to write down."""

    try:
        server = ThreadingHTTPServer(("", port), Handler)
    except OSError as error:
        raise PortTaken(error.strerror) from error
    Thread(target=server.serve_forever, name="healthz", daemon=True).start()
    return server
