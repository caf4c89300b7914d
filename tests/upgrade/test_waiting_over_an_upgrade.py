"""Whoever waits for a guest goes on while the package is replaced: it has loaded all that it will need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import attach, detach, leftovers
from lab.host import Host
from lab.traffic import reaches
from lab.waiting import comes_true
from migrationlab import ADDRESSES, TAP, Migration, migration

# A mount, since the files themselves are the machine's. What is there under another name will do as little.
HIDE = """
for directory in /usr/lib/python3/dist-packages/snf_network_helper /usr/share/snf-network-helper; do
    mount -t tmpfs tmpfs $directory
done
"""
SHOW = HIDE.replace("mount -t tmpfs tmpfs", "umount")


@pytest.fixture
def lab() -> Iterator[Migration]:
    with migration() as lab:
        yield lab


def knows(node: Host) -> bool:
    """Whether a node has a file of the guest's."""
    return any(TAP in path for path in leftovers(node))


def test_a_guest_moves_between_two_nodes_that_are_upgraded(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options="--role migrate-in")
    detach(lab.a, TAP, "--migrate-out")
    for node in (lab.a, lab.b):
        node.run(HIDE)
    lab.stop(lab.a)
    lab.go_on(lab.b)
    lab.say_hello()
    assert comes_true(lambda: not knows(lab.a))
    router = lab.place.center.router
    assert all(reaches(router, address) for address in ADDRESSES)
    for node in (lab.a, lab.b):
        node.run(SHOW)
        done = node.attempt("snf-network-helper status")
        assert (done.returncode, "awaited" in done.stdout) == (0, False), done
