"""A /run that is full or can't be written: nothing is done that could not be undone later."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from node import JOURNAL, Node
from obstacles import read_only
from routed import LINK, RoutedNode, both_families

ENOUGH = 40


@contextmanager
def small(node: Node, limit: str) -> Iterator[None]:
    """The journal's file system has room for little."""
    node.run(f"mkdir -p -m 700 {JOURNAL}; mount -t tmpfs -o mode=700,{limit} tmpfs {JOURNAL}")
    try:
        yield
    finally:
        node.run(f"umount {JOURNAL}")


@pytest.mark.parametrize("role", ["vmc", "router", "router-vmc"])
@pytest.mark.parametrize("limit", ["nr_inodes", "nr_blocks"])
def test_a_full_run_is_an_error_that_leaves_nothing(role: str, limit: str) -> None:
    with RoutedNode(both_families(role)) as node:
        for number in range(1, ENOUGH):
            with small(node, f"{limit}={number}"):
                outcome = node.ifup(LINK)
                if outcome.code == 0:
                    node.holds(node.routed, f"{limit}={number}")
                    node.take_down()
                    break
                (line,) = outcome.of_the_hook()
                assert line.startswith(f"{LINK}: cannot "), line
                assert "No space left on device" in line
                node.is_clean(f"{limit}={number}")
        assert 1 < number < ENOUGH


def test_a_read_only_run_is_an_error_that_leaves_nothing(node: Node) -> None:
    node.interfaces(str(both_families("vmc")))
    before = node.snapshot()
    node.run(f"mkdir -p -m 700 {JOURNAL}")
    with read_only(node, JOURNAL):
        outcome = node.ifup(LINK)
    assert outcome.code != 0
    (line,) = outcome.of_the_hook()
    assert line.startswith(f"{LINK}: cannot "), line
    assert "Read-only file system" in line
    assert not before.difference(node.snapshot())


def test_what_is_up_survives_a_run_that_becomes_read_only() -> None:
    with RoutedNode(both_families("router")) as node:
        node.succeeds("ifup", LINK)
        with read_only(node, JOURNAL):
            again = node.ifup(LINK, "--force")
            down = node.ifdown(LINK)
        assert down.code == 0
        for outcome in (again, down):
            (line,) = outcome.of_the_hook()
            assert "Read-only file system" in line
        node.up_again(LINK)
        node.recover_by_command("a read-only /run")
