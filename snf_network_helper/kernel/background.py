"""Work that nobody waits for."""

from snf_network_helper.lean import TYPE_CHECKING, posix, signal
from snf_network_helper.runtime import files

if TYPE_CHECKING:
    from _socket import socket
    from collections.abc import Callable, Collection


def close_in_background(opened: "socket") -> None:
    """Closes a packet or netfilter socket: whoever closes the last copy of one, the kernel has wait 10 ms and more."""
    in_background(lambda: None, keep=[opened.fileno()])
    opened.close()


def in_background(work: "Callable[[], None]", keep: "Collection[int]" = ()) -> None:
    """Leaves a process behind that does the work and ends; of our files it has only those to `keep`."""
    if posix.fork():
        return
    files.looks_only = True
    try:
        posix.setsid()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
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
