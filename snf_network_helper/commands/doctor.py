"""doctor: why a guest has no network, and what to type."""

import json
import sys
from dataclasses import replace
from typing import Any

from snf_network_helper.commands.arguments import PROGRAM
from snf_network_helper.errors import RoutedError
from snf_network_helper.findings.asking import ask
from snf_network_helper.findings.every import KINDS, Check, check
from snf_network_helper.findings.finding import BAD, WARNING
from snf_network_helper.findings.reading import read
from snf_network_helper.lean import TYPE_CHECKING, environ, posix
from snf_network_helper.stanza.names import check_interface

if TYPE_CHECKING:
    from types import SimpleNamespace

_CODES = {"ok": 0, BAD: 1, WARNING: 3, "unknown": 3}
_COLOURS = {BAD: "31", WARNING: "33", "unknown": "33", "ok": "32"}


def run(arguments: "SimpleNamespace") -> int:
    """Exit code 1 where anything is bad, 3 where there is nothing but warnings, or something is not known."""
    if arguments.iface is not None:
        check_interface(arguments.iface)
    about = arguments.iface or ""
    report = _report(about, _checks(about, not arguments.no_probe))
    print(json.dumps(report, indent=2) if arguments.json else "\n".join(_lines(report)))
    return _CODES[report["verdict"]]


def _checks(about: str, ask_links: bool) -> list[Check]:
    """Where the facts cannot be read, nothing is known."""
    try:
        if posix.geteuid():
            raise RoutedError(f"{PROGRAM} doctor: expected to be run by root")
        facts = read(about)
        if ask_links:
            facts = replace(facts, answers=ask(facts))
    except RoutedError as error:
        return [Check(kind, (), str(error)) for kind in KINDS if ask_links or not kind.is_active]
    if about and about not in {*facts.links, *facts.failed, *(journal.owner for journal in facts.journals)}:
        raise RoutedError(f"{about}: no such interface, and nothing is routed by this name")
    return check(facts, ask_links)


def _report(about: str, checks: list[Check]) -> dict[str, Any]:
    """The value that is printed, in one form or the other; the findings worst first."""
    findings = [
        {
            "id": one.kind.id,
            "severity": one.kind.severity,
            "about": finding.about,
            "cause": finding.cause,
            "remedy": list(finding.remedy),
            "advice": finding.advice,
        }
        for severity in (BAD, WARNING)
        for one in checks
        if one.kind.severity == severity
        for finding in one.findings
    ]
    states = [{"id": one.kind.id, "state": _state(one), "why": one.unknown} for one in checks]
    unknown = any(state["state"] == "unknown" for state in states)
    verdict = str(findings[0]["severity"]) if findings else "unknown" if unknown else "ok"
    return {
        "format_version": "1.0",
        "about": about,
        "verdict": verdict,
        "findings": findings,
        "checks": states,
        "summary": _summary(findings, len(checks), sum(state["state"] == "unknown" for state in states)),
    }


def _state(one: Check) -> str:
    return "bad" if one.findings else "unknown" if one.unknown else "ok"


def _summary(findings: list[dict[str, Any]], looked: int, unknown: int) -> str:
    """The verdict, and what to type first."""
    if not findings:
        known = f"{looked - unknown} of {looked} findings looked for, none holds"
        return f"not known: {known}" if unknown else f"ok: {known}"
    bad = sum(one["severity"] == BAD for one in findings)
    counted = f"{bad} bad, {len(findings) - bad} warnings" + f", {unknown} not known" * bool(unknown)
    first = findings[0]
    todo = f"type `{first['remedy'][0]}`" if first["remedy"] and not first["advice"] else f"see {first['id']} above"
    return f"{counted}: {todo}, then `{PROGRAM} doctor` again"


def _lines(report: dict[str, Any]) -> list[str]:
    lines = []
    for one in report["findings"]:
        about = f"{one['about']}: " if one["about"] else ""
        lines.append(f"{_coloured(one['severity'])} {one['id']}: {about}{one['cause']}")
        lines += [f"    {one['advice']}"] if one["advice"] else []
        lines += [f"    # {command}" for command in one["remedy"]]
    reasons: dict[str, list[str]] = {}
    for one in report["checks"]:
        if one["state"] == "unknown":
            reasons.setdefault(one["why"], []).append(one["id"])
    lines += [f"{_coloured('unknown')} {' '.join(ids)}: {why}" for why, ids in reasons.items()]
    return [*lines, report["summary"]]


def _coloured(word: str) -> str:
    shown = "not known" if word == "unknown" else word
    if not sys.stdout.isatty() or environ.get("NO_COLOR"):
        return shown
    return f"\033[{_COLOURS[word]}m{shown}\033[0m"
