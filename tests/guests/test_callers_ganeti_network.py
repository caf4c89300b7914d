"""Ganeti's scripts in /etc/ganeti/network, called as Ganeti's documentation says (doc/network.rst)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from guestlab import detach, leftovers
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY
from lab.waiting import comes_true
from migrationlab import ADDRESSES, TAP, Migration, migration

EXAMPLES = Path(__file__).resolve().parents[2] / "share" / "examples" / "ganeti"
ADDRESS = ADDRESSES[0]
NIC = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "INSTANCE": "web1.example.org",
    "INTERFACE": TAP,
    "INTERFACE_INDEX": "0",
    "INTERFACE_UUID": "6c1b2ddc-3f7a-4c0a-9a3c-5f6c1b2ddc3f",
    "IP": ADDRESS,
    "LINK": "222",
    "TAGS": "",
    "NETWORK_NAME": "public",
    "NETWORK_SUBNET": "192.0.2.0/24",
    "NETWORK_GATEWAY": GATEWAY,
}


@pytest.fixture
def lab() -> Iterator[Migration]:
    """The instance is on node A, where nothing is attached yet."""
    with migration() as lab:
        detach(lab.a, TAP)
        yield lab


def call(lab: Migration, node: Host, action: str, mode: str = "ext", **changed: str) -> CompletedProcess[str]:
    """Runs a script with Ganeti's environment and no other."""
    mac = lab.guest.run("cat /sys/class/net/eth0/address").strip()
    environment = {**NIC, "MAC": mac, "MODE": mode, "ACTION": action, **changed}
    words = " ".join(f"{name}='{value}'" for name, value in environment.items())
    return node.attempt(f"env -i {words} {EXAMPLES}/network-{action}")


def do(lab: Migration, node: Host, action: str, mode: str = "ext", **changed: str) -> None:
    """Runs a script that must succeed, and say nothing."""
    done = call(lab, node, action, mode, **changed)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def answers(lab: Migration) -> bool:
    """Whether the router reaches the instance."""
    return lab.place.center.router.attempt(f"ping -c1 -W5 {ADDRESS}").returncode == 0


def of_the_tap(node: Host) -> list[str]:
    return [path for path in leftovers(node) if TAP in path]


@pytest.mark.parametrize("mode", ["ext", "routed"])
def test_an_instance_starts_and_stops(lab: Migration, mode: str) -> None:
    before = snapshot(lab.a)
    do(lab, lab.a, "up", mode)
    assert comes_true(lambda: answers(lab))
    do(lab, lab.a, "down", mode)
    assert before.difference(snapshot(lab.a)) == ""
    assert of_the_tap(lab.a) == []
    do(lab, lab.a, "down", mode)


@pytest.mark.parametrize("mode", ["ext", "routed"])
def test_an_instance_migrates(lab: Migration, mode: str) -> None:
    do(lab, lab.a, "up", mode)
    assert comes_true(lambda: answers(lab))
    if mode == "ext":
        do(lab, lab.b, "up", mode, MIGRATION_PHASE="pre")
        assert "awaited" in lab.b.run("snf-network-helper status")
        assert answers(lab)
    lab.stop(lab.a)
    lab.go_on(lab.b)
    lab.say_hello()
    do(lab, lab.b, "up", mode, MIGRATION_PHASE="post")
    do(lab, lab.a, "down", mode)
    assert comes_true(lambda: answers(lab))
    assert comes_true(lambda: "awaited" not in lab.b.run("snf-network-helper status"))
    assert of_the_tap(lab.a) == []


def test_a_migration_fails(lab: Migration) -> None:
    before = snapshot(lab.b)
    do(lab, lab.a, "up")
    do(lab, lab.b, "up", MIGRATION_PHASE="pre")
    do(lab, lab.b, "down")
    assert before.difference(snapshot(lab.b)) == ""
    assert of_the_tap(lab.b) == []
    assert comes_true(lambda: answers(lab))


def test_a_table_that_nothing_is_up_for(lab: Migration) -> None:
    before = snapshot(lab.a)
    done = call(lab, lab.a, "up", LINK="333")
    assert (done.returncode, done.stderr) == (1, f"{TAP}: no routed interface with table 333 is up\n")
    assert before.difference(snapshot(lab.a)) == ""


def test_the_call_before_the_migration_has_failed(lab: Migration) -> None:
    """Ganeti goes on then: the call after it attaches the instance, although the source may still answer."""
    do(lab, lab.a, "up")
    assert call(lab, lab.b, "up", MIGRATION_PHASE="pre", NETWORK_GATEWAY="192.0.2.9").returncode == 1
    assert of_the_tap(lab.b) == []
    lab.stop(lab.a)
    lab.go_on(lab.b)
    do(lab, lab.b, "up", MIGRATION_PHASE="post")
    do(lab, lab.a, "down")
    assert comes_true(lambda: answers(lab))
