"""All that is ours in the kernel by its mark, of every kind; for commands that look."""

from pathlib import Path

from snf_network_helper.changes.base import PROTOCOL, Change, kind_named
from snf_network_helper.kernel.view import View


def kinds() -> dict[str, type[Change]]:
    """Every kind there is, by its name in the journal: each is a file of this folder."""
    names = ["".join(map(str.capitalize, file.stem.split("_"))) for file in sorted(Path(__file__).parent.glob("*.py"))]
    return {name: kind for name in names if (kind := kind_named(name)) is not None}


def marked() -> frozenset[Change]:
    """Every change in the kernel that carries our protocol, in any table, and what is ours in nftables."""
    view = View(PROTOCOL)
    return frozenset(change for kind in kinds().values() for change in kind.marked(view))
