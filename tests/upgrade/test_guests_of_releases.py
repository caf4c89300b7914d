"""Guests that a released version attached are detached exactly, and go on working when their network is renewed."""

from __future__ import annotations

import pytest
from laying import laid
from releases import Case, cases

CASES = [case for case in cases() if case.guests]
each_case = pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
# One that has not been heard has no traffic yet.
each_at_work = pytest.mark.parametrize(
    "case", [case for case in CASES if not case.awaits], ids=[case.title for case in CASES if not case.awaits]
)


@each_case
def test_detach_leaves_the_kernel_as_the_release_found_it(case: Case) -> None:
    with laid(case) as node:
        for tap in case.guests:
            node.command(f"snf-network-helper detach {tap}")
        assert node.differs(node.network) == ""
        assert not [path for path in node.place.leftovers() if "tap" in path]
        node.command(f"ifdown {case.link}")
        assert node.has_nothing()


@each_case
def test_detach_after_ifdown_leaves_nothing(case: Case) -> None:
    with laid(case) as node:
        node.host.run(f"ifdown {case.link}")  # which says what it leaves for them
        for tap in case.guests:
            node.command(f"snf-network-helper detach {tap}")
        assert node.has_nothing()


@each_case
def test_status_finds_nothing_wrong(case: Case) -> None:
    with laid(case) as node:
        assert node.status() == []


@each_at_work
def test_guests_work_under_this_version(case: Case) -> None:
    with laid(case) as node:
        node.wake()
        assert node.has_traffic()
        node.command(f"ifup --force {case.link}")
        assert node.status() == []
        assert node.has_traffic()
        rules = node.host.run("ip rule; ip -6 rule").splitlines()
        of_guests = [line for line in rules if "from 192.0.2.0/24 " in line or "from 2001:db8::/64 " in line]
        assert of_guests
        assert all("fwmark 0/0x20000000 " in line for line in of_guests), of_guests


@each_at_work
def test_guests_work_again_after_ifdown_and_ifup(case: Case) -> None:
    with laid(case) as node:
        node.wake()
        node.ifdown_and_up()
        assert node.status() == []
        assert node.has_traffic()


@each_case
def test_ifdown_and_ifup_leave_nothing_that_detach_does_not_find(case: Case) -> None:
    with laid(case) as node:
        node.ifdown_and_up()
        assert node.status() == []
        for tap in case.guests:
            node.command(f"snf-network-helper detach {tap}")
        node.command(f"ifdown {case.link}")
        assert node.has_nothing()


@each_case
def test_a_guest_is_attached_again(case: Case) -> None:
    """Which is also all it takes for one that this version is to wait for, or that is not to leave any more."""
    with laid(case) as node:
        node.wake()
        for attach in case.attaches:
            node.command(attach)
        assert node.status() == []
        assert node.has_traffic()
        for tap in case.guests:
            node.command(f"snf-network-helper detach {tap}")
        assert node.differs(node.network) == ""
        node.command(f"ifdown {case.link}")
        assert node.has_nothing()
