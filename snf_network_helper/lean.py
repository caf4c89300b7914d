"""What ifup, ifdown and attach import in the place of heavy modules, and the one place that says why.

Each `ifup` of a routed interface starts Python, and imports are most of its cost. docs/design.md, "Speed", has what
each costs (`tools/bench imports`): the C halves `posix`, `_signal` and `_socket` cost a small part of `os`, `signal`
and `socket`. So no module on the way of the hooks imports one of `HEAVY`. What only annotations need stands below
`if TYPE_CHECKING`. What only one role or an error needs is imported where it is needed.
"""

import _signal as signal
import _socket as socket
import posix

__all__ = ["HEAVY", "TYPE_CHECKING", "environ", "posix", "signal", "socket", "struct"]

HEAVY = (
    "argparse", "collections", "contextlib", "dataclasses", "difflib", "enum", "functools", "inspect", "ipaddress",
    "json", "logging", "netifaces", "os", "pathlib", "pyroute2", "re", "shutil", "signal", "socket", "subprocess",
    "tempfile", "threading", "typing",
)  # fmt: skip

TYPE_CHECKING = False  # which type checkers take for true
if TYPE_CHECKING:
    import struct
else:
    import _struct as struct  # is there at once, where `struct` is searched for: the first search costs most

# As os.environ: undecodable bytes survive as surrogates.
environ = {
    name.decode(errors="surrogateescape"): value.decode(errors="surrogateescape")
    for name, value in posix.environ.items()
}
