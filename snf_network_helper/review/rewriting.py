"""A file with its hand-written stanzas as routed-* options: every other byte stays as it is."""

from snf_network_helper.interfaces import including
from snf_network_helper.interfaces.document import ERROR
from snf_network_helper.review.conversion import Conversion, Left, converted
from snf_network_helper.review.node import Node
from snf_network_helper.review.report import findings
from snf_network_helper.review.shell import comment


def sourced(path: str, text: str, node: Node) -> list[str]:
    """The files that a file sources and that have something to convert, too."""
    document, _ = including.read(path, text)
    others = (one for one in document.interfaces if one.name.path != path)
    found = ((one.name.path, converted(one, node.table_number)) for one in others)
    return [*dict.fromkeys(file for file, done in found if done is not None and done.lines)]


def rewritten(path: str, text: str, node: Node) -> tuple[str, list[Conversion]]:
    """The text, and what has become of each stanza with something of guests that are routed.

    A stanza stays as it is where `check` would find an error in what becomes of it.
    """
    document, _ = including.read(path, text)
    work = [
        done
        for one in document.interfaces
        if one.name.path == path and (done := converted(one, node.table_number)) is not None
    ]
    while any(one.lines for one in work):
        result = _with(text, work)
        wrong: dict[str, str] = {}
        for finding in findings(path, result, node).findings:
            for iface in (finding.iface, finding.other):
                if finding.severity == ERROR:
                    wrong.setdefault(iface, f"{finding.iface}: {finding.message}")
        back = [one for one in work if one.lines and one.interface.name.text in wrong]
        if not back:
            return result, work
        for one in back:
            why = f"check would say: {wrong[one.interface.name.text]}"
            one.left = [Left(option, why) for option in one.lines]
            one.lines, one.options, one.mends, one.forgotten = [], [], [], []
    return text, work


def _with(text: str, work: list[Conversion]) -> str:
    """The text with the options of each stanza in the place of the first of its lines."""
    written = text.split("\n")
    gone: set[int] = set()
    put: dict[int, list[str]] = {}
    for one in work:
        if not one.lines:
            continue
        for option in one.lines:
            gone.update(range(option.line.first, option.line.last + 1))
        first = written[one.lines[0].line.first - 1]
        indent = first[: len(first) - len(first.lstrip(" \t"))]
        end = "\r" if first.endswith("\r") else ""
        width = max((len(name) for name, _ in one.options), default=0)
        for option in one.lines:
            if said := comment(option.value):
                put[option.line.first] = [f"{indent}{said}{end}"]
        here = put.get(one.lines[0].line.first, [])
        put[one.lines[0].line.first] = here + [f"{indent}{name:{width}} {value}{end}" for name, value in one.options]
    result: list[str] = []
    for number, line in enumerate(written, start=1):
        result += put.get(number, [])
        if number not in gone:
            result.append(line)
    return "\n".join(result)
