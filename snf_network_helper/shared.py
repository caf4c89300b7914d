"""Settings that several interfaces use: the first user records the prior, the last one puts it back.

A directory a setting, holding `prior` and an empty file per user, so that joining and leaving cost the same however
many users there are. The caller holds the lock of what is shared.
"""

import os

from snf_network_helper import kernel
from snf_network_helper.changes import SharedSysctl
from snf_network_helper.errors import JournalError
from snf_network_helper.journal import DIRECTORY, make_directory, remove

_SHARED = f"{DIRECTORY}/shared"
_PRIOR = "prior"  # has no colon, as every user's name has


def paths() -> frozenset[str]:
    """The settings, as paths below /proc/sys, that somebody uses now."""
    try:
        return frozenset(name.replace(":", "/") for name in os.listdir(_SHARED))
    except OSError:
        return frozenset()


def acquire(change: SharedSysctl, user: str) -> None:
    """Records `user`, and the prior if it is the first; then switches the setting on."""
    directory = _directory(change)
    try:
        make_directory("shared")
        os.makedirs(directory, 0o700, exist_ok=True)
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
    if not os.path.lexists(f"{directory}/{user}"):
        return
    last = not _has_user(directory, other_than=user)
    if last:
        with open(f"{directory}/{_PRIOR}", encoding="utf-8", errors="surrogateescape") as file:
            kernel.restore(change, file.read())
    remove(f"{directory}/{user}")
    if last:
        remove(f"{directory}/{_PRIOR}")
        os.rmdir(directory)


def _directory(change: SharedSysctl) -> str:
    return f"{_SHARED}/{change.path.replace('/', ':')}"


def _has_user(directory: str, other_than: str) -> bool:
    with os.scandir(directory) as files:
        return any(":" in file.name and file.name != other_than for file in files)


def _write(path: str, text: str) -> None:
    """Writes a file that others see whole or not at all."""
    draft = f"{DIRECTORY}/draft-shared"
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        os.write(file, text.encode(errors="surrogateescape"))
    finally:
        os.close(file)
    os.rename(draft, path)
