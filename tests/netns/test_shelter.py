"""Tests never leave their root: no host is made where its commands would change the machine."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from lab.host import ENVIRONMENT, Host

NETNS = Path(__file__).resolve().parent

# All of it happens in namespaces of its own, so that a host that is made nevertheless harms nothing.
SHELTERED = ["unshare", "--mount", "--net", "--uts", "--propagation", "private", "sh", "-ec"]

MAKE_HOST = f"""
import sys
sys.path.insert(0, {str(NETNS)!r})
from lab.host import Host
with Host("stranded") as host:
    host.run(": > /etc/network/stranded")
"""

# By its mount alone this root differs from the machine's; the other one is a directory of a file system.
BOUND = 'mount --rbind / "$1"; chroot "$1" /usr/bin/python3 -B -c "$2"'
DIRECTORY = """
mount -t tmpfs tmpfs "$1"
mkdir "$1/root"
for directory in bin sbin lib lib64 dev etc proc run sys usr "$3"; do
    mkdir -p "$1/root/$directory"
    mount --rbind "/$directory" "$1/root/$directory"
done
chroot "$1/root" /usr/bin/python3 -B -c "$2"
"""

# An unshare that makes no namespaces: what the host is made in are those of its maker.
UNSHARE = """#!/bin/sh
while [ "$1" != sh ]; do shift; done
exec "$@"
"""
WITHOUT_NAMESPACES = """
look() { ls /etc/network /run; sysctl -a --pattern '(forwarding|proxy_arp)$'; hostname; }
mount -t tmpfs tmpfs /run
mount --bind "$1/unshare" /usr/bin/unshare
look > "$1/before"
/usr/bin/python3 -B -c "$2" || code=$?
look > "$1/after"
exit $code
"""


def refusal(script: str, *arguments: object) -> str:
    """The last line that the maker of a host says, who must be refused."""
    command = [*SHELTERED, script, "sh", *map(str, arguments)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=ENVIRONMENT)
    assert done.returncode == 1, done
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("script", [BOUND, DIRECTORY], ids=["a bind mount of /", "a directory"])
def test_no_host_is_made_in_a_chroot(tmp_path: Path, script: str) -> None:
    line = refusal(script, tmp_path, MAKE_HOST, str(NETNS).lstrip("/"))
    assert line.startswith("lab.shelter.NoShelter: this is a chroot: nsenter --mount would leave it")
    assert not Path("/etc/network/stranded").exists()


def test_no_host_has_the_network_of_those_who_make_it(tmp_path: Path) -> None:
    unshare = tmp_path / "unshare"
    unshare.write_text(UNSHARE, "utf-8")
    unshare.chmod(0o755)
    line = refusal(WITHOUT_NAMESPACES, tmp_path, MAKE_HOST)
    assert line.startswith("lab.shelter.NoShelter: stranded: this is the machine's own network, or its own mounts")
    assert (tmp_path / "before").read_text("utf-8") == (tmp_path / "after").read_text("utf-8")


def test_a_host_is_made_in_a_root_by_pivot_root(tmp_path: Path) -> None:
    pivot = 'mount --rbind / "$1"; cd "$1"; pivot_root . mnt; umount -l mnt; cd /; /usr/bin/python3 -B -c "$2"'
    command = [*SHELTERED, pivot, "sh", str(tmp_path), MAKE_HOST]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, env=ENVIRONMENT)
    assert not Path("/etc/network/stranded").exists()


def test_a_host_is_made_here() -> None:
    with Host("host") as host:
        host.run(": > /etc/network/stranded")
    assert not Path("/etc/network/stranded").exists()
