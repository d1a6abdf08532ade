"""Lanes in this process and their model server, as in tests/jobs; networks of one host each."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.jobs.conftest import impatient, model
from tests.networks import Network, NetworksUnavailable, isolated_networks

__all__ = ["impatient", "model"]


@pytest.fixture
def networks() -> Iterator[list[Network]]:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(isolated_networks(2))
        except NetworksUnavailable as error:
            pytest.skip(str(error))
        yield made
