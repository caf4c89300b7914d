"""`snf-network-helper up`: it heals and applies an edit, alike with each ifupdown."""

import pytest
from roots import IFUPDOWN, NG, Node
from test_ifupdowns import ALL, EDITS, FOUR, SIX, fresh

UP = "snf-network-helper up eth1"
OWN = "    address 203.0.113.1/24\n"
MISTAKE = "eth1: routed-nat maybe: expected yes or no\n"
ALONE = "eth1: to ifup it is down, so ifdown does nothing for it: `snf-network-helper down eth1` undoes this\n"


@pytest.mark.parametrize("text", [ALL, FOUR + SIX, ALL.replace("manual", "static") + OWN], ids=["one", "two", "own"])
def test_up_heals(host: Node, text: str) -> None:
    host.interfaces(text)
    host.run("ifup eth1")
    expected = host.state()
    host.run(
        "ip rule del to 192.0.2.0/24; ip -6 rule del to 2001:db8::/64; echo 0 > /proc/sys/net/ipv4/conf/eth1/proxy_arp"
    )

    done = host.attempt(UP)

    assert (done.returncode, done.stdout, done.stderr) == (0, "eth1: up\n", "")
    assert host.state() == expected
    host.run("snf-network-helper status; ifdown eth1")
    assert host.journals() == []


@pytest.mark.parametrize(("first", "second"), EDITS.values(), ids=EDITS)
def test_up_applies_an_edit(host: Node, first: str, second: str) -> None:
    before = host.state()
    expected = fresh(host, second)
    host.interfaces(first)
    host.run("ifup eth1")

    host.interfaces(second)
    host.run(UP)

    assert host.state() == expected
    host.run("snf-network-helper status; ifdown eth1; ip link set eth1 down")
    assert host.state() == before


def test_a_mistake_is_kept_until_up_succeeds(host: Node) -> None:
    host.interfaces(ALL)
    host.run("ifup eth1")
    before = host.state()
    host.interfaces(f"{ALL}    routed-nat maybe\n")

    done = host.attempt(UP)

    assert (done.returncode, done.stdout, done.stderr) == (1, "", MISTAKE)
    assert host.state() == before
    assert host.attempt("snf-network-helper status").returncode == 1
    host.interfaces(ALL)
    host.run(f"{UP}; snf-network-helper status")


def test_what_ifdown_has_taken_down_comes_up_with_a_word(host: Node) -> None:
    host.interfaces(ALL)
    host.run("ifup lo; ifup eth1; ifdown eth1")
    assert host.attempt(UP).stderr == ALONE
    host.run("snf-network-helper down eth1; ifup eth1")
    assert host.attempt(UP).stderr == ""
    host.run("ifdown eth1")
    assert host.journals() == []


@pytest.mark.parametrize("kind", [IFUPDOWN, NG])
def test_what_ifup_has_not_brought_up_comes_up_with_a_word(host: Node) -> None:
    host.interfaces(f"{ALL}    routed-nat maybe\n")
    host.attempt("ifup lo; ifup eth1")
    host.interfaces(ALL)

    done = host.attempt(UP)

    assert (done.returncode, done.stdout, done.stderr) == (0, "eth1: up\n", ALONE)
    host.run("snf-network-helper status; snf-network-helper down eth1")


def test_ifup_and_ifdown_after_up(host: Node) -> None:
    before = host.state()
    expected = fresh(host, FOUR + SIX)
    host.run(f"ip link set eth1 up; {UP} --file /etc/network/interfaces")

    host.run("ifup eth1")

    assert host.state() == expected
    host.run("snf-network-helper status; ifdown eth1; ip link set eth1 down")
    assert host.state() == before


def test_up_refuses_what_is_not_there(host: Node) -> None:
    host.interfaces(ALL.replace("eth1", "eth7"))
    assert host.attempt("snf-network-helper up eth7").returncode == 1
    done = host.attempt(UP)
    assert done.returncode == 1
    assert done.stderr.startswith("eth1: ")
