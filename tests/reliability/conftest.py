"""Makes the hosts of the network lab importable here, and lends every test a node."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))

from node import Node


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    """One node for a module's tests, each of which leaves it as it was."""
    with Node("eth1") as node:
        yield node
