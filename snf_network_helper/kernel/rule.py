"""Rules that send what comes from a subnet to a table, made and ended by rtnetlink(7)."""

from snf_network_helper.kernel.rtnetlink import ACK, CREATE, EXCLUSIVE, FAMILIES, ask, protocol_number
from snf_network_helper.lean import struct
from snf_network_helper.stanza.addresses import BITS, Prefix

_NEW, _DELETE = 32, 33  # RTM_…RULE, include/uapi/linux/rtnetlink.h
# FRA_…, FR_ACT_TO_TBL, include/uapi/linux/fib_rules.h
_SOURCE, _PRIORITY, _MARK, _SUPPRESS, _TABLE, _MASK, _PROTOCOL = 2, 6, 10, 14, 15, 16, 21
_TO_TABLE = 1


class SourceRule:
    """A rule: the subnet, the table and the priority, and our protocol.

    With `mask` no packet that has one of its bits in its mark; with `suppress` no route with a prefix of that length or
    a shorter one.
    """

    __slots__ = ("mask", "priority", "protocol", "source", "suppress", "table")

    def __init__(
        self, source: str, table: str, priority: str, protocol: str, mask: str = "", suppress: str = ""
    ) -> None:
        self.source = Prefix.parse(source)
        self.table = int(table)
        self.priority = int(priority)
        self.protocol = protocol
        self.mask = int(mask, 16) if mask else None
        self.suppress = int(suppress) if suppress else None

    def add(self, command: str) -> None:
        """Makes it; KernelError where there is such a rule. `command` is the one of ip(8) that would do the same."""
        ask(command, _NEW, ACK | CREATE | EXCLUSIVE, self._message())

    def delete(self, command: str) -> None:
        """Ends it; KernelError where there is no such rule."""
        ask(command, _DELETE, ACK, self._message())

    def _message(self) -> bytes:
        """struct fib_rule_hdr and its attributes."""
        source = self.source
        message = struct.pack("=BBBBBxxBI", FAMILIES[source.family], 0, source.length, 0, 0, _TO_TABLE, 0)
        address = source.value.to_bytes(BITS[source.family] // 8, "big")
        message += struct.pack("=HH", 4 + len(address), _SOURCE) + address
        numbers = [(_PRIORITY, self.priority), (_TABLE, self.table)]
        if self.mask is not None:
            numbers += [(_MARK, 0), (_MASK, self.mask)]
        if self.suppress is not None:
            numbers.append((_SUPPRESS, self.suppress))
        for kind, number in numbers:
            message += struct.pack("=HHI", 8, kind, number)
        return message + struct.pack("=HHBxxx", 5, _PROTOCOL, protocol_number(self.protocol))
