"""Settings below /proc/sys, read and written, and the numbers of the links that they are of."""

from snf_network_helper.errors import KernelError
from snf_network_helper.kernel import process
from snf_network_helper.lean import posix, socket
from snf_network_helper.runtime import files

_PROC_SYS = "/proc/sys/"
_VALUE_BYTES = 4096  # a value is a number


def read(path: str) -> str:
    """The value of a setting below /proc/sys; raises KernelError where the kernel has none."""
    try:
        file = posix.open(_PROC_SYS + path, posix.O_RDONLY)
        try:
            return posix.read(file, _VALUE_BYTES).decode(errors="surrogateescape").strip()
        finally:
            posix.close(file)
    except OSError as error:
        raise KernelError(f"cat {_PROC_SYS}{path}", error.strerror or str(error)) from None


def value_of(path: str) -> str:
    """The value of a setting, "" where the kernel has none."""
    try:
        return read(path)
    except KernelError:
        return ""


def reads(path: str, value: str) -> bool:
    """True where a setting has that value; False also where the kernel has no such setting."""
    try:
        return read(path) == value
    except KernelError:
        return False


def write(path: str, value: str) -> None:
    """Writes a setting below /proc/sys."""
    command = f"echo {value} > {_PROC_SYS}{path}"
    process.begin(command)
    try:
        file = posix.open(_PROC_SYS + path, posix.O_WRONLY)
        try:
            posix.write(file, value.encode(errors="surrogateescape"))
        finally:
            posix.close(file)
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None


def exists(path: str) -> bool:
    """True where the kernel has the setting."""
    return files.exists(_PROC_SYS + path)


def number(name: str) -> str:
    """The kernel's number of a link, "" where there is none of that name; no other link ever gets it."""
    try:
        return str(socket.if_nametoindex(name))
    except OSError:
        return ""


def name_of(number: str) -> str:
    """The name that the link of a number has now, "" where it is gone."""
    try:
        return socket.if_indextoname(int(number))
    except (OSError, ValueError):
        return ""


def ipv6_links() -> list[str]:
    """The links that have settings for IPv6, with `default`; none where the kernel has no IPv6."""
    try:
        return sorted(set(posix.listdir(_PROC_SYS + "net/ipv6/conf")) - {"all"})
    except OSError:
        return []
