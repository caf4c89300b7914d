"""What a file is held against beyond itself: the links and tables of a node, and what has become of its interfaces.

Each fact is looked up once. Of a file of another node none is.
"""

from collections.abc import Collection

from snf_network_helper.interfaces.addon import advice
from snf_network_helper.interfaces.reader import is_ifupdown2
from snf_network_helper.journal.journal import names
from snf_network_helper.kernel import link, table_names
from snf_network_helper.lean import posix, socket
from snf_network_helper.runtime import failed, files
from snf_network_helper.stanza.spelling import did_you_mean

_EVERYWHERE = {"unspec": 0, "default": 253, "main": 254, "local": 255}  # the tables that all nodes have
_UNKNOWN_NUMBERS = 1 << 31  # those of tables whose numbers are another node's
_DIGITS = str.maketrans("", "", "0123456789")
_MOST_ASKED = 20  # links for which the one that may be meant is looked for: that takes its time


class Node:
    """One that nothing is known of: every link may be there, and every table has a name."""

    has_files = False  # those that the file names
    has_addon = False  # by which ifupdown2 knows the addresses of routers

    def __init__(self) -> None:
        self._tables: dict[str, int | None] = dict(_EVERYWHERE)
        self._asked = 0

    def table_number(self, name: str) -> int | None:
        """The number of a table by its name; another one for each name."""
        return self._tables.setdefault(name, _UNKNOWN_NUMBERS + len(self._tables))

    def absence(self, name: str) -> str:
        """Why no link has the name; "" where one has, or nobody knows."""
        return ""

    def likely_absence(self, name: str, known: Collection[str]) -> str:
        """The same where the file tells at most: `known` are the names in it."""
        self._asked += name not in known
        if name in known or self._asked > _MOST_ASKED:
            return ""
        # eth0 beside eth1 is none the worse for having no stanza
        near = did_you_mean(name, [one for one in known if one.translate(_DIGITS) != name.translate(_DIGITS)])
        return f"{name}: the file has no such interface{near}" if near else ""

    def failures(self) -> dict[str, str]:
        """Of each interface whose last bring-up failed, the line that said why."""
        return {}

    def up(self) -> dict[str, str]:
        """The routed interfaces that are up."""
        return {}

    def unknown(self) -> list[tuple[str, str]]:
        """What cannot be told, and why."""
        return [("links, tables, interfaces that are up", "the file is of another node")]


class ThisNode(Node):
    """The one that this runs on; `is_in_use`: the file is the one that ifup reads."""

    has_files = True

    def __init__(self, is_in_use: bool) -> None:
        super().__init__()
        self._links = {name for _, name in socket.if_nameindex()}
        self._is_in_use = is_in_use
        self.has_addon = is_ifupdown2() and not advice()

    def table_number(self, name: str) -> int | None:
        if name not in self._tables:
            self._tables[name] = table_names.table_number(name)
        return self._tables[name]

    def likely_absence(self, name: str, known: Collection[str]) -> str:
        return self.absence(name)

    def absence(self, name: str) -> str:
        if name in self._links:
            return ""
        self._asked += 1
        return link.absence(name) if self._asked <= _MOST_ASKED else f"{name}: no such interface"

    def failures(self) -> dict[str, str]:
        return failed.lines() if self._is_in_use and self._may_look() else {}

    def up(self) -> dict[str, str]:
        if not self._is_in_use or not self._may_look():
            return {}
        return {name.rpartition(":")[0]: name for name in names()}

    def unknown(self) -> list[tuple[str, str]]:
        if self._is_in_use and not self._may_look():
            return [("bring-ups that failed, interfaces that are up", f"{files.DIRECTORY} is root's alone")]
        return []

    def _may_look(self) -> bool:
        return not files.exists(files.DIRECTORY) or posix.access(files.DIRECTORY, posix.R_OK | posix.X_OK)


