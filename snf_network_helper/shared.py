"""Settings that several interfaces use: the first user records the prior, the last one puts it back.

A directory a setting, holding `prior` and an empty file per user, so that joining and leaving cost the same however
many users there are. The caller holds the lock of what is shared.
"""

import posix

from snf_network_helper import kernel
from snf_network_helper.changes import SharedSysctl
from snf_network_helper.errors import JournalError
from snf_network_helper.journal import DIRECTORY, make_directory, remove
from snf_network_helper.system import exists

_SHARED = f"{DIRECTORY}/shared"
_PRIOR = "prior"  # has no colon, as every user's name has


def paths() -> frozenset[str]:
    """The settings, as paths below /proc/sys, that somebody uses now."""
    try:
        return frozenset(name.replace(":", "/") for name in posix.listdir(_SHARED))
    except OSError:
        return frozenset()


def acquire(change: SharedSysctl, user: str) -> None:
    """Records `user`, and the prior if it is the first; then switches the setting on."""
    directory = _directory(change)
    try:
        make_directory("shared")
        if not exists(directory):
            posix.mkdir(directory, 0o700)
        if not _has_user(directory, other_than=""):
            _write(f"{directory}/{_PRIOR}", kernel.prior(change))
        _write(f"{directory}/{user}", "")
    except OSError as error:
        raise JournalError(f"cannot write {directory}: {error.strerror}") from None
    if kernel.read(change.path) != change.value:
        kernel.write(change.path, change.value)


def release(change: SharedSysctl, user: str) -> None:
    """Strikes `user` off; the last one puts the prior back first, so that a kill in between loses nothing."""
    directory = _directory(change)
    if not exists(directory):
        return
    if exists(f"{directory}/{user}"):
        if not _has_user(directory, other_than=user):
            with open(f"{directory}/{_PRIOR}", encoding="utf-8", errors="surrogateescape") as file:
                kernel.restore(change, file.read())
        remove(f"{directory}/{user}")
    # A setting is switched only when it has a user: without one nothing is left to put back
    if not _has_user(directory, other_than=""):
        remove(f"{directory}/{_PRIOR}")
        posix.rmdir(directory)


def _directory(change: SharedSysctl) -> str:
    return f"{_SHARED}/{change.path.replace('/', ':')}"


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
