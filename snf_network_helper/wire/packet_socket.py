"""Raw sockets on a link (packet(7))."""

from snf_network_helper.errors import KernelError
from snf_network_helper.lean import TYPE_CHECKING, socket, struct

if TYPE_CHECKING:
    from collections.abc import Sequence

_ATTACH_FILTER = 26  # SO_ATTACH_FILTER, include/uapi/asm-generic/socket.h
# The kernel is told where the program is. So far behind its start a bytes object has its content, and a zero behind it
# (struct PyBytesObject of CPython). The modules array and ctypes would say it too, and cost an attach 4 ms to import.
_CONTENT = bytes.__basicsize__ - 1
_LOAD_BYTE, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x15, 0x06  # BPF_LD|BPF_B|BPF_ABS, …, include/uapi/linux/bpf_common.h


def open_link(dev: str, heard: int = 0, bytes_at: "Sequence[tuple[int, int]]" = ()) -> socket.socket:
    """A raw socket on a link, which hears frames of one kind, or none; of these, those with certain bytes somewhere.

    When it is closed the kernel waits for all its processors, some milliseconds: whoever is in a hurry leaves that to
    another process which has it too.
    """
    try:
        opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
        if bytes_at:
            _hear_only(opened, bytes_at)
        opened.bind((dev, heard))
    except OSError as error:  # the caller may have too few capabilities for the one, and the link be gone for the other
        raise KernelError(dev, error.strerror or str(error)) from None
    return opened


def _hear_only(opened: socket.socket, bytes_at: "Sequence[tuple[int, int]]") -> None:
    """Has the kernel leave out all other frames: with everything on a busy link in its queue, some would be lost."""
    program = []
    for number, (place, value) in enumerate(bytes_at):
        to_the_end = 2 * (len(bytes_at) - number) - 1
        program += [(_LOAD_BYTE, 0, 0, place), (_JUMP_IF_EQUAL, 0, to_the_end, value)]
    program += [(_RETURN, 0, 0, 0xFFFF), (_RETURN, 0, 0, 0)]
    code = b"".join(struct.pack("=HBBI", *one) for one in program)
    opened.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, struct.pack("@HP", len(program), id(code) + _CONTENT))
