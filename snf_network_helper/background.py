"""Work that nobody waits for."""

from __future__ import annotations

# The C half of `signal`, whose Python half costs every ifup 5 ms.
import _signal  # type: ignore[import]
import posix

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from _socket import socket
    from collections.abc import Callable, Collection


def close_in_background(link: socket) -> None:
    """Closes a packet or netfilter socket: whoever closes the last copy of one, the kernel has wait 10 ms and more."""
    in_background(lambda: None, keep=[link.fileno()])
    link.close()


def in_background(work: Callable[[], None], keep: Collection[int] = ()) -> None:
    """Leaves a process behind that does the work and ends; of our files it has only those to `keep`."""
    if posix.fork():
        return
    try:
        posix.setsid()
        for number in (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT):
            _signal.signal(number, _signal.SIG_DFL)
        nothing = posix.open("/dev/null", posix.O_RDWR)
        for stream in {0, 1, 2}.difference(keep):  # whoever started us may read them to their end
            posix.dup2(nothing, stream)
        start = 3
        for number in (*sorted(keep), posix.sysconf("SC_OPEN_MAX")):
            posix.closerange(start, number)
            start = max(start, number + 1)
        work()
    finally:
        posix._exit(0)
