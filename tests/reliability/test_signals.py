"""SIGTERM and SIGINT at every point: ifup undoes at once what it did, and an ifdown can be finished."""

import re

import pytest
from routed import LINK, RoutedNode, both_families
from traced import sweep

# A service manager terminates the hook, a terminal interrupts it and the tools it runs.
CASES = [("vmc", "term"), ("router", "int")]


@pytest.mark.parametrize(("role", "action"), CASES)
def test_ifup_undoes_at_once(role: str, action: str) -> None:
    def attempt(node: RoutedNode, number: int) -> bool:
        outcome, call = node.interfered_up(number, action)
        lines = outcome.of_the_hook()
        if not call:
            assert outcome.code == 0
            return False
        if outcome.code == 0:
            assert lines == [], f"{call}: {lines}"
            node.holds(node.routed, f"{action} after all was done: {call}")
            node.take_down()
        else:
            assert len(lines) == 1, f"{call}: {lines}"
            assert re.fullmatch(rf"{LINK}: interrupted \(\d+ changes? undone\)", lines[0]), f"{call}: {lines}"
            node.is_clean(f"{action}: {call}")
        return True

    assert sweep(lambda: RoutedNode(both_families(role)), attempt) > 30


@pytest.mark.parametrize(("role", "action"), CASES)
def test_an_interrupted_ifdown_can_be_finished(role: str, action: str) -> None:
    def attempt(node: RoutedNode, number: int) -> bool:
        outcome, call = node.interfered_down(number, action)
        lines = outcome.of_the_hook()
        if not call:
            node.is_clean("ifdown")
            return False
        assert len(lines) <= 1, f"{call}: {lines}"
        if lines:
            assert lines[0].startswith(f"{LINK}: "), f"{call}: {lines}"
            node.recover_by_command(f"{action}: {call}")
        else:
            node.is_clean(f"{action} after all was done: {call}")
        return True

    assert sweep(lambda: RoutedNode(both_families(role)), attempt) > 20


def test_a_signal_at_the_very_end() -> None:
    """Once all is done, and said to be done, nothing can make a failure of it."""
    with RoutedNode(both_families("vmc")) as node:
        for call in ("exit_group", "rt_sigaction", "munmap", "close"):
            node.run(f"strace -qq -e trace={call} -o /run/calls true")
            node.write(
                "/etc/network/if-up.d/routed",
                f"#!/bin/sh\nexec strace -qq -o /run/calls -e trace={call} /run/traced/up",
            )
            assert node.ifup(LINK).code == 0
            node.leave_alone("up")
            node.take_down()
            last = len([line for line in node.run("cat /run/calls").splitlines() if line.startswith(call)])
            node.write(
                "/etc/network/if-up.d/routed",
                f"#!/bin/sh\nexec strace -qq -o /run/calls -e inject={call}:signal=TERM:when={last} /run/traced/up",
            )
            outcome = node.ifup(LINK)
            node.leave_alone("up")
            if outcome.code == 0:
                node.holds(node.routed, call)
                node.take_down()
            else:
                node.is_clean(f"SIGTERM at the last {call}")
