"""The addresses that a link has; only roles with an address of their own pay for importing netifaces."""

import netifaces


def has_address(family: str, prefix: str, dev: str) -> bool:
    """True where the link has the address with this very prefix length, as `192.0.2.1/24`."""
    address, _, length = prefix.partition("/")
    bits = 32 if family == "4" else 128
    mask = ((1 << int(length)) - 1) << (bits - int(length))
    return any(
        entry["addr"].partition("%")[0] == address
        and (entry["netmask"].endswith(f"/{length}") if bits == 128 else entry["netmask"] == _dotted(mask))
        for entry in _addresses(dev, family)
    )


def count(dev: str, family: str) -> int:
    """How many addresses of a family the link has."""
    return len(_addresses(dev, family))


def _addresses(dev: str, family: str) -> list[dict[str, str]]:
    """An IPv4 address with a label (`eth1:0`) is to netifaces one of a link of that name."""
    kind = netifaces.AF_INET if family == "4" else netifaces.AF_INET6
    names = [name for name in netifaces.interfaces() if name == dev or name.startswith(f"{dev}:")]
    found: list[dict[str, str]] = []
    for name in names:
        try:
            found += netifaces.ifaddresses(name).get(kind, [])
        except ValueError:  # it has gone
            continue
    return found


def _dotted(mask: int) -> str:
    return ".".join(str(mask >> shift & 255) for shift in (24, 16, 8, 0))
