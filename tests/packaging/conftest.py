"""Builds the package, and lends every test a copy of this machine to install it on."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "netns"))

from machine import ROOT, Machine, build, never_installed


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """A copy of this machine on which the package was never installed."""
    (tmp_path / "machine").mkdir()
    with never_installed(tmp_path / "machine") as copy:
        yield copy


@pytest.fixture
def installed(machine: Machine, deb: Path) -> Machine:
    """A copy of this machine with the package on it."""
    machine.install(deb)
    return machine


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the sources to build in."""
    copy = tmp_path_factory.mktemp("tree") / "snf-network-helper"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".*_cache", "__pycache__", "*.egg-info"))
    return copy


@pytest.fixture(scope="session")
def deb(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The package: the one that SNF_DEB names, else one built here."""
    if "SNF_DEB" in os.environ:
        return Path(os.environ["SNF_DEB"]).resolve(strict=True)
    tree: Path = request.getfixturevalue("tree")
    build(tree, "dpkg-buildpackage", "-us", "-uc", "-b")
    (built,) = tree.parent.glob("*.deb")
    return built


@pytest.fixture(scope="session")
def newer_deb(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same package with a higher version."""
    directory = tmp_path_factory.mktemp("newer")
    content, built = directory / "content", directory / "newer.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", deb, content], check=True)
    control = content / "DEBIAN" / "control"
    control.write_text(control.read_text("utf-8").replace("\nVersion: ", "\nVersion: 99:"), "utf-8")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", content, built], check=True, capture_output=True)
    return built
