"""Lends every test a node with the package installed, for each ifupdown that there is."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))

from roots import KINDS, Node, node


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """An ifupdown."""
    return str(request.param)


@pytest.fixture(scope="session")
def deb() -> Path:
    """The package."""
    return Path(os.environ["SNF_DEB"]).resolve(strict=True)


@pytest.fixture
def host(kind: str, tmp_path: Path, deb: Path) -> Iterator[Node]:
    """A node with that ifupdown."""
    (tmp_path / "node").mkdir()
    with node(tmp_path / "node", kind, deb) as made:
        yield made
