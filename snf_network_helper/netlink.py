"""One question to the kernel by rtnetlink(7), and its answers: ip(8) would cost a process, and often a list of all."""

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
_DUMP = 0x300  # NLM_F_DUMP
_ERROR, _DONE = 2, 3  # NLMSG_…
_LEVEL, _STRICT = 270, 12  # SOL_NETLINK, NETLINK_GET_STRICT_CHK
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
    _heed_error(command, answer)
    return answer[_HEADER:]


def dump(command: str, kind: int, message: bytes) -> Iterator[bytes]:
    """Asks for all that is as `message` says, which the kernel itself looks for; yields what is after each header."""
    link = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0)
    try:
        link.setsockopt(_LEVEL, _STRICT, 1)
        link.send(struct.pack("=IHHII", _HEADER + len(message), kind, _REQUEST | _DUMP, 1, 0) + message)
        while True:
            answers = link.recv(_ANSWER_BYTES)
            while answers:
                length, answered = struct.unpack_from("=IH", answers)
                if answered == _DONE:
                    return
                _heed_error(command, answers)
                yield answers[_HEADER:length]
                answers = answers[length + 3 & ~3 :]
    except OSError as error:
        raise KernelError(command, error.strerror or str(error)) from None
    finally:
        link.close()


def _heed_error(command: str, answer: bytes) -> None:
    if struct.unpack_from("=H", answer, 4)[0] == _ERROR and (number := -struct.unpack_from("=i", answer, _HEADER)[0]):
        raise KernelError(command, os.strerror(number))


def attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the value of each attribute."""
    while len(data) >= 4:
        length, kind = struct.unpack_from("=HH", data)
        yield kind & 0x3FFF, data[4:length]  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        data = data[max(length + 3 & ~3, 4) :]
