"""What several interfaces or guests use: the first user makes it and records the prior, the last one undoes it.

A directory for each, holding `prior` and an empty file per user, so that joining and leaving cost the same however many
users there are. The caller holds the lock of what is shared.
"""

from __future__ import annotations

import posix

from snf_network_helper import kernel, sysctl
from snf_network_helper.changes import Change, SharedSysctl
from snf_network_helper.errors import JournalError, KernelError
from snf_network_helper.journal import DIRECTORY, make_directory, remove
from snf_network_helper.system import exists

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from collections.abc import Callable

_SHARED = f"{DIRECTORY}/shared"
_made: set[str] = set()  # what this process has seen to
_PRIOR = "prior"  # has no colon, as every user's name has
_IPV6 = "net/ipv6/conf/"


def paths() -> frozenset[str]:
    """The settings, as paths below /proc/sys, that somebody uses now."""
    try:
        return frozenset(name.replace(":", "/") for name in posix.listdir(_SHARED) if name.startswith("net:"))
    except OSError:
        return frozenset()


def prior(path: str) -> str:
    """What stood in a setting before its first user came, "" where nobody uses it."""
    try:
        return _prior(_directory(SharedSysctl(path, "")))
    except OSError:
        return ""


def _prior(directory: str) -> str:
    with open(f"{directory}/{_PRIOR}", encoding="utf-8", errors="surrogateescape") as file:
        return file.read()


def make(change: Change) -> None:
    """Makes a change that is no setting, unless it stands already."""
    try:
        kernel.run(change.add())
    except KernelError as error:
        if not any(words in error.reason for words in kernel.EXISTS):
            raise


def acquire(change: Change, user: str, by: Callable[[Change], None] = make) -> None:
    """Records `user`, and of a setting the prior if it is the first; then sees to it that the change is made.

    One that is no setting is made `by` the function given.
    """
    directory = _directory(change)
    try:
        make_directory("shared")
        if not exists(directory):
            posix.mkdir(directory, 0o700)
        first = not _has_user(directory, other_than=user)
        known = exists(f"{directory}/{user}")
        if first and isinstance(change, SharedSysctl) and not known:
            _write(f"{directory}/{_PRIOR}", sysctl.prior(change))
        _write(f"{directory}/{user}", "")
    except OSError as error:
        raise JournalError(f"cannot write {directory}: {error.strerror}") from None
    if not isinstance(change, SharedSysctl):
        # A user that comes again wants whole what somebody may have removed: once in a run will do
        if first or (known and directory not in _made):
            try:
                by(change)
            except KernelError:
                if not known:
                    _strike_off(directory, user)
                raise
            _made.add(directory)
    elif sysctl.read(change.path) != change.value:
        sysctl.write(change.path, change.value)


def release(change: Change, user: str) -> None:
    """Strikes `user` off; the last one undoes the change first, so that a kill in between loses nothing."""
    directory = _directory(change)
    if not exists(directory):
        return
    if exists(f"{directory}/{user}"):
        last = not _has_user(directory, other_than=user)
        if last and isinstance(change, SharedSysctl):
            sysctl.restore(change, _prior(directory))
            _release_followers(change.path)
        elif last:
            _undo(change)
    _made.discard(directory)
    _strike_off(directory, user)


def follow(link: str) -> bool:
    """Has a link that heeds advertisements as a host does go on so for as long as it forwards because of us.

    Its user is not a stanza but the setting that has it forward, by itself or with all the others. Returns whether
    there was anything to do.
    """
    change = SharedSysctl(f"{_IPV6}{link}/accept_ra", "2")
    if not sysctl.reads(change.path, "1"):
        return False
    for conf in ("all", link):
        if is_used(SharedSysctl(f"{_IPV6}{conf}/forwarding", "1")):
            acquire(change, f"{conf}:forwarding")
    if not is_used(change):
        return False
    sysctl.write(change.path, change.value)
    return True


def _release_followers(path: str) -> None:
    conf = path.removeprefix(_IPV6).removesuffix("/forwarding")
    if path == f"{_IPV6}{conf}/forwarding":
        for kept in paths():
            if kept.endswith("/accept_ra"):
                release(SharedSysctl(kept, "2"), f"{conf}:forwarding")


def _strike_off(directory: str, user: str) -> None:
    """Strikes `user` off; with the last one the directory goes."""
    if exists(f"{directory}/{user}"):
        remove(f"{directory}/{user}")
    # A setting is switched only when it has a user: without one nothing is left to put back
    if not _has_user(directory, other_than=""):
        remove(f"{directory}/{_PRIOR}")
        posix.rmdir(directory)


def is_used(change: Change) -> bool:
    """True while anybody uses it."""
    return exists(_directory(change))


def _undo(change: Change) -> None:
    try:
        kernel.run(change.remove())
    except KernelError as error:
        if not kernel.is_gone(error.reason):
            raise


def _directory(change: Change) -> str:
    if isinstance(change, SharedSysctl):
        return f"{_SHARED}/{change.path.replace('/', ':')}"
    words = [type(change).__name__, *(value.replace("/", "-") for _, value in change.fields())]
    return f"{_SHARED}/{' '.join(words)}"


def _has_user(directory: str, other_than: str) -> bool:
    with posix.scandir(directory) as files:
        return any(":" in file.name and file.name != other_than for file in files)


def _write(path: str, text: str) -> None:
    """Writes a file that others see whole or not at all."""
    draft = f"{DIRECTORY}/draft-shared"
    file = posix.open(draft, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_NOFOLLOW, 0o600)
    try:
        posix.write(file, text.encode(errors="surrogateescape"))
    finally:
        posix.close(file)
    posix.rename(draft, path)
