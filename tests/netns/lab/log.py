"""The system's log of a host: what is left behind in the background has nobody else to tell."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lab.host import ENVIRONMENT, CommandError, Host
from lab.waiting import comes_true

# A /dev of the host's own, and whoever writes down what comes in there
_LOG = """
mkdir /run/devices; mount --bind /dev /run/devices; mount -t tmpfs dev /dev
cp -a /run/devices/null /run/devices/zero /run/devices/urandom /dev
exec python3 -c '
import socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
while True:
    with open("/run/said", "ab") as said:
        said.write(log.recv(4096) + bytes([10]))
'
"""


@contextmanager
def system_log(host: Host) -> Iterator[Callable[[], list[str]]]:
    """Writes down what the host's log is told; yields what gives it back, line by line."""
    writer = subprocess.Popen(
        ["nsenter", f"--target={host.pid}", "--net", "--mount", "--uts", "sh", "-ec", _LOG],
        stdin=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    try:
        if not comes_true(lambda: host.attempt("test -S /dev/log && test -e /run/devices/null").returncode == 0):
            raise CommandError(f"{host.name}: it has no log")
        yield lambda: host.attempt("cat /run/said").stdout.splitlines()
    finally:
        writer.kill()
        writer.wait()
