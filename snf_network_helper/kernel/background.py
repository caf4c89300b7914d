"""Work that nobody waits for; what goes wrong with it is in the system's log."""

from snf_network_helper.errors import KernelError
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
    try:
        child = posix.fork()
    except OSError as error:
        raise KernelError("fork", error.strerror or str(error)) from None
    if child:
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
    except Exception as error:  # nobody else would ever know
        complain(str(error) or type(error).__name__)
    finally:
        posix._exit(0)


def complain(text: str) -> None:
    """Writes a line to the system's log (syslog(3))."""
    import syslog  # built in

    syslog.openlog("snf-network-helper", syslog.LOG_PID, syslog.LOG_DAEMON)
    syslog.syslog(syslog.LOG_WARNING, text)
