"""Raw sockets on a link (packet(7))."""

from snf_network_helper.errors import KernelError
from snf_network_helper.lean import socket


def open_link(dev: str, heard: int = 0) -> socket.socket:
    """A raw socket on a link, which hears frames of one kind, or none.

    When it is closed the kernel waits for all its processors, some milliseconds: whoever is in a hurry leaves that to
    another process which has it too.
    """
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        opened.bind((dev, heard))
    except OSError as error:  # the caller may have too few capabilities for the one, and the link be gone for the other
        raise KernelError(dev, error.strerror or str(error)) from None
    return opened
