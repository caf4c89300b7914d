"""check: all mistakes in an interfaces(5) file."""

import json
import sys
from typing import Any

from snf_network_helper.commands.arguments import PROGRAM, SYSTEM_FILE
from snf_network_helper.commands.output import write
from snf_network_helper.errors import RoutedError, one_line
from snf_network_helper.interfaces import including
from snf_network_helper.interfaces.document import ERROR, WARNING
from snf_network_helper.interfaces.reader import installed
from snf_network_helper.lean import TYPE_CHECKING, environ
from snf_network_helper.review.findings import FORMAT_VERSION, as_json, text_line
from snf_network_helper.review.node import Node, ThisNode
from snf_network_helper.review.report import Report, findings

if TYPE_CHECKING:
    from types import SimpleNamespace

_DIRECTORY = "/etc/network/"
_ONLY_WARNINGS = 3


def run(arguments: "SimpleNamespace") -> int:
    """Exit code 1 for an error, 3 for warnings alone, or with --strict 1 for these, too."""
    if arguments.here and arguments.elsewhere:
        raise RoutedError("--here and --elsewhere: expected one of them")
    ifupdown = arguments.ifupdown or installed()
    reports = []
    for path in arguments.files:
        node = _node(path, arguments)
        report = findings(path, _content(path), node, ifupdown, SYSTEM_FILE if arguments.here else "")
        if arguments.errors:
            report.findings = [one for one in report.findings if one.severity == ERROR]
        reports.append((one_line(path, 4096), report, node))
    said = "".join(f" --{name}" for name in ("here", "elsewhere", "strict", "errors") if getattr(arguments, name))
    told = _told(reports, arguments.strict, said)
    if arguments.json:
        write(json.dumps(told, indent=2) + "\n")
    else:
        write("".join(f"{line}\n" for line in _lines(told)))
    return int(told["exit_code"])


def _content(path: str) -> str:
    try:
        return including.content(path)
    except OSError as error:
        raise RoutedError(f"{one_line(path, 4096)}: {error.strerror}") from None


def _node(path: str, arguments: "SimpleNamespace") -> Node:
    """What the file is held against: this node only if it is one of its files, or is to become one."""
    if arguments.here or (path.startswith(_DIRECTORY) and not arguments.elsewhere):
        return ThisNode(path == SYSTEM_FILE)
    return Node()


def _told(reports: list[tuple[str, Report, Node]], strict: bool, said: str) -> dict[str, Any]:
    """What is printed, as one value; `said` are the options to type again."""
    errors = sum(report.count(ERROR) for _, report, _ in reports)
    warnings = sum(report.count(WARNING) for _, report, _ in reports)
    code = 1 if errors or (strict and warnings) else _ONLY_WARNINGS if warnings else 0
    ifaces = [network.iface for _, report, _ in reports for network in report.networks]
    unknown = dict.fromkeys(one for _, _, node in reports for one in node.unknown())
    return {
        "format_version": FORMAT_VERSION,
        "files": [path for path, _, _ in reports],
        "interfaces": [*dict.fromkeys(map(one_line, ifaces))],
        "findings": [as_json(one) for _, report, _ in reports for one in report.findings],
        "unknown": [{"what": what, "why": why} for what, why in unknown],
        "errors": errors,
        "warnings": warnings,
        "exit_code": code,
        "verdict": _verdict(reports, [*dict.fromkeys(ifaces)], errors, warnings, said),
    }


def _verdict(
    reports: list[tuple[str, Report, Node]], ifaces: list[str], errors: int, warnings: int, said: str
) -> str:
    paths = [path for path, _, _ in reports]
    where = paths[0] if len(paths) == 1 else f"{len(paths)} files"
    counted = [f"{count} {what}{'s' * (count > 1)}" for count, what in ((errors, ERROR), (warnings, WARNING)) if count]
    if counted:
        again = f"{PROGRAM} check{said}" + "".join(f" {path}" for path in paths if paths != [SYSTEM_FILE])
        return f"{where}: {', '.join(counted)}; edit {'it' if len(paths) == 1 else 'them'}, then: {again}"
    by_hand = [f" {path}" * (path != SYSTEM_FILE) for path, report, _ in reports if report.is_by_hand]
    if not ifaces and by_hand:
        return f"{where}: fine, and routed by lines written by hand; then: {PROGRAM} convert{by_hand[0]}"
    if not ifaces:
        return f"{where}: fine, nothing is routed; to route an interface: man {PROGRAM}-interfaces"
    is_up = any(ifaces[0] in node.up() for _, _, node in reports)
    then = f"{f'{PROGRAM} up' if is_up else 'ifup'} {one_line(ifaces[0])}" if len(ifaces) == 1 else "ifup -a"
    return f"{where}: fine, {len(ifaces)} routed interface{'s' * (len(ifaces) > 1)}; then: {then}"


def _lines(told: dict[str, Any]) -> list[str]:
    """The text, made of the JSON."""
    in_colour = sys.stdout is not None and sys.stdout.isatty() and not environ.get("NO_COLOR")
    found = [text_line(one, in_colour) for one in told["findings"]]
    return [*found, *(f"not known: {one['what']}: {one['why']}" for one in told["unknown"]), told["verdict"]]
