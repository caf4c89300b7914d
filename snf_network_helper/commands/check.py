"""check: all mistakes in an interfaces(5) file."""

import json
import sys
from typing import Any

from snf_network_helper.commands.arguments import PROGRAM, SYSTEM_FILE
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
    path = arguments.file
    if arguments.here and arguments.elsewhere:
        raise RoutedError("--here and --elsewhere: expected one of them")
    try:
        text = including.content(path)
    except OSError as error:
        raise RoutedError(f"{one_line(path, 4096)}: {error.strerror}") from None
    is_here = arguments.here or (path.startswith(_DIRECTORY) and not arguments.elsewhere)
    node = ThisNode(path == SYSTEM_FILE) if is_here else Node()
    ifupdown = arguments.ifupdown or installed()
    report = findings(path, text, node, ifupdown, SYSTEM_FILE if arguments.here else "")
    told = _told(path, report, node, arguments.strict)
    if arguments.json:
        print(json.dumps(told, indent=2))
    else:
        _print(told)
    return int(told["exit_code"])


def _told(path: str, report: Report, node: Node, strict: bool) -> dict[str, Any]:
    """What is printed, as one value."""
    errors, warnings = report.count(ERROR), report.count(WARNING)
    code = 1 if errors or (strict and warnings) else _ONLY_WARNINGS if warnings else 0
    return {
        "format_version": FORMAT_VERSION,
        "file": one_line(path, 4096),
        "interfaces": [*dict.fromkeys(one_line(network.iface) for network in report.networks)],
        "findings": [as_json(one) for one in report.findings],
        "unknown": [{"what": what, "why": why} for what, why in node.unknown()],
        "errors": errors,
        "warnings": warnings,
        "exit_code": code,
        "verdict": _verdict(one_line(path, 4096), report, errors, warnings),
    }


def _verdict(path: str, report: Report, errors: int, warnings: int) -> str:
    again = f"{PROGRAM} check" + (f" {path}" if path != SYSTEM_FILE else "")
    counted = [f"{count} {what}{'s' * (count > 1)}" for count, what in ((errors, ERROR), (warnings, WARNING)) if count]
    if counted:
        return f"{path}: {', '.join(counted)}; edit it, then: {again}"
    count = len({network.iface for network in report.networks})
    if not count:
        return f"{path}: fine, nothing is routed; to route an interface: man {PROGRAM}-interfaces"
    then = f"ifup {report.networks[0].iface}" if count == 1 else "ifup -a"
    return f"{path}: fine, {count} routed interface{'s' * (count > 1)}; then: {then}"


def _print(told: dict[str, Any]) -> None:
    in_colour = sys.stdout is not None and sys.stdout.isatty() and not environ.get("NO_COLOR")
    for one in told["findings"]:
        print(text_line(one, in_colour))
    for one in told["unknown"]:
        print(f"not known: {one['what']}: {one['why']}")
    print(told["verdict"])
