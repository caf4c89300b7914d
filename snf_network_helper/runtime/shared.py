"""Who uses what several interfaces or guests share; its caller holds the lock `SHARED`.

A directory for each, holding an empty file per user and, of a setting, the file `prior`, so that joining and leaving
cost the same however many users there are.
"""

from snf_network_helper.errors import JournalError
from snf_network_helper.lean import TYPE_CHECKING, posix
from snf_network_helper.runtime import files

if TYPE_CHECKING:
    from collections.abc import Callable

_PRIOR = "prior"  # has no colon, as every user's name has


def settings() -> frozenset[str]:
    """The settings, as paths below /proc/sys, that somebody uses now."""
    try:
        names = posix.listdir(f"{files.DIRECTORY}/shared")
    except OSError:
        return frozenset()
    return frozenset(name.replace(":", "/") for name in names if name.startswith("net:"))


def join(what: str, user: str, prior: "Callable[[], str] | None" = None) -> tuple[bool, bool]:
    """Records a user, and of the first one the prior; returns whether it is the first, and whether it was known."""
    directory = _directory(what)
    try:
        files.make_directory("shared")
        if not files.exists(directory):
            posix.mkdir(directory, 0o700)
        first, known = not _has_user(directory, other_than=user), files.exists(f"{directory}/{user}")
        if first and not known and prior is not None:
            files.replace(f"{directory}/{_PRIOR}", prior(), "shared")
        if not known:
            posix.close(posix.open(f"{directory}/{user}", posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL, 0o600))
    except OSError as error:
        raise JournalError(f"cannot write {directory}: {error.strerror}") from None
    return first, known


def is_last(what: str, user: str) -> bool:
    """True where the user is known, and nobody else uses it."""
    directory = _directory(what)
    return files.exists(f"{directory}/{user}") and not _has_user(directory, other_than=user)


def prior(what: str) -> str:
    """What the first user recorded; "" where nobody did."""
    return (files.content(f"{_directory(what)}/{_PRIOR}") or b"").decode(errors="surrogateescape")


def leave(what: str, user: str) -> None:
    """Strikes a user off; with the last one the directory goes."""
    directory = _directory(what)
    if not files.exists(directory):
        return
    files.remove(f"{directory}/{user}")
    # It is made only when it has a user: without one nothing is left to undo
    if not _has_user(directory, other_than=""):
        files.remove(f"{directory}/{_PRIOR}")
        posix.rmdir(directory)


def is_used(what: str) -> bool:
    """True while anybody uses it."""
    return files.exists(_directory(what))


def _directory(what: str) -> str:
    return f"{files.DIRECTORY}/shared/{what}"


def _has_user(directory: str, other_than: str) -> bool:
    with posix.scandir(directory) as found:
        return any(":" in file.name and file.name != other_than for file in found)
