"""Every error of the package; `str(error)` is the one line that an administrator reads."""

import sys


class RoutedError(Exception):
    """The root of the tree: whatever is not one of these is a defect of this package."""


class StanzaError(RoutedError):
    """An option in the stanza is wrong; nothing was changed. `option` and `value` are what is wrong, if it is one."""

    def __init__(self, line: str, option: str = "", value: str = "") -> None:
        super().__init__(line)
        self.option = option
        self.value = value


class NetworkDownError(RoutedError):
    """There is no routed interface of that name for virtual machines now."""


class KernelError(RoutedError):
    """A command failed: which one, and the kernel's (or the tool's) reason."""

    def __init__(self, command: str, reason: str) -> None:
        super().__init__(f"{command}: {reason}")
        self.command = command
        self.reason = reason


class TakenError(KernelError):
    """What is to be added is another one's already; the reason says whose, in the words of the options."""

    def __str__(self) -> str:
        return self.reason


class NotStartedError(KernelError):
    """A command could not even be started, so it changed nothing."""


class UndoneError(RoutedError):
    """A bring-up failed for a reason, and `outcome` says what has become of what it had done."""

    def __init__(self, reason: str, outcome: str) -> None:
        super().__init__(f"{reason} ({outcome})")
        self.reason = reason
        self.outcome = outcome


class JournalError(RoutedError):
    """The journal cannot be read, written or trusted."""


class Interrupted(RoutedError):
    """A signal asked us to stop; what had been done is undone."""


def one_line(text: str, limit: int = 120) -> str:
    """Returns `text` fit for one line of a console: control characters and nothing visible, long values cut."""
    shown = "".join(c if c.isprintable() else _visible(c) for c in text) or "''"
    return shown if len(shown) <= limit else shown[:limit] + "..."


def printable(text: str) -> str:
    """Returns `text` with what is no UTF-8 in it visible, where a stream would refuse it."""
    return text if text.isprintable() else "".join(_visible(c) if _is_byte(c) else c for c in text)


def _visible(character: str) -> str:
    return f"\\x{ord(character) - 0xDC00:02x}" if _is_byte(character) else ascii(character)[1:-1]


def _is_byte(character: str) -> bool:
    """True for what Python has in the place of a byte that is no UTF-8 (PEP 383)."""
    return "\udc80" <= character <= "\udcff"


def why(error: Exception) -> str:
    """What is said of a change that could not be undone; a ValueError comes of a journal that somebody has written."""
    if isinstance(error, KernelError):
        return error.reason
    return f"not understood: {error}" if isinstance(error, ValueError) else str(error)


def told(error: Exception) -> str:
    """What is said of an error where work goes on; one that is a defect, or a strange value, is one line too."""
    return str(error) if isinstance(error, RoutedError) else one_line(repr(error))


def say(line: object) -> None:
    """Prints a line on standard error. Work goes on where nobody can read it: the reader has gone, the disk is full."""
    try:
        if sys.stderr is not None:  # None: it was closed when we started, and print() would take standard output
            print(printable(str(line)), file=sys.stderr, flush=True)
    except OSError:
        return
