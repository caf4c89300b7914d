"""What SIGTERM, SIGHUP and SIGINT do to a transaction."""

# The C half of `signal`, whose Python half costs every ifup 5 ms.
import _signal  # type: ignore[import]

from snf_network_helper import kernel

_SIGNALS = (_signal.SIGTERM, _signal.SIGHUP, _signal.SIGINT)


def heed_signals(bringing_up: bool) -> None:
    """Has SIGTERM, SIGHUP and SIGINT stop a bring-up before its next command; a take-down rather goes on to its end."""

    def interrupt(_number: int, _frame: object) -> None:
        for number in _SIGNALS:  # what follows is the undoing: neither we nor the commands are to be interrupted again
            _signal.signal(number, _signal.SIG_IGN)
        kernel.interrupted = bringing_up

    for number in _SIGNALS:
        _signal.signal(number, interrupt)
