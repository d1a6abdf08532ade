"""Tasks that do nothing, for the queues that are measured, and the apps of the other two."""

import os
import socket
import time

from celery import Celery
from procrastinate import App, PsycopgConnector


def nothing() -> None:
    pass


def stamp(port: int) -> None:
    """Tell at which time this started; the clock is the machine's."""
    now = time.monotonic()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(repr(now).encode(), ("127.0.0.1", port))


def celery() -> Celery:
    app = Celery("peers", broker=os.environ["PEERS_REDIS"])
    app.conf.task_ignore_result = True
    app.conf.broker_connection_retry_on_startup = True
    app.task(nothing, name="nothing")
    app.task(stamp, name="stamp")
    return app


def procrastinate() -> App:
    app = App(connector=PsycopgConnector(conninfo=os.environ["PEERS_POSTGRES"]))

    async def async_nothing() -> None:
        nothing()

    async def async_stamp(port: int) -> None:
        stamp(port)

    app.task(name="nothing")(async_nothing)
    app.task(name="stamp")(async_stamp)
    return app


if "PEERS_REDIS" in os.environ:
    app = celery()
if "PEERS_POSTGRES" in os.environ:
    worker_app = procrastinate()
