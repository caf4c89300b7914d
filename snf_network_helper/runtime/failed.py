"""Interfaces that could not be brought up: a line for each below /run, until a bring-up succeeds or it is taken down.

Not every ifupdown shows what a hook says, or fails when a hook does.
"""

from snf_network_helper.errors import JournalError, one_line
from snf_network_helper.lean import posix
from snf_network_helper.runtime import files


def note(iface: str, line: str) -> None:
    """Keeps the line; where that cannot be written, it has been said at least."""
    if "/" in iface or iface in (".", ".."):
        return
    try:
        files.make_directory("failed")
        files.replace(_path(iface), f"{line}\n", f"{iface}:failed")
    except (OSError, JournalError):
        return


def forget(iface: str) -> None:
    """The interface is up, or is not to be up any more."""
    try:
        posix.unlink(_path(iface))
    except OSError:
        return


def lines(iface: str = "") -> dict[str, str]:
    """Of each interface, or of one, the line of its last bring-up, which failed."""
    try:
        found = [name for name in sorted(posix.listdir(f"{files.DIRECTORY}/failed")) if iface in ("", name)]
    except OSError:
        return {}
    return {name: one_line((files.content(_path(name)) or b"").decode(errors="replace").strip(), 500) for name in found}


def _path(iface: str) -> str:
    return f"{files.DIRECTORY}/failed/{iface}"
