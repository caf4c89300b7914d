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
    try:
        found: list[dict[str, str]] = netifaces.ifaddresses(dev).get(
            netifaces.AF_INET if family == "4" else netifaces.AF_INET6, []
        )
    except ValueError:  # no such link
        return []
    return found


def _dotted(mask: int) -> str:
    return ".".join(str(mask >> shift & 255) for shift in (24, 16, 8, 0))
