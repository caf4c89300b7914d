"""convert: an interfaces(5) file with its hand-written stanzas as routed-* options."""

import json
import os
from typing import Any

from snf_network_helper.commands.arguments import PROGRAM, SYSTEM_FILE
from snf_network_helper.commands.output import write
from snf_network_helper.errors import RoutedError, one_line, say
from snf_network_helper.interfaces import including
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.review.conversion import Conversion
from snf_network_helper.review.findings import FORMAT_VERSION
from snf_network_helper.review.node import Node
from snf_network_helper.review.rewriting import rewritten, sourced

if TYPE_CHECKING:
    from types import SimpleNamespace

_SOME_LEFT = 3


def run(arguments: "SimpleNamespace") -> int:
    """Exit code 3 where a line is left that is of guests that are routed."""
    path = arguments.file
    try:
        before = including.content(path)
    except OSError as error:
        raise RoutedError(f"{one_line(path, 4096)}: {error.strerror}") from None
    after, work = rewritten(path, before, Node())
    backup = ""
    if arguments.in_place and after != before:
        backup = _write(path, before, after)
    told = _told(path, before, after, work, backup)
    told["sourced"] = [one_line(file, 4096) for file in sourced(path, before, Node())]
    shown = _difference(path, before, after) if arguments.diff else after * (not arguments.in_place)
    if arguments.json:
        as_text = shown.encode(errors="surrogateescape").decode(errors="replace")
        write(json.dumps({**told, "text": as_text}, indent=2) + "\n")
    else:
        write(shown)
        for line in _lines(told):
            say(line)
    return int(told["exit_code"])


def _told(path: str, before: str, after: str, work: list[Conversion], backup: str) -> dict[str, Any]:
    """What is said beside the text, as one value."""
    stanzas = [_as_json(one) for one in work]
    done = sum(bool(one.lines) for one in work)
    left = sum(len(one.left) for one in work)
    name = one_line(path, 4096)
    if after == before:
        verdict = f"{name}: nothing to convert" + (f", {left} line{'s' * (left > 1)} left" if left else "")
    else:
        again = f"{PROGRAM} check" + (f" {name}" if path != SYSTEM_FILE else "")
        then = again if backup else f"{PROGRAM} convert --in-place{f' {name}' * (path != SYSTEM_FILE)}"
        verdict = f"{name}: {done} stanza{'s' * (done > 1)} converted"
        verdict += f", {left} line{'s' * (left > 1)} left" if left else ""
        verdict += f"; the old file is {backup}" if backup else ""
        verdict += f"; then: {then}"
    return {
        "format_version": FORMAT_VERSION,
        "file": name,
        "stanzas": stanzas,
        "backup": backup,
        "exit_code": _SOME_LEFT if left else 0,
        "verdict": verdict,
    }


def _as_json(one: Conversion) -> dict[str, Any]:
    return {
        "interface": one_line(one.interface.name.text),
        "line": one.interface.name.line,
        "options": [f"{name} {value}" for name, value in one.options],
        "removed": [option.line.first for option in one.lines],
        "mends": one.mends,
        "forgotten": [one_line(line, 500) for line in one.forgotten],
        "left": [
            {
                "line": left.option.line.first,
                "text": one_line(f"{left.option.name.text} {left.option.value}", 500),
                "why": left.why,
            }
            for left in one.left
        ],
    }


def _lines(told: dict[str, Any]) -> list[str]:
    """The text, made of the JSON."""
    found = []
    for one in told["stanzas"]:
        where = f"{told['file']}:{one['line']}: {one['interface']}"
        if one["removed"]:
            count = len(one["removed"])
            found.append(f"{where}: {count} line{'s' * (count > 1)} converted")
        found += [f"  mends: {command}" for command in one["mends"]]
        found += [f"  mends: ifdown undoes: {line}" for line in one["forgotten"]]
        found += [f"{told['file']}:{left['line']}: left: {left['text']}: {left['why']}" for left in one["left"]]
    found += [f"{file}: has stanzas to convert, too: {PROGRAM} convert {file}" for file in told["sourced"]]
    return [*found, told["verdict"]]


def _difference(path: str, before: str, after: str) -> str:
    from difflib import unified_diff

    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    made = unified_diff(old, new, path, f"{path} (converted)")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in made)


def _write(path: str, before: str, after: str) -> str:
    """Puts the new text in the place of the old one, which is kept; the name of what keeps it.

    That begins with a dot: no `source DIRECTORY/*` is to read it.
    """
    real = os.path.realpath(path)
    directory, name = os.path.split(real)
    status = os.stat(real)
    try:
        backup = next(
            kept for number in range(1000)
            if not os.path.lexists(kept := f"{directory}/.{name}.before-convert{f'.{number}' * bool(number)}")
        )  # fmt: skip
        for target, text in ((backup, before), (draft := f"{directory}/.{name}.draft", after)):
            with open(target, "wb", opener=lambda one, flags: os.open(one, flags, 0o600)) as file:
                file.write(text.encode(errors="surrogateescape"))
                file.flush()
                os.fsync(file.fileno())
            os.chown(target, status.st_uid, status.st_gid)
            os.chmod(target, status.st_mode & 0o7777)
        os.replace(draft, real)
    except OSError as error:
        raise RoutedError(f"{one_line(path, 4096)}: cannot be written: {error.strerror}") from None
    return backup
