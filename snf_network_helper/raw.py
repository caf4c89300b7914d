"""Raw sockets on a link (packet(7))."""

# The C half of `socket`, whose Python half would cost every attach 5 ms.
from _socket import AF_PACKET, SOCK_CLOEXEC, SOCK_RAW, socket

from snf_network_helper.errors import KernelError


def open_link(dev: str, heard: int = 0) -> socket:
    """A raw socket on a link, which hears frames of one kind, or none.

    When it is closed the kernel waits for all its processors, some milliseconds: whoever is in a hurry leaves that to
    another process which has it too.
    """
    try:
        link = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0)
        link.bind((dev, heard))
    except OSError as error:  # the caller may have too few capabilities for the one, and the link be gone for the other
        raise KernelError(dev, error.strerror or str(error)) from None
    return link
