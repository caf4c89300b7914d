"""Where hosts may be made at all.

Commands enter a host by `nsenter --mount`, which goes to the root of the mount namespace. In a chroot this is the root
of the machine, where nothing is private: its /etc and /run would be written to.
"""

from __future__ import annotations

import os
import subprocess
from functools import cache

# What the root is: a mount, and a directory on it. A chroot into a bind mount of / differs by the mount alone.
IDENTITY = "exec 3</; sed -n 's/^mnt_id:\\t//p' /proc/self/fdinfo/3; stat --format=%i /"


class NoShelter(Exception):
    """What would be done here would be done to the machine."""


@cache
def stays_in_root() -> bool:
    """Whether `nsenter --mount` stays in the root of this process."""
    here, there = (
        subprocess.run([*enter, "sh", "-ec", IDENTITY], stdin=subprocess.DEVNULL, capture_output=True, check=True)
        for enter in ((), ("nsenter", f"--target={os.getpid()}", "--mount"))
    )
    return here.stdout == there.stdout


def expect_shelter() -> None:
    """Refuses to go on in a chroot."""
    if not stays_in_root():
        raise NoShelter("this is a chroot: nsenter --mount would leave it, and change the machine (use pivot_root)")


def namespaces() -> list[str]:
    """The network and the mounts of this process, which are the machine's: no command on a host may see them."""
    return [os.readlink(f"/proc/self/ns/{kind}") for kind in ("net", "mnt")]
