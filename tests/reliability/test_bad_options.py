"""Options full of nonsense, through the hook as a process: one line of error, and nothing else happens."""

from __future__ import annotations

import os
import random
import runpy
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from lab.stanzas import Stanza
from node import JOURNAL, Node, Outcome
from routed import LINK
from traced import THOROUGH

FUZZ = Path(__file__).resolve().parents[2] / "tools" / "fuzz"
CANARY = "/run/canary"
OPTIONS = ("ROLE", "SUBNET", "GATEWAY", "TABLE", "ARP_IP", "UPLINK", "NAT", "NAT6", "NAT_EXCEPT", "PRIORITY", "UNKNOWN")
VALID = {"IFACE": LINK, "IF_ROUTED_SUBNET": "192.0.2.0/24", "IF_ROUTED_GATEWAY": "192.0.2.1", "IF_ROUTED_TABLE": "222"}


@pytest.fixture(scope="module")
def sealed_node() -> Iterator[Node]:
    """A node where nothing can be written but /run and what the kernel itself shows as files."""
    with Node(LINK) as node:
        node.run("mount -o remount,bind,ro /")
        yield node


def hook(node: Node, mode: str, environ: Mapping[str, str]) -> Outcome:
    """Run the installed hook as ifup and ifdown do, with bytes in its environment that no shell would pass on."""
    directory = {"start": "if-up.d", "stop": "if-down.d"}[mode]
    done = subprocess.run(
        ["nsenter", f"--target={node.pid}", "--net", "--mount", f"/etc/network/{directory}/routed"],
        env={"PATH": os.defpath, "MODE": mode, "ADDRFAM": "inet", "METHOD": "manual", "PHASE": "post-up", **environ},
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    return Outcome(done.returncode, tuple(done.stderr.decode(errors="surrogateescape").split("\n")[:-1]))


def is_one_line(outcome: Outcome) -> None:
    """Check an error."""
    assert outcome.code == 1
    assert len(outcome.lines) == 1, outcome.lines
    assert outcome.lines[0].isprintable(), outcome.lines
    assert len(outcome.lines[0]) < 1000


def files(node: Node) -> str:
    """Every file below /run but for the locks."""
    return node.run(f"find /run ! -path '{JOURNAL}*' | sort")


@pytest.mark.parametrize("option", OPTIONS)
def test_no_shell_sees_a_value(sealed_node: Node, option: str) -> None:
    before = sealed_node.snapshot()
    command = f"touch {CANARY}"
    for value in (f"$({command})", f"`{command}`", f"; {command} #", f"' ; {command} ; '", f"\n{command}"):
        is_one_line(hook(sealed_node, "start", {**VALID, f"IF_ROUTED_{option}": value}))
    assert sealed_node.attempt(f"ls {CANARY}").returncode != 0
    assert not before.difference(sealed_node.snapshot())


def test_nonsense_is_refused_or_undone(sealed_node: Node) -> None:
    fuzz = runpy.run_path(str(FUZZ))
    rng = random.Random(1)
    before, there = sealed_node.snapshot(), files(sealed_node)
    for number in range(3000 if THOROUGH else 150):
        environ = {**fuzz["environment"](rng), "IFACE": LINK}
        if "\0" in "".join(environ.values()):
            continue  # no process can have this in its environment
        outcome = hook(sealed_node, "start", environ)
        if outcome.code:
            is_one_line(outcome)
        else:
            assert not any("Traceback" in line for line in outcome.lines)
            assert hook(sealed_node, "stop", environ) == Outcome(0, ())
        assert sealed_node.leftovers() == []
        if number % 25 == 0 or outcome.code == 0:
            assert not before.difference(sealed_node.snapshot()), environ
    assert not before.difference(sealed_node.snapshot())
    assert files(sealed_node) == there


def test_odd_interface_names_are_refused(sealed_node: Node) -> None:
    names = runpy.run_path(str(FUZZ))["ODD_LINKS"]
    before, there = sealed_node.snapshot(), files(sealed_node)
    # Of a VLAN id that is none only the table is missing, and lo and no name at all are ifup's own affairs.
    for name in set(names) - {"", "lo", "vlan", "vlan0222", "eth0.0", "eth0.4095"}:
        is_one_line(hook(sealed_node, "start", {**VALID, "IFACE": name}))
        assert hook(sealed_node, "stop", {**VALID, "IFACE": name}).code == 0
    assert not before.difference(sealed_node.snapshot())
    assert files(sealed_node) == there


@pytest.mark.parametrize("command", ["plan", "down"])
@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", "eth0/../all", "a b", "$(id)", "x" * 300, "eth1\n"])
def test_the_command_refuses_odd_names(sealed_node: Node, command: str, name: str) -> None:
    done = sealed_node.attempt(f"exec snf-network-helper {command} -- '{name}'")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_ifup_refuses_what_the_stanza_has_wrong(node: Node) -> None:
    before = node.snapshot()
    for old, new in (("vmc", "vm"), ("192.0.2.0/24", "192.0.2.1/24"), ("192.0.2.1", "192.0.3.1"), ("222", "254")):
        text = str(Stanza("vmc", "IPv4", link=LINK)) + "    routed-role vmc\n"
        node.interfaces(text.replace(old, new))
        outcome = node.ifup(LINK)
        assert outcome.code == 1
        (line,) = outcome.of_the_hook()
        assert line.startswith(f"{LINK}: routed-")
        assert not before.difference(node.snapshot())
