"""What ifup, ifdown and attach import in the place of heavy modules, and the one place that says why.

Each `ifup` of a routed interface starts Python, and most of what that costs are imports. `python3 -X importtime` of
Debian 12: typing 2 ms, signal 3 ms, socket 5 ms, argparse 8 ms, pyroute2 100 ms. The C halves `_signal` and `_socket`
are there at once. So no module on the way of the hooks imports one of `HEAVY`; what only annotations need stands below
`if TYPE_CHECKING`, and what only one role or an error needs is imported where it is needed. `posix` in the place of
`os` saves 0.7 ms of a hook's 13.
"""

import _signal as signal  # type: ignore[import]
import _socket as socket
import posix

__all__ = ["HEAVY", "TYPE_CHECKING", "environ", "posix", "signal", "socket"]

HEAVY = (
    "argparse", "collections", "contextlib", "dataclasses", "difflib", "enum", "functools", "inspect", "ipaddress",
    "json", "logging", "netifaces", "os", "pathlib", "pyroute2", "re", "shutil", "signal", "socket", "subprocess",
    "tempfile", "threading", "typing",
)  # fmt: skip

TYPE_CHECKING = False  # which type checkers take for true

# As os.environ: undecodable bytes survive as surrogates.
environ = {
    name.decode(errors="surrogateescape"): value.decode(errors="surrogateescape")
    for name, value in posix.environ.items()
}
