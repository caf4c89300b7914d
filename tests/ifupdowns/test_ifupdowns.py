"""Whichever ifupdown a node has: what the interfaces file says is what comes up, in whole."""

import pytest
from roots import IFUPDOWN, IFUPDOWN2, KINDS, NG, Node

FOUR = """auto eth1
iface eth1 inet manual
    routed-role router-vmc
    routed-subnet 192.0.2.0/24
    routed-subnet 198.51.100.0/24
    routed-gateway 192.0.2.1
    routed-uplink eth0
    routed-table 222
"""
SIX = """
iface eth1 inet6 manual
    routed-role router-vmc
    routed-subnet 2001:db8::/64
    routed-gateway 2001:db8::1
    routed-uplink eth0
    routed-table 222
"""
SIX_ALONE = f"auto eth1{SIX}"
PLAIN = "auto eth1\niface eth1 inet manual\n"
ALL = """auto eth1
iface eth1 inet manual
    routed-role router-vmc
    routed-subnet 192.0.2.0/24 198.51.100.0/24 2001:db8::/64
    routed-gateway 192.0.2.1 2001:db8::1
    routed-uplink eth0
    routed-table 222
"""
# How each brings up an interface that is up, after an edit.
AGAIN = {kind: "ifreload -a" if "ifupdown2" in kind else "ifup --force eth1" for kind in KINDS}
ONE_OF_EACH = pytest.mark.parametrize("kind", [IFUPDOWN, IFUPDOWN2, NG])
MERGING = pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != IFUPDOWN])


def fresh(host: Node, text: str) -> dict[str, str]:
    """The state that a stanza leads to where nothing was up before, with options on one line."""
    host.interfaces(text)
    host.run("ifup eth1")
    state = host.state()
    host.run("ifdown eth1; ip link set eth1 down")
    return state


STANZAS = {
    "inet, inet6": FOUR + SIX,
    "plain, inet, inet6": PLAIN + FOUR.removeprefix("auto eth1") + SIX,
}


@pytest.mark.parametrize("text", STANZAS.values(), ids=STANZAS)
def test_stanzas_and_lines_come_up_as_one_stanza_does(host: Node, text: str) -> None:
    before = host.state()
    expected = fresh(host, ALL)
    assert "198.51.100.0/24" in expected["rules"]
    assert "2001:db8::/64" in expected["rules"]

    host.interfaces(text)
    done = host.attempt("ifup eth1")

    assert (done.returncode, done.stderr) == (0, "")
    assert host.state() == expected
    host.run("snf-network-helper status")
    host.run("ifdown eth1; ip link set eth1 down")
    assert host.state() == before
    assert host.journals() == []


def test_plan_shows_what_ifup_runs(host: Node) -> None:
    host.interfaces(FOUR + SIX)

    shown = host.run("snf-network-helper plan eth1").splitlines()

    assert "ip rule add to 198.51.100.0/24 lookup 222 priority 32000 protocol snf" in shown
    assert "ip -6 rule add to 2001:db8::/64 lookup 222 priority 32000 protocol snf" in shown


@MERGING
def test_an_interface_whose_stanzas_are_one_has_one_journal(host: Node) -> None:
    host.interfaces(FOUR + SIX)
    host.run("ifup eth1")
    assert host.journals() == ["eth1:any"]


@pytest.mark.parametrize("kind", ["trixie-ifupdown2", "bookworm-ifupdown2"])
def test_a_bridge_comes_up_though_no_stanza_describes_its_port(host: Node) -> None:
    bridge = ALL.replace("eth1", "br0").replace("manual", "manual\n    bridge-ports eth1")
    host.interfaces(f"{bridge}\nauto eth0\niface eth0 inet manual\n")

    done = host.attempt("ifup br0")

    assert "error" not in done.stderr
    host.run("snf-network-helper status br0")


EDITS = {
    "two to one": (FOUR + SIX, ALL),
    "one to two": (ALL, FOUR + SIX),
    "inet to inet6": (FOUR, SIX_ALONE),
    "inet6 removed": (FOUR + SIX, FOUR),
    "inet removed": (FOUR + SIX, SIX_ALONE),
}


@ONE_OF_EACH
@pytest.mark.parametrize(("first", "second"), EDITS.values(), ids=EDITS)
def test_an_edit_leads_to_what_a_fresh_ifup_leads_to(host: Node, kind: str, first: str, second: str) -> None:
    before = host.state()
    expected = fresh(host, second)
    host.interfaces(first)
    host.run("ifup eth1")

    host.interfaces(second)
    done = host.attempt(AGAIN[kind])

    assert (done.returncode, done.stderr) == (0, "")
    assert host.state() == expected
    host.run("snf-network-helper status")
    host.run("ifdown eth1")
    if kind == NG:  # which counts how often it was told to bring up
        host.run("ifdown eth1")
    host.run("ip link set eth1 down")
    assert host.state() == before


@MERGING
def test_what_came_up_by_options_that_are_gone_goes_down(host: Node, kind: str) -> None:
    host.interfaces(PLAIN)
    host.run("ifup eth1")
    before = host.state()
    host.run("ifdown eth1")
    host.interfaces(ALL)
    host.run("ifup eth1")

    host.interfaces(PLAIN)
    host.run(AGAIN[kind])

    assert host.state() == before
    assert host.journals() == []


def test_a_mistake_is_shown_by_status_until_it_is_mended(host: Node, kind: str) -> None:
    mistake = "eth1: routed-nat maybe: expected yes or no"
    host.interfaces(f"{ALL}    routed-nat maybe\n")
    host.attempt("ifup eth1")

    shown = host.attempt("snf-network-helper status eth1")

    assert (shown.returncode, shown.stdout) == (1, f"not brought up\n  failed   {mistake}\n")
    host.interfaces(ALL)
    host.attempt("ifdown eth1")
    host.run("ifup eth1")
    assert "not brought up" not in host.run("snf-network-helper status eth1")


def test_ifdown_and_down_forget_what_could_not_be_brought_up(host: Node, kind: str) -> None:
    host.interfaces(f"{ALL}    routed-nat maybe\n")
    host.attempt("ifup eth1")

    # To ifupdown and to ifupdown-ng 0.12 what failed is not up, and they have nothing to take down
    host.run("snf-network-helper down eth1" if kind in (IFUPDOWN, NG) else "ifdown eth1")

    assert host.run("snf-network-helper status") == "nothing is routed\n"


@pytest.mark.parametrize("kind", [IFUPDOWN, NG])
def test_verbose_shows_the_commands(host: Node) -> None:
    host.interfaces(ALL)
    assert "[#] ip rule add iif eth1 lookup 222" in host.attempt("ifup -v eth1").stderr
