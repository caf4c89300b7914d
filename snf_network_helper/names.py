"""The names in a stanza: of links, of the VLAN ids in them, and of routing tables."""

import posix

from snf_network_helper.errors import StanzaError, one_line

SYSTEM_FILE = "/etc/network/interfaces"

_INTERFACE_BYTES = 15  # IFNAMSIZ - 1, include/uapi/linux/if.h
_INTERFACE_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+@")
# iproute2 reads these in this order; Debian 13 moved its own file below /usr/share.
_TABLE_NAMES = ("/usr/share/iproute2/rt_tables", "/etc/iproute2/rt_tables")


def check_interface(name: str, option: str = "") -> str:
    """Returns `name` if a link can have it and it is safe in a path below /proc/sys; else StanzaError."""
    where = f"{one_line(name)}: " if not option else f"{option} {one_line(name)}: "
    if not name or len(name.encode(errors="surrogateescape")) > _INTERFACE_BYTES:
        raise StanzaError(f"{where}expected an interface name of 1 to {_INTERFACE_BYTES} bytes")
    if not _INTERFACE_CHARACTERS.issuperset(name) or name[0] in "-." or name in ("all", "default", "lo"):
        raise StanzaError(f"{where}expected the name of a link, of letters, digits and . _ - + @")
    return name


def decimal(text: str, last: int) -> int | None:
    """The decimal number 0 to `last` that the text is, else None."""
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(last)):
        return None
    number = int(text)
    return number if number <= last else None


def vlan_id(iface: str) -> int | None:
    """The VLAN id that ifupdown reads off a name, `eth0.222` or `vlan222` (interfaces(5), vlan-interfaces(5))."""
    digits = iface[4:] if iface.startswith("vlan") else iface.rpartition(".")[2] if "." in iface else ""
    number = decimal(digits.lstrip("0"), 4094)
    return number or None


def table_number(name: str) -> int | None:
    """The number of a table's name in iproute2's files, where numbers may be decimal or hexadecimal."""
    paths = list(_TABLE_NAMES)
    for path in _TABLE_NAMES:
        try:
            files = sorted(posix.listdir(path + ".d"))
        except OSError:
            continue
        paths += [f"{path}.d/{file}" for file in files if file.endswith(".conf")]
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    words = line.partition("#")[0].split()
                    if len(words) == 2 and words[1] == name:
                        return int(words[0], 0)
        except (OSError, ValueError):
            continue
    return None
