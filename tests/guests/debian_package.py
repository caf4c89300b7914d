"""Packages of Debian whose files the tests need, but which nobody has to install for that."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
LISTS = "/etc/apt/sources.list.d"


def unpacked(package: str, directory: Path) -> Path:
    """The files of a package, below a directory; the lists of what there is are fetched only if they don't do."""
    lists = os.open(LISTS, os.O_RDONLY)
    try:
        fcntl.flock(lists, fcntl.LOCK_EX)  # whoever fetches the lists is alone with them
        if _apt(["download", package], directory):
            _apt(["update"], directory, must=True)
            _apt(["download", package], directory, must=True)
    finally:
        os.close(lists)
    (deb,) = directory.glob(f"{package}_*.deb")
    root = directory / package
    subprocess.run(["dpkg-deb", "--extract", deb, root], env=ENVIRONMENT, check=True)
    deb.unlink()
    return root


def dependencies(package: str) -> list[str]:
    """What a package depends on, by the lists of what there is."""
    command = ["apt-cache", "depends", "--important", package]
    shown = subprocess.run(command, env=ENVIRONMENT, text=True, capture_output=True, check=True).stdout
    return [line.split()[1] for line in shown.splitlines() if line.strip().startswith("Depends:")]


def _apt(arguments: list[str], directory: Path, must: bool = False) -> int:
    # Not as _apt, who may not write into a directory of root's own
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *arguments]
    done = subprocess.run(command, cwd=directory, env=ENVIRONMENT, text=True, capture_output=True, check=False)
    if must and done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr}")
    return done.returncode
