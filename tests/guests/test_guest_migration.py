"""A machine moves to another node: who answers for it when, and that all goes on. No time is measured here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import TAP_MAC, attach, detach
from lab.packets import Answer, Tap, hardware_address
from lab.traffic import reaches, upload
from lab.waiting import comes_true
from migrationlab import ADDRESSES, TAP, Migration, migration

GATEWAYS = ("192.0.2.1", "2001:db8::1")
HOSTED = ("192.0.2.13", "2001:db8::13")  # by node B, throughout


@pytest.fixture
def lab() -> Iterator[Migration]:
    with migration() as lab:
        yield lab


def works(lab: Migration) -> bool:
    """Whether packets go both ways, in both families, also to and from a machine of either node."""
    center = lab.place.center
    return all(
        reaches(lab.guest, gateway)
        and reaches(center.router, address)
        and reaches(center.vm1.host, address)
        and reaches(center.vm3.host, address)
        for gateway, address in zip(GATEWAYS, ADDRESSES, strict=True)
    )


def answering(lab: Migration) -> set[str]:
    """The MAC addresses of whoever answers for the machine, asked for from the router's link."""
    center = lab.place.center
    found: set[str] = set()
    with Tap(center.router, center.link) as tap:
        for address, hosted, asker in zip(ADDRESSES, HOSTED, GATEWAYS, strict=True):
            heard: list[Answer] = []

            def answered(hosted: str = hosted, heard: list[Answer] = heard) -> bool:
                heard.extend(message for message in tap.heard() if isinstance(message, Answer))
                return any(str(message.target) == hosted for message in heard)

            tap.ask(address, asker if "." in asker else "fe80::99")
            tap.ask(hosted, asker if "." in asker else "fe80::99")  # this one is answered, and comes after
            assert comes_true(answered)
            found |= {message.at for message in heard if str(message.target) == address}
    return found


def test_it_moves_there_and_back(lab: Migration) -> None:
    assert works(lab)
    link = lab.place.center.link
    for source, target in ((lab.a, lab.b), (lab.b, lab.a)):
        lab.move(source, target)
        assert works(lab)
        assert answering(lab) == {hardware_address(target, link)}
        seen = lab.guest.run("ip neigh show dev eth0").splitlines()
        assert {line.split("lladdr ")[1].split()[0] for line in seen if "lladdr" in line} == {TAP_MAC}
    assert upload(lab.place.center.router, lab.guest, ADDRESSES[0])


def test_nobody_answers_while_it_is_on_neither_node(lab: Migration) -> None:
    lab.stop(lab.a)
    detach(lab.a, TAP)
    assert answering(lab) == set()
    attach(lab.b, TAP, *ADDRESSES, options="--role migrate-in")
    assert answering(lab) == {hardware_address(lab.b, lab.place.center.link)}


def test_a_migration_that_failed_goes_back(lab: Migration) -> None:
    lab.stop(lab.a)
    detach(lab.a, TAP)
    attach(lab.b, TAP, *ADDRESSES, options="--role migrate-in")
    detach(lab.b, TAP)
    attach(lab.a, TAP, *ADDRESSES, options="--role migrate-in")
    lab.go_on(lab.a)
    assert works(lab)
    assert answering(lab) == {hardware_address(lab.a, lab.place.center.link)}


def test_attached_there_before_it_is_detached_here(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options="--role migrate-in")
    lab.stop(lab.a)
    lab.go_on(lab.b)
    detach(lab.a, TAP)
    assert works(lab)
    assert answering(lab) == {hardware_address(lab.b, lab.place.center.link)}
