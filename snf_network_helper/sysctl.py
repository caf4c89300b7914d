"""Settings below /proc/sys: read, written, and put back to their priors."""

import posix

from snf_network_helper import kernel
from snf_network_helper.changes import Sysctl
from snf_network_helper.errors import KernelError
from snf_network_helper.system import exists

_PROC_SYS = "/proc/sys/"
_ALL_IPV6_FORWARDING = "net/ipv6/conf/all/forwarding"
_IPV6_LINKS = _PROC_SYS + "net/ipv6/conf"


def read(path: str) -> str:
    """The value of a setting below /proc/sys; raises KernelError where the kernel has none."""
    try:
        with open(_PROC_SYS + path, encoding="utf-8") as file:
            return file.read().strip()
    except OSError as error:
        raise KernelError(f"cat {_PROC_SYS}{path}", error.strerror or str(error)) from None


def reads(path: str, value: str) -> bool:
    """Whether a setting has that value; False where the kernel has no such setting."""
    try:
        return read(path) == value
    except KernelError:
        return False


def write(path: str, value: str) -> None:
    """Writes a setting below /proc/sys."""
    command = f"echo {value} > {_PROC_SYS}{path}"
    kernel.begin(command)
    try:
        with open(_PROC_SYS + path, "w", encoding="utf-8") as file:
            file.write(value)
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None


def prior(change: Sysctl) -> str:
    """What has to be known to put the setting back: its value and, joined by commas, the links it drags along.

    Writing net.ipv6.conf.all.forwarding overwrites every link's own forwarding (addrconf_fixup_forwarding in the
    kernel's net/ipv6/addrconf.c).
    """
    value = read(change.path)
    if change.path != _ALL_IPV6_FORWARDING or value == change.value:
        return value
    forwarding = [link for link in ipv6_links() if link != "all" and _forwards(link)]
    return ",".join([value, *forwarding])


def ipv6_links() -> list[str]:
    """The links that have settings of IPv6, with `all` and `default`; none where the kernel has no IPv6."""
    try:
        return sorted(posix.listdir(_IPV6_LINKS))
    except OSError:
        return []


def _forwards(link: str) -> bool:
    try:
        return read(f"net/ipv6/conf/{link}/forwarding") == "1"
    except KernelError:  # the link went away in between
        return False


def restore(change: Sysctl, before: str) -> None:
    """Puts a setting back to its prior, unless somebody has changed it since, or its link is gone."""
    try:
        value, *forwarding = before.split(",")
        if read(change.path) != change.value or value == change.value:
            return
        write(change.path, value)
    except KernelError:
        if exists(_PROC_SYS + change.path):
            raise
        return
    for link in forwarding:
        if exists(f"{_IPV6_LINKS}/{link}"):
            write(f"net/ipv6/conf/{link}/forwarding", "1")
