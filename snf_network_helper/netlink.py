"""One question to the kernel by rtnetlink(7), and its answer: ip(8) would cost a process, and often a list of all."""

from __future__ import annotations

import os
import struct

# The C half of `socket`, whose Python half costs some 5 ms.
from _socket import AF_NETLINK, SOCK_CLOEXEC, SOCK_RAW, socket

from snf_network_helper.errors import KernelError

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only: importing it costs every attach 2 ms
    from collections.abc import Iterator

_REQUEST = 0x1  # NLM_F_REQUEST, include/uapi/linux/netlink.h
_ERROR = 2  # NLMSG_ERROR
_HEADER = 16
_ANSWER_BYTES = 65536  # a link's is 2 KB, and more with many virtual functions


def ask(command: str, kind: int, flags: int, message: bytes) -> bytes:
    """Sends one request and returns what is after the header of its answer; KernelError where the kernel refuses it.

    `command` is the one of ip(8) that would do the same, for the error.
    """
    link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)
    try:
        link.send(struct.pack("=IHHII", _HEADER + len(message), kind, _REQUEST | flags, 1, 0) + message)
        answer = link.recv(_ANSWER_BYTES)
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None
    finally:
        link.close()
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR and (number := -struct.unpack_from("=i", answer, _HEADER)[0]):
        raise KernelError(command, os.strerror(number))
    return answer[_HEADER:]


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the value of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        data = data[max(length + 3 & ~3, 4) :]
