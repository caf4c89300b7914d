"""The house: rooms that import downwards only, modules of a readable size, and nothing heavy where hooks pass."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from snf_network_helper.lean import HEAVY

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "snf_network_helper"
NAME = PACKAGE.name
# From the top down: a module imports from its own room and from those that come later.
ROOMS = ["commands", "review", "findings", "hook", "guests", "transaction", "journal", "plan", "changes", "interfaces",
         "wire", "kernel", "runtime", "stanza", "errors", "lean"]  # fmt: skip
PURE = {"plan": {"plan", "changes", "stanza", "errors", "lean"}, "stanza": {"stanza", "errors", "lean"}}
# Who may import what is heavy: the commands, and what only they or one role imports.
MAY_BE_HEAVY = {"commands", "review", "findings", "kernel.view", "kernel.link_addresses", "changes.seen"}
MODULES = sorted(".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py"))
EVERY_MODULE = pytest.mark.parametrize("module", MODULES)


@cache
def tree(module: str) -> ast.Module:
    """What a module's file says."""
    return ast.parse((PACKAGE / f"{module.replace('.', '/')}.py").read_text("utf-8"))


def imports(module: str, everywhere: bool) -> Iterator[str]:
    """The modules that a module imports; unless `everywhere`, when it is imported itself."""
    nodes = ast.walk(tree(module)) if everywhere else iter(tree(module).body)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.module is not None
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name for name in inner if name.removeprefix(f"{NAME}.") in MODULES)
            yield node.module


def ours(module: str, everywhere: bool = True) -> set[str]:
    """Those of this package, by their names in it."""
    found = {name.removeprefix(f"{NAME}.") for name in imports(module, everywhere) if name.startswith(f"{NAME}.")}
    return {name if name in MODULES else f"{name}.__init__" for name in found} - {module}


def room(module: str) -> str:
    return module.partition(".")[0]


@EVERY_MODULE
def test_a_module_imports_from_its_room_and_from_rooms_below(module: str) -> None:
    if module != "__init__":
        above = {name for name in ours(module) if ROOMS.index(room(name)) < ROOMS.index(room(module))}
        assert above == set()


def test_files_are_read_whole_for_people_only() -> None:
    """Neither ifup nor attach loads what check and convert need."""
    whole = {"interfaces.document", "interfaces.including", "interfaces.lines"}
    asking = {name for name in MODULES if room(name) == "review"} | {"commands.check", "commands.convert"} | whole
    others = {name for name in MODULES if name not in asking}
    assert {name for name in others if ours(name) & asking} == set()


def test_findings_are_for_the_commands_that_look() -> None:
    """Neither ifup nor attach loads any of them."""
    looking = {name for name in MODULES if room(name) != "findings" and "findings" in map(room, ours(name))}
    assert looking == {"commands.doctor", "commands.status"}


@pytest.mark.parametrize("start", MODULES)
def test_no_module_imports_itself_by_way_of_others(start: str) -> None:
    seen: set[str] = set()
    todo = [*ours(start)]
    while todo:
        name = todo.pop()
        if name not in seen:
            seen.add(name)
            todo += ours(name)
    assert start not in seen


@EVERY_MODULE
def test_a_module_has_250_lines_at_most(module: str) -> None:
    text = (PACKAGE / f"{module.replace('.', '/')}.py").read_text("utf-8")
    assert len(text.splitlines()) <= 250


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in PURE])
def test_what_is_pure_imports_nothing_that_touches_the_system(module: str) -> None:
    foreign = {name for name in imports(module, everywhere=True) if not name.startswith(NAME)}
    assert {room(name) for name in ours(module)} <= PURE[room(module)]
    assert foreign <= {"__future__", "collections.abc", "difflib"}


@pytest.mark.parametrize("module", [module for module in MODULES if room(module) in PURE])
def test_what_is_pure_loads_nothing_that_touches_the_system(module: str) -> None:
    loaded: set[str] = set()
    todo = [module]
    while todo:
        name = todo.pop()
        if name not in loaded:
            loaded.add(name)
            todo += ours(name, everywhere=False)
    assert {room(name) for name in loaded} & {"wire", "journal", "transaction", "guests", "commands"} == set()
    assert {name for name in loaded if room(name) == "kernel"} == set()


@EVERY_MODULE
def test_nothing_heavy_is_loaded_where_hooks_pass(module: str) -> None:
    if not {module, room(module)} & MAY_BE_HEAVY:
        assert {name.partition(".")[0] for name in imports(module, everywhere=False)} & {*HEAVY} == set()


def test_the_design_draws_every_room() -> None:
    rows = re.findall(r"^\| `(\w+)(?:/|\.py)` \|", (ROOT / "docs/design.md").read_text("utf-8"), re.MULTILINE)
    assert rows == [name for name in ROOMS if name not in ("errors", "lean")] + ["lean", "errors"]
    assert {*ROOMS} == {room(module) for module in MODULES} - {"__init__"}
