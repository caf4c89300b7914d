"""What is found in a file, as a value: the JSON is made of it, and the text of the JSON."""

from dataclasses import dataclass
from typing import Any

from snf_network_helper.errors import one_line
from snf_network_helper.interfaces.document import ERROR, WARNING
from snf_network_helper.interfaces.lines import Word

FORMAT_VERSION = "1.0"
_COLOURS = {ERROR: "\033[1;31m", WARNING: "\033[1;35m"}
_PLAIN = "\033[0m"


@dataclass(frozen=True, order=True)
class Finding:
    """One mistake, or what is odd: where, how bad, of which interface ("" where of none), and in words.

    `other` is the interface that it is against.
    """

    path: str
    line: int
    column: int
    severity: str
    iface: str
    message: str
    other: str = ""


def finding(word: Word, severity: str, iface: str, message: str, other: str = "") -> Finding:
    """A finding at a word."""
    shown = iface and one_line(iface)
    return Finding(word.path, word.line, word.column, severity, shown, one_line(message, 1000), other)


def as_json(one: Finding) -> dict[str, Any]:
    """The fields by their names in the JSON."""
    return {
        "file": one.path.encode(errors="surrogateescape").decode(errors="replace"),
        "line": one.line,
        "column": one.column,
        "severity": one.severity,
        "interface": one.iface,
        "message": one.message,
    }


def text_line(one: dict[str, Any], in_colour: bool = False) -> str:
    """The line that a person, or an editor, reads."""
    severity = f"{_COLOURS[one['severity']]}{one['severity']}{_PLAIN}" if in_colour else one["severity"]
    of = f"{one['interface']}: " if one["interface"] else ""
    return f"{one_line(one['file'], 4096)}:{one['line']}:{one['column']}: {severity}: {of}{one['message']}"
