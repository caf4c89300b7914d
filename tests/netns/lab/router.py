"""A router that tells the hosts of a segment so: a real radvd, in namespaces of its own."""

from __future__ import annotations

import signal
import subprocess

from lab.host import ENVIRONMENT, Host, Switch

PREFIX = "2001:db8:a::"
# It speaks when it starts, when it is asked, and else as seldom as radvd does by default: every ten minutes or so.
CONFIGURATION = f"""
interface eth0 {{
    AdvSendAdvert on;
    prefix {PREFIX}/64 {{ }};
}};
"""


class Router(Host):
    """A router on a segment; it says nothing before it is told to advertise."""

    def __init__(self, segment: Switch) -> None:
        super().__init__("gateway")
        segment.plug(self, "eth0")
        self.run("echo 1 > /proc/sys/net/ipv6/conf/all/forwarding; ip link set eth0 up")
        self.write("/run/radvd.conf", CONFIGURATION)
        self._radvd: subprocess.Popen[bytes] | None = None

    def advertise(self) -> None:
        """Be the hosts' default router, and say so now."""
        self.settle()
        self.fail()
        command = "exec radvd --nodaemon --config=/run/radvd.conf --pidfile=/run/radvd.pid --logmethod=stderr"
        self._radvd = subprocess.Popen(
            ["nsenter", f"--target={self.pid}", "--net", "--mount", "--uts", "sh", "-ec", command],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
        )

    def withdraw(self) -> None:
        """Be it no more, and say so."""
        self._end(signal.SIGTERM)

    def fail(self) -> None:
        """Be it no more, without a word."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._radvd is not None:
            self._radvd.send_signal(how)
            self._radvd.wait()
            self._radvd = None

    def leave(self) -> None:
        """Take this host apart."""
        self.fail()
        super().leave()
