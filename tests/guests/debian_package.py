"""Packages of Debian whose files the tests need, but which nobody has to install for that."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
LISTS = "/etc/apt/sources.list.d"
ARCHIVES = Path("/var/cache/apt/archives")
# Not as _apt, who may not write into a directory of root's own
OPTIONS = ("-q", "-o", "APT::Sandbox::User=root")


class AptError(Exception):
    """A command of apt failed."""


def unpacked(package: str, directory: Path) -> Path:
    """The files of a package, below a directory; without a network, of the one in apt's cache."""
    found = sorted(ARCHIVES.glob(f"{package}_*.deb"))
    if not found:
        _by_the_lists(lambda: _run("apt-get", *OPTIONS, "download", package, directory=directory))
        found = sorted(directory.glob(f"{package}_*.deb"))
    root = directory / package
    subprocess.run(["dpkg-deb", "--extract", found[-1], root], env=ENVIRONMENT, check=True)
    return root


def dependencies(package: str) -> list[str]:
    """What a package depends on."""
    shown = _by_the_lists(lambda: _run("apt-cache", "depends", "--important", package))
    return [line.split()[1] for line in shown.splitlines() if line.strip().startswith("Depends:")]


def _by_the_lists(ask: Callable[[], str]) -> str:
    """What apt answers by its lists of what there is; they are fetched only if those at hand don't do."""
    lists = os.open(LISTS, os.O_RDONLY)
    try:
        fcntl.flock(lists, fcntl.LOCK_EX)  # whoever fetches the lists is alone with them
        try:
            return ask()
        except AptError:
            _run("apt-get", *OPTIONS, "update")
            return ask()
    finally:
        os.close(lists)


def _run(*command: str, directory: Path | None = None) -> str:
    """What a command of apt prints."""
    done = subprocess.run(command, cwd=directory, env=ENVIRONMENT, text=True, capture_output=True, check=False)
    if done.returncode:
        raise AptError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout
