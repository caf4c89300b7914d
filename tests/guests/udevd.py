"""Debian's udev at work on a host, with the rule of the installed package."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from guestlab import started
from lab.host import Host
from lab.waiting import comes_true

# The second gives new links their MAC addresses, and would rename them. No other is to touch what is the machine's:
# uevents of other devices than links come to all network namespaces.
RULES = ("60-snf-network-helper.rules", "80-net-setup-link.rules")

PREPARATION = f"""
mount -t tmpfs -o mode=755 tmpfs /dev
mkdir /dev/net /run/rules.d
mknod -m 666 /dev/null c 1 3
mknod -m 666 /dev/urandom c 1 9
mknod -m 666 /dev/net/tun c 10 200
cd /usr/lib/udev/rules.d
cp {" ".join(RULES)} /run/rules.d
mount --bind /run/rules.d .
"""


@contextmanager
def udevd(host: Host) -> Iterator[None]:
    """Start udevd, and end it."""
    host.run(PREPARATION)
    daemon = started(host, "SYSTEMD_LOG_LEVEL=warning exec /usr/lib/systemd/systemd-udevd")
    try:
        # It would not answer, and the tool would not ask, where it seems to be in a chroot
        ping = "SYSTEMD_IGNORE_CHROOT=1 udevadm control --ping"
        assert comes_true(lambda: host.attempt(ping).returncode == 0), daemon.poll()
        yield
    finally:
        daemon.terminate()
        _, said = daemon.communicate()
    assert daemon.returncode == 0, said
