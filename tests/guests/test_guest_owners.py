"""What a guest has is its own: the undoing of another one, which had the address or the TAP's name, leaves it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from guestlab import NETWORK, RUN, attach, attach_command, configure, detach, leftovers, node_up, plug, refused, started
from lab.host import Host
from lab.log import system_log
from lab.node import Node
from lab.stanzas import Stanza
from lab.waiting import comes_true

A, B = ("192.0.2.10", "2001:db8::10"), ("192.0.2.11", "2001:db8::11")
COMMAND = "snf-network-helper"


@pytest.fixture
def node() -> Iterator[Node]:
    with node_up() as node:
        yield node


@pytest.fixture
def guests() -> Iterator[tuple[Host, Host]]:
    with Host("guest") as one, Host("second") as two:
        yield one, two


def start(node: Node, guest: Host, tap: str, *addresses: str) -> None:
    plug(node.host, guest, tap)
    configure(guest, *addresses)
    attach(node.host, tap, *addresses, options="--no-probe")


def kill(node: Node, *taps: str) -> None:
    """The guests' processes end, and their TAPs with them."""
    for tap in taps:
        node.host.run(f"ip link del {tap}")


def is_whole(node: Node, *addresses: str) -> bool:
    """Whether status misses nothing, and the node has the proxies and the elements of the addresses."""
    done = node.host.attempt(f"{COMMAND} status")
    held = node.host.run("ip -6 neigh show proxy; nft list set arp snf_network_helper hosted")
    return done.returncode == 0 and {*addresses} <= {*held.replace(",", " ").split()}


def test_two_guests_get_each_others_tap(node: Node, guests: tuple[Host, Host]) -> None:
    one, two = guests
    before = node.snapshot()
    start(node, one, "tap0", *A)
    start(node, two, "tap1", *B)
    kill(node, "tap0", "tap1")
    start(node, two, "tap0", *B)
    start(node, one, "tap1", *A)
    assert is_whole(node, *A, *B)
    for tap in ("tap0", "tap1"):
        node.host.run(f"{COMMAND} detach {tap} --if-gone")
    assert is_whole(node, *A, *B)
    kill(node, "tap0", "tap1")
    for tap in ("tap0", "tap1"):
        node.host.run(f"{COMMAND} detach {tap} --if-gone")
    assert before.difference(node.snapshot()) == ""
    assert not leftovers_of_guests(node)


def leftovers_of_guests(node: Node) -> list[str]:
    return [path for path in leftovers(node.host) if "tap" in path or "hosted" in path]


def test_a_guest_restarts_as_another_tap_before_the_old_one_is_detached(node: Node, guests: tuple[Host, Host]) -> None:
    before = node.snapshot()
    start(node, guests[0], "vnet0", *A)
    kill(node, "vnet0")
    start(node, guests[0], "vnet1", *A)
    detach(node.host, "vnet0", "--if-gone")
    assert is_whole(node, *A)
    detach(node.host, "vnet1")
    kill(node, "vnet1")
    assert before.difference(node.snapshot()) == ""
    assert not leftovers_of_guests(node)


def test_a_tap_is_renamed(node: Node, guests: tuple[Host, Host]) -> None:
    start(node, guests[0], "tap0", *A)
    node.host.run("ip link set tap0 down; ip link set tap0 name web1")
    attach(node.host, "web1", *A, options="--no-probe")
    detach(node.host, "tap0", "--if-gone")
    assert is_whole(node, *A)
    detach(node.host, "web1")
    assert not leftovers_of_guests(node)


def test_one_that_waits_and_is_gone_undoes_nothing_of_the_guest(node: Node, guests: tuple[Host, Host]) -> None:
    plug(node.host, guests[0], "vnet5")
    guests[0].run("ip link set eth0 down")  # it never says anything
    attach(node.host, "vnet5", *A, options="--role migrate-in")
    kill(node, "vnet5")
    start(node, guests[0], "vnet6", *A)
    detach(node.host, "vnet5")
    assert is_whole(node, *A)


def test_an_element_that_stood_already_is_adopted(node: Node, guests: tuple[Host, Host]) -> None:
    addresses = [A[0], B[0]]
    start(node, guests[1], "tap1", "192.0.2.12")  # the guard is there
    before = node.snapshot()
    node.host.run(f"nft 'add element arp snf_network_helper hosted {{ \"{NETWORK}\" . {A[0]} }}'")
    start(node, guests[0], "tap0", *addresses)
    assert "kept" not in node.host.run(f"{COMMAND} status tap0 | grep hosted")
    detach(node.host, "tap0")
    kill(node, "tap0")
    assert before.difference(node.snapshot()) == ""


def test_a_neighbour_proxy_of_the_administrators_stays(node: Node, guests: tuple[Host, Host]) -> None:
    node.host.run(f"ip -6 neigh add proxy {A[1]} dev {NETWORK}")
    start(node, guests[0], "tap0", *A)
    detach(node.host, "tap0")
    assert A[1] in node.host.run("ip -6 neigh show proxy")


def test_a_late_detach_leaves_another_link_of_that_name_alone(node: Node, guests: tuple[Host, Host]) -> None:
    start(node, guests[0], "tap0", *A)
    kill(node, "tap0")
    plug(node.host, guests[1], "tap0")
    settings = "cat /proc/sys/net/ipv[46]/conf/tap0/forwarding; ip -br link show tap0; ip route show dev tap0"
    node.host.run(
        """
        ip link set tap0 address 02:73:6e:66:00:01 up; ip route add 198.18.0.0/24 dev tap0
        echo 1 > /proc/sys/net/ipv4/conf/tap0/forwarding; echo 1 > /proc/sys/net/ipv6/conf/tap0/forwarding
        """
    )
    before = node.host.run(settings)
    node.host.run(f"{COMMAND} detach tap0 --if-gone")
    assert node.host.run(settings) == before
    assert not leftovers_of_guests(node)


def test_attach_takes_a_new_link_as_it_finds_it(node: Node, guests: tuple[Host, Host]) -> None:
    start(node, guests[0], "tap0", *A)
    kill(node, "tap0")
    plug(node.host, guests[1], "tap0")
    node.host.run("ip link set tap0 up; echo 1 > /proc/sys/net/ipv4/conf/tap0/forwarding")
    before = node.host.run("ip -br link show tap0; cat /proc/sys/net/ipv4/conf/tap0/forwarding")
    attach(node.host, "tap0", *A, options="--no-probe")
    detach(node.host, "tap0")
    assert node.host.run("ip -br link show tap0; cat /proc/sys/net/ipv4/conf/tap0/forwarding") == before


def waits_for(node: Node, name: str) -> bool:
    """Whether a process waits for the lock."""
    number = node.host.run(f"stat -c %i {RUN}/lock/{name}").strip()
    return any("->" in line and line.split()[6].endswith(f":{number}") for line in locks())


def locks() -> list[str]:
    with open("/proc/locks", encoding="utf-8") as lines:
        return [line for line in lines if "FLOCK" in line]


@contextmanager
def while_it_waits(node: Node, command: str, lock: str) -> Iterator[subprocess.Popen[str]]:
    """The command has been started, and waits for a lock for as long as this lasts; then it goes on to its end."""
    node.host.run("mkfifo /run/go")
    holder = started(node.host, f"exec 9<>{RUN}/lock/{lock}; flock 9; cat /run/go")
    try:
        assert comes_true(lambda: node.host.attempt(f"flock -n {RUN}/lock/{lock} true").returncode == 1)
        with started(node.host, command) as working:
            assert comes_true(lambda: waits_for(node, lock))
            yield working
            node.host.run("echo go > /run/go")
            holder.wait()
            working.wait()
    finally:
        holder.kill()
        holder.communicate()
        node.host.run("rm /run/go")


def as_attached_anew(node: Node, tap: str) -> None:
    """The journal of a guest whose TAP has been made and attached anew, which nobody can do who waits for the lock."""
    number = node.host.run(f"cat /sys/class/net/{tap}/ifindex").strip()
    node.host.run(f"sed -i 's/ link=[0-9]*/ link={number}/' {RUN}/attached/{tap}")


@pytest.mark.parametrize("command", [f"{COMMAND} detach tap0 --if-gone", f"ifup --force {NETWORK}"])
def test_a_guest_that_is_attached_anew_meanwhile_stays(node: Node, guests: tuple[Host, Host], command: str) -> None:
    start(node, guests[0], "tap0", *A)
    kill(node, "tap0")
    with while_it_waits(node, command, "tap0"):
        plug(node.host, guests[1], "tap0")
        as_attached_anew(node, "tap0")
    assert "192.0.2.10" in node.host.run(f"cat {RUN}/attached/tap0")
    assert A[0] in node.host.run("nft list set arp snf_network_helper hosted")


def test_the_last_detach_leaves_a_network_that_comes_up(guests: tuple[Host, Host]) -> None:
    with node_up(Stanza(link="eth1")) as node:
        plug(node.host, guests[0])
        attach(node.host, "tap0", *A, network="eth1", options="--no-probe")
        node.host.run(f"cp -a {RUN}/journal /run/up; ifdown eth1")
        with while_it_waits(node, f"{COMMAND} detach tap0", "eth1") as detaching:
            node.host.run(f"rm -r {RUN}/journal; cp -a /run/up {RUN}/journal")  # as an ifup that had the lock
        assert detaching.returncode == 0
        assert node.host.run(f"diff -r {RUN}/journal /run/up") == ""


def test_an_address_of_a_guest_that_waits_is_refused(node: Node, guests: tuple[Host, Host]) -> None:
    plug(node.host, guests[0])
    plug(node.host, guests[1], "tap1")
    guests[0].run("ip link set eth0 down")
    attach(node.host, "tap0", *A, options="--role migrate-in")
    for options in ("--no-probe", "--role migrate-in"):
        line = refused(node.host, attach_command("tap1", A[0], options=options))
        assert line == f"tap1: {A[0]} is attached to tap0"
    detach(node.host, "tap0")
    assert not leftovers_of_guests(node)


@pytest.mark.parametrize("options", ["--no-probe", "--role migrate-in"])
def test_attach_that_may_open_no_packet_socket_leaves_nothing(
    node: Node, guests: tuple[Host, Host], options: str
) -> None:
    plug(node.host, guests[0])
    before = node.snapshot()
    command = f"setpriv --bounding-set -net_raw {attach_command('tap0', *A, options=options)}"
    assert refused(node.host, command).endswith("Operation not permitted")
    assert before.difference(node.snapshot()) == ""
    assert not leftovers_of_guests(node)


def test_a_guest_that_cannot_be_hosted_is_in_the_log_and_tried_again(node: Node, guests: tuple[Host, Host]) -> None:
    plug(node.host, guests[0])
    guests[0].run("ip link set eth0 down")
    with system_log(node.host) as said:
        node.host.run("ip route add 192.0.2.10 dev eth0 table 222")
        attach(node.host, "tap0", *A, options="--role migrate-in")
        guests[0].run("ip link set eth0 up")
        configure(guests[0], *A)
        guests[0].attempt("for i in $(seq 30); do ping -c 1 -W 0.01 192.0.2.1; done")
        assert comes_true(lambda: "tap0: ip route add 192.0.2.10" in "\n".join(said()))
        assert len(said()) < 10, said()
        assert comes_true(lambda: "awaited" in node.host.attempt(f"{COMMAND} status tap0").stdout)
        node.host.run("ip route del 192.0.2.10 dev eth0 table 222")
        assert comes_true(lambda: is_whole(node, *A), patience=60)


# The command, on a node that has no room for one process more that is a copy of this one.
FORKLESS = """
import errno, os, posix, sys

def refuse():
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

posix.fork = refuse
sys.path.insert(0, "/usr/lib/python3/dist-packages")
from snf_network_helper.commands.main import run
run()
"""


@pytest.mark.parametrize("options", ["--no-probe", "--role migrate-in"])
def test_attach_that_can_leave_no_process_behind_leaves_nothing(
    node: Node, guests: tuple[Host, Host], options: str
) -> None:
    plug(node.host, guests[0])
    before = node.snapshot()
    node.host.write("/run/forkless", FORKLESS)
    command = attach_command("tap0", *A, options=options).removeprefix(COMMAND)
    line = refused(node.host, f"/usr/bin/python3 -I /run/forkless {command}")
    assert line == "tap0: fork: Resource temporarily unavailable"
    assert before.difference(node.snapshot()) == ""
    assert not leftovers_of_guests(node)
