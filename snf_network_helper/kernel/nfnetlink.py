"""Questions and requests to nftables by nfnetlink, where nft(8) would cost a process, or wait for the kernel.

At its end nft(8) waits for a grace period of the kernel, 10 ms.
"""


from snf_network_helper.errors import KernelError
from snf_network_helper.kernel import process
from snf_network_helper.kernel.background import close_in_background
from snf_network_helper.lean import posix, socket, struct

_NETFILTER = 12  # NETLINK_NETFILTER, include/uapi/linux/netlink.h
_REQUEST, _ACK = 0x1, 0x4  # NLM_F_…
_BEGIN, _END = 16, 17  # NFNL_MSG_BATCH_…, include/uapi/linux/netfilter/nfnetlink.h
_NFTABLES, _DELETE_TABLE = 10, 2  # NFNL_SUBSYS_NFTABLES; NFT_MSG_DELTABLE, include/uapi/linux/netfilter/nf_tables.h
_GET_RULE, _RULE_TABLE, _RULE_CHAIN = 7, 1, 2  # NFT_MSG_GETRULE, NFTA_RULE_…
_DUMP, _ERROR, _DONE = 0x300, 2, 3  # NLM_F_DUMP, NLMSG_…, include/uapi/linux/netlink.h
_NETDEV = 5  # NFPROTO_NETDEV
_FAMILIES = {"4": 2, "6": 10}  # NFPROTO_IPV4, NFPROTO_IPV6
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


def has_rule_with(family: str, table: str, chain: str, text: str) -> bool:
    """True where a rule of a chain holds the text, as its comment not least; what is not there holds none."""
    message = _message(
        _NFTABLES << 8 | _GET_RULE,
        _REQUEST | _DUMP,
        _FAMILIES[family],
        _attribute(_RULE_TABLE, table) + _attribute(_RULE_CHAIN, chain),
    )
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETFILTER)
    try:
        netlink.send(message)
        while True:
            answers = netlink.recv(65536)
            if text.encode() + b"\0" in answers:
                return True
            while answers:
                length, answered = struct.unpack_from("=IH", answers)
                if answered in (_DONE, _ERROR):
                    return False
                answers = answers[length + 3 & ~3 :]
    except OSError:  # this kernel has no nftables
        return False
    finally:
        netlink.close()


def _delete(table: str) -> int:
    """Deletes a table of the family netdev; the number of the error, 0 where there is none."""
    attribute = _attribute(_NAME, table)
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


def _attribute(kind: int, text: str) -> bytes:
    value = text.encode() + b"\0"
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def _message(kind: int, flags: int, family: int = 0, attributes: bytes = b"", resource: int = 0) -> bytes:
    """One message of a batch: its header, struct nfgenmsg, its attributes."""
    header = struct.pack("=IHHII", 20 + len(attributes), kind, flags, 0, 0)
    return header + struct.pack("!BBH", family, 0, resource) + attributes
