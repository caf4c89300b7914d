"""Killed, or refused by the kernel, at every point: the next attach or detach reaches the right state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from guestlab import attach, attach_command, detach, leftovers, node_up, plug
from lab.host import Host
from lab.node import Node

TRACER = Path(__file__).resolve().parents[1] / "reliability" / "tracer.py"
ADDRESSES = ("192.0.2.10", "2001:db8::10")
DETACH = "snf-network-helper detach tap0"
LOG = "/run/traced"


@pytest.fixture
def node() -> Iterator[Node]:
    with node_up() as node, Host("guest") as guest:
        plug(node.host, guest)
        yield node


def traced(node: Node, number: int, action: str, command: str) -> tuple[int, int, str]:
    """Interferes at the n-th change of a command: how many there were, its exit code and what it said."""
    done = node.host.attempt(f"exec /usr/bin/python3 -I {TRACER} {number} {action} {LOG} /usr/sbin/{command}")
    return len(node.host.run(f"cat {LOG}").splitlines()), done.returncode, done.stderr


def test_a_killed_attach_is_made_good(node: Node) -> None:
    before = node.snapshot()
    command = attach_command("tap0", *ADDRESSES, options="--no-probe")
    attach(node.host, "tap0", *ADDRESSES, options="--no-probe")
    wanted = node.snapshot()
    detach(node.host, "tap0")
    number, calls = 0, 0
    while calls >= number:
        number += 1
        calls, code, _ = traced(node, number, "kill", command)
        if calls < number:
            assert code == 0
        elif number % 2:
            node.host.run(command)
            assert wanted.difference(node.snapshot()) == "", number
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == "", number
        assert not [path for path in leftovers(node.host) if "tap0" in path], number
    assert number > 25


def test_a_killed_detach_is_made_good(node: Node) -> None:
    before = node.snapshot()
    number, calls = 0, 0
    while calls >= number:
        number += 1
        attach(node.host, "tap0", *ADDRESSES, options="--no-probe")
        calls, code, _ = traced(node, number, "kill", DETACH)
        assert calls >= number or code == 0
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == "", number
        assert not [path for path in leftovers(node.host) if "tap0" in path], number
    assert number > 20


def test_an_attach_that_the_kernel_refuses_at_any_point_undoes_itself(node: Node) -> None:
    before = node.snapshot()
    command = attach_command("tap0", *ADDRESSES, options="--no-probe")
    number, calls = 0, 0
    while calls >= number:
        number += 1
        calls, code, said = traced(node, number, "fail", command)
        if code:
            assert code == 1, (number, said)
            assert said.count("\n") == 1, (number, said)
            assert before.difference(node.snapshot()) == "", (number, said)
        detach(node.host, "tap0")
        assert before.difference(node.snapshot()) == "", (number, said)
    assert number > 25
