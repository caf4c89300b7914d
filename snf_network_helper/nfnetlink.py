"""A table of nftables, deleted by nfnetlink: at its end nft(8) waits for a grace period of the kernel, 10 ms."""

from __future__ import annotations

import posix
import struct

# The C half of `socket`, whose Python half costs some 5 ms.
from _socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, socket

from snf_network_helper import kernel
from snf_network_helper.background import close_in_background
from snf_network_helper.errors import KernelError

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every ifup 2 ms
    from snf_network_helper.netfilter_changes import NeighbourProbes

_NETFILTER = 12  # NETLINK_NETFILTER, include/uapi/linux/netlink.h
_REQUEST, _ACK = 0x1, 0x4  # NLM_F_…
_BEGIN, _END = 16, 17  # NFNL_MSG_BATCH_…, include/uapi/linux/netfilter/nfnetlink.h
_NFTABLES, _DELETE_TABLE = 10, 2  # NFNL_SUBSYS_NFTABLES; NFT_MSG_DELTABLE, include/uapi/linux/netfilter/nf_tables.h
_NETDEV = 5  # NFPROTO_NETDEV
_NAME = 1  # NFTA_TABLE_NAME
_ANSWER = struct.Struct("=16xi")  # struct nlmsgerr, behind its header


class TableDeletion:
    """To be done last of all: a transaction of nftables waits for the grace period of the one before."""

    __slots__ = ("_change",)

    def __init__(self, change: NeighbourProbes) -> None:
        self._change = change

    def finish(self) -> None:
        """Deletes the table, unless it is gone already."""
        command = self._change.remove()
        kernel.begin(command)
        try:
            error = _delete(self._change.table)
        except OSError as failure:
            raise KernelError(command, failure.strerror or str(failure)) from None
        reason = posix.strerror(error)
        if error and not kernel.is_gone(reason):
            raise KernelError(command, reason)


def _delete(table: str) -> int:
    """Deletes a table of the family netdev; the number of the error, 0 where there is none."""
    name = table.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(name), _NAME) + name + bytes(-len(name) % 4)
    link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, _NETFILTER)
    try:
        link.send(
            _message(_BEGIN, _REQUEST, resource=_NFTABLES)
            + _message(_NFTABLES << 8 | _DELETE_TABLE, _REQUEST | _ACK, _NETDEV, attribute)
            + _message(_END, _REQUEST, resource=_NFTABLES)
        )
        return -int(_ANSWER.unpack_from(link.recv(8192))[0])
    finally:
        close_in_background(link)


def _message(kind: int, flags: int, family: int = 0, attributes: bytes = b"", resource: int = 0) -> bytes:
    """One message of a batch: its header, struct nfgenmsg, its attributes."""
    header = struct.pack("=IHHII", 20 + len(attributes), kind, flags, 0, 0)
    return header + struct.pack("!BBH", family, 0, resource) + attributes
