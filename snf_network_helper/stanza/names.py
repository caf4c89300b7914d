"""The names of links, the VLAN ids in them, and numbers as text."""

from snf_network_helper.errors import StanzaError, one_line

_INTERFACE_BYTES = 15  # IFNAMSIZ - 1, include/uapi/linux/if.h
_INTERFACE_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-+@")


def check_interface(name: str, option: str = "") -> str:
    """Returns `name` if a link can have it and it is safe in a path below /proc/sys; else StanzaError."""
    where = f"{one_line(name)}: " if not option else f"{option} {one_line(name)}: "
    if not name or len(name.encode(errors="surrogateescape")) > _INTERFACE_BYTES:
        raise StanzaError(f"{where}expected an interface name of 1 to {_INTERFACE_BYTES} bytes")
    if name == "lo":
        raise StanzaError(f"{where}the loopback interface, expected a link to other hosts or to a guest")
    if ":" in name:
        link = name.partition(":")[0]
        raise StanzaError(f"{where}the label of an address, expected the link that has it, {one_line(link)}")
    if not _INTERFACE_CHARACTERS.issuperset(name) or name[0] in "-." or name in ("all", "default"):
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
