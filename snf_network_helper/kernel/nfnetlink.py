"""A table of nftables, deleted by nfnetlink: at its end nft(8) waits for a grace period of the kernel, 10 ms."""


from snf_network_helper.errors import KernelError
from snf_network_helper.kernel import process
from snf_network_helper.kernel.background import close_in_background
from snf_network_helper.lean import posix, socket, struct

_NETFILTER = 12  # NETLINK_NETFILTER, include/uapi/linux/netlink.h
_REQUEST, _ACK = 0x1, 0x4  # NLM_F_…
_BEGIN, _END = 16, 17  # NFNL_MSG_BATCH_…, include/uapi/linux/netfilter/nfnetlink.h
_NFTABLES, _DELETE_TABLE = 10, 2  # NFNL_SUBSYS_NFTABLES; NFT_MSG_DELTABLE, include/uapi/linux/netfilter/nf_tables.h
_NETDEV = 5  # NFPROTO_NETDEV
_NAME = 1  # NFTA_TABLE_NAME
_ANSWER = struct.Struct("=16xi")  # struct nlmsgerr, behind its header


class TableDeletion:
    """The deletion of a table of the family netdev; `command` is the one of nft(8) that would do the same.

    To be done last of all: a transaction of nftables waits for the grace period of the one before.
    """

    __slots__ = ("_command", "_table")

    def __init__(self, table: str, command: str) -> None:
        self._table = table
        self._command = command

    def finish(self) -> None:
        """Deletes the table, unless it is gone already."""
        process.begin(self._command)
        try:
            error = _delete(self._table)
        except OSError as failure:
            raise KernelError(self._command, failure.strerror or str(failure)) from None
        reason = posix.strerror(error)
        if error and not process.is_gone(reason):
            raise KernelError(self._command, reason)


def _delete(table: str) -> int:
    """Deletes a table of the family netdev; the number of the error, 0 where there is none."""
    name = table.encode() + b"\0"
    attribute = struct.pack("=HH", 4 + len(name), _NAME) + name + bytes(-len(name) % 4)
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER)
    try:
        netlink.send(
            _message(_BEGIN, _REQUEST, resource=_NFTABLES)
            + _message(_NFTABLES << 8 | _DELETE_TABLE, _REQUEST | _ACK, _NETDEV, attribute)
            + _message(_END, _REQUEST, resource=_NFTABLES)
        )
        return -int(_ANSWER.unpack_from(netlink.recv(8192))[0])
    finally:
        close_in_background(netlink)


def _message(kind: int, flags: int, family: int = 0, attributes: bytes = b"", resource: int = 0) -> bytes:
    """One message of a batch: its header, struct nfgenmsg, its attributes."""
    header = struct.pack("=IHHII", 20 + len(attributes), kind, flags, 0, 0)
    return header + struct.pack("!BBH", family, 0, resource) + attributes
