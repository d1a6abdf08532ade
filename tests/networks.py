"""Hosts in networks of their own: Linux network namespaces, each with one line to a common hub.

A host there reaches the database and the model server through relays of this process, which listen
in the hub. With the line down it is cut off silently: connections stay open, and nothing comes
through. The hub is a namespace too: Chromium breaks off what it loads when a line is added to or
taken from its own network.
"""

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.db import connection


class NetworksUnavailable(Exception):
    """No networks can be made here; says why."""


@dataclass(frozen=True)
class Network:
    """A network of one host, which reaches its end in the hub, and nothing else, over one line."""

    name: str
    hub: str
    address: str  # of the hub's end of the line

    def set_line(self, state: str) -> None:
        """Take the line "up" or "down"."""
        _ip("-n", self.hub, "link", "set", self.name, state)

    @property
    def within(self) -> list[str]:
        """The command that starts another one in this network."""
        return ["ip", "netns", "exec", self.name]


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def isolated_networks(count: int) -> Iterator[list[Network]]:
    """So many networks, which are gone afterwards. Raises NetworksUnavailable."""
    if os.geteuid() != 0 or sys.platform != "linux" or not shutil.which("ip"):
        raise NetworksUnavailable("network namespaces require root, Linux and iproute2")
    with ExitStack() as stack:
        try:
            hub = stack.enter_context(_namespace(f"ev{os.getpid()}hub"))
            made = [stack.enter_context(_network(number, hub)) for number in range(count)]
        except subprocess.CalledProcessError as error:
            reason = error.stderr.decode().strip()
            raise NetworksUnavailable(f"no networks can be made here: {reason}") from error
        yield made


@contextmanager
def _namespace(name: str) -> Iterator[str]:
    _ip("netns", "add", name)
    try:
        yield name
    finally:
        _ip("netns", "del", name)  # and its lines with it


@contextmanager
def _network(number: int, hub: str) -> Iterator[Network]:
    subnet = f"10.200.{number}"
    with _namespace(f"ev{os.getpid()}n{number}") as name:
        network = Network(name, hub, f"{subnet}.1")
        peer = ("type", "veth", "peer", "name", "line", "netns", name)
        _ip("-n", hub, "link", "add", name, *peer)
        _ip("-n", hub, "addr", "add", f"{network.address}/30", "dev", name)
        network.set_line("up")
        for arguments in (
            ("addr", "add", f"{subnet}.2/30", "dev", "line"),
            ("link", "set", "line", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *arguments)
        yield network


def _listen_in(hub: str, address: str) -> socket.socket:
    """A socket that listens in the hub; it stays there, while this thread returns."""
    here_path, hub_path = Path("/proc/thread-self/ns/net"), Path("/run/netns", hub)
    with here_path.open() as here, hub_path.open() as there:
        os.setns(there.fileno(), os.CLONE_NEWNET)
        try:
            return socket.create_server((address, 0))
        finally:
            os.setns(here.fileno(), os.CLONE_NEWNET)


@contextmanager
def servers_reachable_from(network: Network, model_url: str) -> Iterator[dict[str, str]]:
    """The environment with which a host in this network finds the database and the model."""
    model_port = urlsplit(model_url).port or 0

    def connect_to_model() -> socket.socket:
        return socket.create_connection(("127.0.0.1", model_port))

    with (
        _relay(network, _connect_to_database) as database_port,
        _relay(network, connect_to_model) as port,
    ):
        name = connection.settings_dict["NAME"]
        yield {
            "DATABASE_URL": f"postgres://postgres@{network.address}:{database_port}/{name}",
            "OPENAI_BASE_URL": f"http://{network.address}:{port}/v1",
        }


def _connect_to_database() -> socket.socket:
    parameters = connection.get_connection_params()
    client = socket.socket(socket.AF_UNIX)
    client.connect(f"{parameters['host']}/.s.PGSQL.{parameters.get('port') or 5432}")
    return client


@contextmanager
def _relay(network: Network, connect: Callable[[], socket.socket]) -> Iterator[int]:
    """Hand on what comes to the network's address in the hub; yields the port."""
    listening = _listen_in(network.hub, network.address)
    opened = [listening]

    def accept() -> None:
        with suppress(OSError):
            while True:
                ends = (listening.accept()[0], connect())
                opened.extend(ends)
                for source, sink in (ends, ends[::-1]):
                    threading.Thread(target=copy, args=(source, sink), daemon=True).start()

    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        with suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        for each in opened:
            each.close()
