"""Copies of a Debian root that forget: their changes go to memory, their network is a namespace."""

from __future__ import annotations

import subprocess
from pathlib import Path

from lab.shelter import expect_shelter

ENVIRON = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}

# An overlay over the root. Beside it only what a chroot needs; /run is private: ifup finds no state but its own.
_HOLD = """
set -e
mount -t tmpfs tmpfs "$1"
cd "$1"
mkdir upper work root
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" root
cd root
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir run/network
ip link set lo up
echo ready
exec cat
"""


def hold(directory: Path, lower: Path) -> subprocess.Popen[str]:
    """Makes a copy of a root at `directory`/root; the process keeps its namespaces until its input ends."""
    expect_shelter()
    holder = subprocess.Popen(
        ["unshare", "--mount", "--net", "sh", "-c", _HOLD, "sh", directory, lower],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRON,
    )  # fmt: skip
    assert holder.stdout is not None
    assert holder.stdout.readline() == "ready\n"
    return holder
