"""What an engine does with a tap: it holds its file, and hands the frames to a machine and back."""

from __future__ import annotations

import fcntl
import os
import select
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.host import Host

TUNSETIFF = 0x400454CA  # include/uapi/linux/if_tun.h
IFF_TAP, IFF_NO_PI = 0x2, 0x1000


def tap(host: Host, name: str) -> int:
    """The open file of a tap: of one that is there, or of a new one that vanishes with the file."""
    with host.network():
        return _configured(os.open("/dev/net/tun", os.O_RDWR), name)


def macvtap(host: Host, name: str, directory: Path) -> int:
    """The open file of a macvtap, which has a device of its own."""
    major, minor = map(int, host.run(f"cat /sys/class/net/{name}/tap*/dev").split(":"))
    os.mknod(directory / name, 0o600 | 0o020000, os.makedev(major, minor))
    return _configured(os.open(directory / name, os.O_RDWR), name)


def _configured(file: int, name: str) -> int:
    fcntl.ioctl(file, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return file


@contextmanager
def wired(file: int, machine: Host, mac: str = "") -> Iterator[None]:
    """Gives the machine an eth0 whose frames go to the file and back; ends both."""
    inside = tap(machine, "eth0")
    machine.run(f"ip link set eth0 {f'address {mac}' if mac else ''} up")
    ended, end = os.pipe()
    thread = threading.Thread(target=_carry, args=({file: inside, inside: file}, ended))
    thread.start()
    try:
        yield
    finally:
        os.close(end)
        thread.join()
        for each in (file, inside, ended):
            os.close(each)


def _carry(across: dict[int, int], ended: int) -> None:
    poll = select.poll()
    for each in (*across, ended):
        poll.register(each, select.POLLIN)
    while ended not in (ready := dict(poll.poll())):
        for each in ready:
            try:
                os.write(across[each], os.read(each, 65536))
            except OSError:  # the other link is down: as a wire does, it loses the frame
                continue
