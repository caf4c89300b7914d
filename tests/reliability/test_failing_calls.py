"""Every system call that changes something fails once: ifup undoes all it did, ifdown goes on and says what is left."""

import re

import pytest
from routed import LINK, RoutedNode, both_families
from traced import THOROUGH, sweep

# Of the three roles, these two have every kind of change.
ROLES = ("vmc", "router", "router-vmc") if THOROUGH else ("vmc", "router-vmc")
# Without its lock ifup has not even begun.
UNDONE = rf"{LINK}: (\S.*: .+ \(\d+ changes? undone\)|cannot (make|lock) \S+: .+)"


@pytest.mark.parametrize("role", ROLES)
def test_ifup_undoes_what_it_did(role: str) -> None:
    def attempt(node: RoutedNode, number: int) -> bool:
        outcome, call = node.interfered_up(number, "fail")
        if not call:
            assert outcome.code == 0
            return False
        if outcome.code == 0:  # where the tools get over it by themselves
            node.holds(node.routed, f"failed and got over: {call}")
            node.take_down()
        else:
            lines = outcome.of_the_hook()
            assert len(lines) == 1, f"{call}: {lines}"
            assert re.fullmatch(UNDONE, lines[0]), f"{call}: {lines}"
            node.is_clean(f"failed: {call}")
        return True

    assert sweep(lambda: RoutedNode(both_families(role)), attempt) > 30


@pytest.mark.parametrize("role", ROLES)
def test_ifdown_goes_on_and_can_be_finished(role: str) -> None:
    def attempt(node: RoutedNode, number: int) -> bool:
        outcome, call = node.interfered_down(number, "fail")
        if not call:
            node.is_clean("ifdown")
            return False
        assert outcome.code == 0
        lines = outcome.of_the_hook()
        assert len(lines) <= 1, f"{call}: {lines}"
        if lines:
            assert re.fullmatch(rf"{LINK}: \S.*: .+", lines[0]), f"{call}: {lines}"
            node.recover_by_command(f"failed: {call}")
        else:
            node.is_clean(f"failed and got over: {call}")
        return True

    assert sweep(lambda: RoutedNode(both_families(role)), attempt) > 20
