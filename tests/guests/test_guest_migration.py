"""A machine moves to another node: who answers for it when, and that all goes on. No time is measured here."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from guestlab import TAP_MAC, attach, detach, leftovers, started
from lab.host import Host
from lab.packets import Answer, Tap, hardware_address
from lab.traffic import reaches, upload
from lab.waiting import comes_true
from migrationlab import ADDRESSES, TAP, Migration, migration

GATEWAYS = ("192.0.2.1", "2001:db8::1")
MOVES_IN = "--role migrate-in"
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
    return answering_for(lab, ADDRESSES)


def answering_for(lab: Migration, addresses: Sequence[str]) -> set[str]:
    """The same for some of its addresses only."""
    center = lab.place.center
    found: set[str] = set()
    with Tap(center.router, center.link) as tap:
        for address, hosted, asker in zip(addresses, HOSTED, GATEWAYS, strict=False):
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


def test_nobody_answers_before_it_is_heard(lab: Migration) -> None:
    lab.stop(lab.a)
    detach(lab.a, TAP)
    assert answering(lab) == set()
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert answering(lab) == set()
    assert lab.b.attempt("snf-network-helper status").returncode == 0
    lab.go_on(lab.b)
    lab.say_hello()
    assert comes_true(lambda: answering(lab) == {hardware_address(lab.b, lab.place.center.link)})


def test_one_that_is_there_and_silent_is_hosted_when_attach_returns(lab: Migration) -> None:
    lab.stop(lab.a)
    detach(lab.a, TAP)
    lab.go_on(lab.b)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert "awaited" not in lab.b.run("snf-network-helper status")
    assert answering(lab) == {hardware_address(lab.b, lab.place.center.link)}
    assert works(lab)


def test_one_that_is_silent_and_comes_late_is_asked_again(lab: Migration) -> None:
    lab.stop(lab.a)
    detach(lab.a, TAP)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    lab.go_on(lab.b)
    assert comes_true(lambda: "awaited" not in lab.b.run("snf-network-helper status"))
    assert works(lab)


def test_until_it_is_heard_it_stays_where_it_was(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert answering(lab) == {hardware_address(lab.a, lab.place.center.link)}
    assert works(lab), "also from the machines of node B"
    detach(lab.b, TAP)
    assert works(lab)


def test_both_nodes_are_told_beforehand(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(lab.a, TAP, "--migrate-out")
    assert works(lab)
    assert TAP in leftovers_of(lab.a)
    lab.stop(lab.a)
    lab.go_on(lab.b)
    lab.say_hello()
    assert comes_true(lambda: leftovers_of(lab.a) == "")
    assert answering(lab) == {hardware_address(lab.b, lab.place.center.link)}
    assert works(lab)
    assert comes_true(lambda: waiting(lab.a) == waiting(lab.b) == 0)


def test_the_node_it_left_is_silent_once_the_other_has_announced_it(lab: Migration) -> None:
    """Also where nobody has told it: the kernel sees to that."""
    a, b = (hardware_address(node, lab.place.center.link) for node in (lab.a, lab.b))
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert answering(lab) == {a}
    lab.stop(lab.a)
    lab.go_on(lab.b)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)  # it is there: announced when this returns
    assert answering(lab) == {b}
    assert TAP in leftovers_of(lab.a)
    detach(lab.a, TAP)
    assert works(lab)


def test_the_node_it_left_answers_at_once_when_it_comes_back(lab: Migration) -> None:
    """What the other one announced a moment ago is forgotten by then, also by a node that has other machines."""
    lab.stop(lab.a)
    lab.go_on(lab.b)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert answering(lab) == {hardware_address(lab.b, lab.place.center.link)}
    detach(lab.a, TAP)
    assert lab.a.run("nft list tables").count("snf_network_helper") > 1
    lab.stop(lab.b)
    detach(lab.b, TAP)
    lab.go_on(lab.a)
    attach(lab.a, TAP, *ADDRESSES, options="--no-probe")  # which hosts it without a look at what is there
    assert answering(lab) == {hardware_address(lab.a, lab.place.center.link)}
    assert works(lab)


def test_it_stays_silent_while_it_is_detached(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    lab.stop(lab.a)
    lab.go_on(lab.b)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert answering(lab) == {hardware_address(lab.b, lab.place.center.link)}
    heard: list[Answer] = []
    with Tap(lab.place.center.router, lab.place.center.link) as tap:
        detaching = started(lab.a, f"snf-network-helper detach {TAP}")
        while detaching.poll() is None:
            tap.ask(ADDRESSES[0], GATEWAYS[0])
            tap.ask(ADDRESSES[1], "fe80::99")
            heard += [message for message in tap.heard() if isinstance(message, Answer)]
    assert detaching.communicate()[0] == ""
    answers = {message.at for message in heard if str(message.target) in ADDRESSES}
    assert answers == {hardware_address(lab.b, lab.place.center.link)}


def test_migrating_out_what_has_moved_already(lab: Migration) -> None:
    lab.stop(lab.a)
    lab.go_on(lab.b)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(lab.a, TAP, "--migrate-out")
    assert leftovers_of(lab.a) == ""
    assert works(lab)


def test_migrating_out_what_never_moved_in(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(lab.b, TAP, "--migrate-out")
    assert leftovers_of(lab.b) == ""
    assert works(lab)


def test_a_migration_that_failed_before_it_went_on(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(lab.a, TAP, "--migrate-out")
    lab.stop(lab.a)
    lab.go_on(lab.a)
    detach(lab.b, TAP)
    attach(lab.a, TAP, *ADDRESSES, options=MOVES_IN)
    assert works(lab)
    assert answering(lab) == {hardware_address(lab.a, lab.place.center.link)}
    assert comes_true(lambda: waiting(lab.a) == waiting(lab.b) == 0)


def test_a_migration_that_failed_afterwards_goes_back(lab: Migration) -> None:
    lab.move(lab.a, lab.b)
    assert works(lab)
    lab.move(lab.b, lab.a)
    assert works(lab)
    assert comes_true(lambda: answering(lab) == {hardware_address(lab.a, lab.place.center.link)})


def test_whoever_waits_ends_with_the_attachment(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(lab.a, TAP, "--migrate-out")
    # What announced the machine on A when the lab was made is still at it
    assert comes_true(lambda: (waiting(lab.a), waiting(lab.b)) == (1, 1))
    detach(lab.a, TAP)
    detach(lab.b, TAP)
    assert comes_true(lambda: waiting(lab.a) == waiting(lab.b) == 0)
    assert leftovers_of(lab.a) == leftovers_of(lab.b) == ""


def test_whoever_waits_is_killed(lab: Migration) -> None:
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    for process in waiters(lab.b):
        os.kill(process, signal.SIGKILL)
    lab.stop(lab.a)
    detach(lab.a, TAP)
    lab.go_on(lab.b)
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    assert works(lab)


def test_the_network_goes_down_and_up_meanwhile(lab: Migration) -> None:
    link = lab.place.center.link
    attach(lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    lab.b.run(f"ifdown {link}")
    lab.place.center.segment.plug(lab.b, link)
    lab.b.run(f"ifup {link}")
    lab.b.settle()
    assert answering_for(lab, ADDRESSES[:1]) == {hardware_address(lab.a, link)}
    detach(lab.a, TAP, "--migrate-out")
    lab.stop(lab.a)
    lab.go_on(lab.b)
    lab.say_hello()
    assert works(lab)


def test_migrating_out_without_a_network(lab: Migration) -> None:
    lab.a.run(f"ifdown {lab.place.center.link}")
    detach(lab.a, TAP, "--migrate-out")
    assert leftovers_of(lab.a) == ""


def leftovers_of(node: Host) -> str:
    """What a node still knows of the TAP."""
    return " ".join(path for path in leftovers(node) if TAP in path)


def waiters(node: Host) -> list[int]:
    """The processes of ours that are at work on a node."""
    home = os.readlink(f"/proc/{node.pid}/ns/net")
    found = []
    for directory in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (directory / "cmdline").read_bytes()
            if os.readlink(directory / "ns/net") == home and b"snf-network-helper" in command and b"tap7" in command:
                found.append(int(directory.name))
    return found


def waiting(node: Host) -> int:
    """How many wait for the machine, in or out; what announces something ends by itself."""
    return len(waiters(node))
