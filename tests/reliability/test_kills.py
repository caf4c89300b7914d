"""Killed at every point: whatever ifup or ifdown had done when it died, the next command reaches the right state."""

import pytest
from routed import RoutedNode, both_families
from traced import THOROUGH, sweep

ROLES = ("vmc", "router", "router-vmc") if THOROUGH else ("vmc", "router")


def ways(number: int) -> list[bool]:
    """Whether to recover by ifup, for each attempt at one point: both ways, or one after the other in turn."""
    return [True, False] if THOROUGH else [number % 4 < 2]


def recover(node: RoutedNode, by_ifup: bool, after: str) -> None:
    """Get over it."""
    if by_ifup:
        node.recover_by_ifup(after)
    else:
        node.recover_by_command(after)


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_ifup_is_made_good(role: str) -> None:
    def attempt(node: RoutedNode, number: int) -> bool:
        for by_ifup in ways(number):
            outcome, call = node.interfered_up(number, "kill")
            if not call:
                assert outcome.code == 0
                node.take_down()
                return False
            assert outcome.code != 0
            recover(node, by_ifup, f"killed before {call}")
        return True

    assert sweep(lambda: RoutedNode(both_families(role)), attempt) > 30


@pytest.mark.parametrize("role", ROLES)
def test_a_killed_ifdown_is_made_good(role: str) -> None:
    def attempt(node: RoutedNode, number: int) -> bool:
        for by_ifup in ways(number):
            _, call = node.interfered_down(number, "kill")
            if not call:
                node.is_clean("ifdown")
                return False
            recover(node, by_ifup, f"killed before {call}")
        return True

    assert sweep(lambda: RoutedNode(both_families(role)), attempt) > 20
