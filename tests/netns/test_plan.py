"""What `snf-network-helper plan` prints is what ifup then runs, command by command."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

import pytest
from lab.node import Node, lone_node
from lab.stanzas import Stanza, every_stanza

LINK = "eth0.222"
MARK = "[#] "
STANZAS = [pytest.param(stanza, id=stanza.title) for stanza in every_stanza(LINK)]


@pytest.fixture
def node() -> Iterator[Node]:
    with lone_node() as node:
        node.plug(LINK)
        yield node


def commands_of_ifup(node: Node) -> list[str]:
    """The commands that `ifup -v` shows as it runs them."""
    done = node.host.attempt(f"ifup -v {LINK}")
    assert done.returncode == 0, done.stderr
    return [line.removeprefix(MARK) for line in done.stderr.splitlines() if line.startswith(MARK)]


@pytest.mark.parametrize("stanza", STANZAS)
def test_plan_prints_the_commands_that_ifup_runs_in_their_order(node: Node, stanza: Stanza) -> None:
    node.host.interfaces(str(stanza))
    planned = node.host.run(f"snf-network-helper plan {LINK}").splitlines()
    assert planned
    assert planned == commands_of_ifup(node)


@pytest.mark.parametrize("stanza", STANZAS)
def test_the_planned_commands_typed_by_hand_do_what_ifup_does(node: Node, stanza: Stanza) -> None:
    node.host.interfaces(str(stanza))
    planned = node.host.run(f"snf-network-helper plan {LINK}")
    node.host.run(planned)
    by_hand = node.snapshot()
    node.host.run(f"ip link del {LINK}")
    with lone_node() as other:
        other.plug(LINK)
        other.host.interfaces(str(stanza))
        other.host.run(f"ifup {LINK}")
        assert comparable(other.snapshot().lines) == comparable(by_hand.lines)


def comparable(lines: tuple[str, ...]) -> list[str]:
    """The lines without the hardware and link-local addresses, which two hosts don't share."""
    return sorted(line for line in lines if "fe80:" not in line and not line.startswith("link: "))


def test_plan_changes_nothing(node: Node) -> None:
    node.host.interfaces(str(Stanza("router-vmc", nat=True, nat6=True)))
    before = node.snapshot()
    node.host.run(f"snf-network-helper plan {LINK}")
    assert before.difference(node.snapshot()) == ""
    assert node.host.attempt("ls /run/snf-network-helper/*").stdout == ""


def test_plan_of_an_interface_that_is_up_is_still_the_whole_plan(node: Node) -> None:
    node.host.interfaces(str(Stanza("router-vmc", nat=True, nat6=True)))
    planned = node.host.run(f"snf-network-helper plan {LINK}")
    node.host.run(f"ifup {LINK}")
    assert node.host.run(f"snf-network-helper plan {LINK}") == planned


def test_plan_reads_another_file(node: Node) -> None:
    node.host.interfaces(str(Stanza("vmc")))
    planned = node.host.run(f"snf-network-helper plan {LINK}")
    node.host.run("mv /etc/network/interfaces /run/elsewhere && : > /etc/network/interfaces")
    assert node.host.run(f"snf-network-helper plan {LINK} --file /run/elsewhere") == planned
    assert node.host.attempt(f"snf-network-helper plan {LINK}").returncode == 1


def test_plan_in_json_has_the_same_commands(node: Node) -> None:
    node.host.interfaces(str(Stanza("router", nat=True, nat6=True)))
    planned = node.host.run(f"snf-network-helper plan {LINK}").splitlines()
    document = json.loads(node.host.run(f"snf-network-helper plan {LINK} --json"))
    assert [change["add"] for change in document] == planned


def test_plan_needs_no_root_and_no_network(node: Node) -> None:
    node.host.interfaces(str(Stanza("vmc")))
    planned = node.host.run(f"snf-network-helper plan {LINK}")
    as_nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups " + shlex.join(["snf-network-helper", "plan", LINK])
    assert node.host.run(as_nobody) == planned
    node.host.run("mkdir -m 700 -p /run/snf-network-helper/shared; chmod 700 /run/snf-network-helper")
    assert node.host.run(as_nobody) == planned
