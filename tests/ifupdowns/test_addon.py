"""ifupdown2's own way, an addon: it fails where a hook may not, and tells of the gateway's address and the uplink."""

import pytest
from roots import KINDS, Node
from test_ifupdowns import ALL, FOUR, PLAIN, SIX

pytestmark = pytest.mark.parametrize("kind", [kind for kind in KINDS if "ifupdown2" in kind])
LINES = r"printf 'post-up,routed\npre-down,routed\n' >> /etc/network/ifupdown2/addons.conf"
MISTAKE = ALL.replace("router-vmc", "rooter")
SAID = "error: eth1: routed-role rooter: expected vmc, router or router-vmc\n"
UPLINK = "\nauto eth0\niface eth0 inet manual\n"
OTHERS = "198.18.5.0/24 via 192.0.2.77 dev eth1"


@pytest.fixture
def node(host: Node) -> Node:
    """One whose administrator has switched the addon on."""
    host.run(LINES)
    return host


def test_what_comes_up_is_the_same_as_with_the_hooks(host: Node) -> None:
    before = host.state()
    host.interfaces(FOUR + SIX)
    host.run("ifup eth1")
    expected = host.state()
    host.run("ifdown eth1; ip link set eth1 down")
    host.run(LINES)

    done = host.attempt("ifup eth1")

    assert (done.returncode, done.stderr) == (0, "")
    assert host.state() == expected
    assert host.run("ls /run/snf-network-helper/journal") == "eth1:any\n"
    host.run("ifdown eth1; ip link set eth1 down")
    assert host.state() == before
    assert host.journals() == []


@pytest.mark.parametrize("command", ["ifup eth1", "ifup --force eth1", "ifup -a"])
def test_a_mistake_fails_and_is_shown(node: Node, command: str) -> None:
    node.interfaces(MISTAKE)
    done = node.attempt(command)
    assert (done.returncode, done.stderr) == (1, SAID)


def test_a_mistake_in_an_edit_leaves_what_is_up(node: Node) -> None:
    node.interfaces(ALL)
    node.run("ifup eth1")
    before = node.state()
    node.interfaces(MISTAKE)

    done = node.attempt("ifreload -a")

    assert (done.returncode, done.stderr) == (1, SAID)
    assert node.state() == before


def test_a_line_that_says_exists_is_shown(node: Node) -> None:
    node.interfaces(f"{ALL}    routed-nat exists\n")
    done = node.attempt("ifup eth1")
    assert (done.returncode, done.stderr) == (1, "error: eth1: routed-nat exists: expected yes or no\n")


def test_a_warning_is_shown(node: Node) -> None:
    node.interfaces(ALL.replace("router-vmc", "vmc"))
    done = node.attempt("ifup eth1")
    assert (done.returncode, done.stderr) == (
        0,
        "warning: eth1: routed-uplink eth0 has no effect with routed-role vmc\n",
    )


def test_addresses_and_routes_of_others_stay(node: Node) -> None:
    node.interfaces(ALL)
    node.run("ifup eth1")
    node.run(f"ip route add {OTHERS}")
    node.run("timeout 9 ip monitor address > /tmp/seen 2>&1 & echo $! > /tmp/monitor")

    node.run("ifreload -a; ifup eth1; kill $(cat /tmp/monitor)")

    assert node.run("cat /tmp/seen") == ""
    assert OTHERS in node.run("ip route")


def test_an_edited_gateway(node: Node) -> None:
    node.interfaces(ALL)
    node.run("ifup eth1")
    node.interfaces(ALL.replace("192.0.2.1 ", "192.0.2.2 "))

    node.run("ifreload -a")

    shown = node.run("ip -o addr show eth1 scope global")
    assert "192.0.2.2/" in shown
    assert "192.0.2.1/" not in shown
    node.run("snf-network-helper status")


def test_the_uplink_comes_up_first(node: Node) -> None:
    node.interfaces(f"{ALL.replace('eth0', 'br0')}\nauto br0\niface br0 inet manual\n    bridge-ports none\n")
    assert "routed-uplink" not in node.attempt("ifup -a").stderr
    node.run("snf-network-helper status")


def test_ifquery_compares_with_the_kernel(node: Node) -> None:
    node.interfaces(ALL)
    node.run("ifup eth1; ifquery -c eth1")
    node.run("ip rule del to 192.0.2.0/24")
    assert node.attempt("ifquery -c eth1").returncode == 1
    node.run("snf-network-helper down eth1")
    assert node.attempt("ifquery -c eth1").returncode == 1


def test_the_syntax_check_knows_the_options(node: Node) -> None:
    node.run("sed -i s/addon_syntax_check=0/addon_syntax_check=1/ /etc/network/ifupdown2/ifupdown2.conf")
    node.interfaces(ALL)
    node.run("ifup eth1; snf-network-helper status; ifreload -a --syntax-check")
    node.interfaces(f"{ALL}    routed-foo 1\n")
    done = node.attempt("ifreload -a --syntax-check")
    assert done.returncode == 1
    assert "unsupported keyword (routed-foo)" in done.stderr


def test_what_came_up_by_options_that_are_gone_goes_down(node: Node) -> None:
    node.interfaces(PLAIN)
    node.run("ifup eth1")
    before = node.state()
    node.interfaces(ALL)
    node.run("ifreload -a; snf-network-helper status")

    node.interfaces(PLAIN)
    node.run("ifreload -a")

    assert node.state() == before
    assert node.journals() == []


def test_ifdown_of_a_link_that_is_gone(node: Node) -> None:
    before = node.state()["rules"]
    node.interfaces(ALL)
    node.run("ifup eth1; ip link del eth1; ifdown eth1")
    assert node.state()["rules"] == before
    assert node.journals() == []


def test_a_dry_run_does_nothing(node: Node) -> None:
    node.interfaces(ALL)
    node.run("ifup --no-act eth1")
    assert node.journals() == []


def test_a_package_that_is_broken_ends_no_run(node: Node) -> None:
    node.run("echo 'raise SystemError' > /usr/lib/python3/dist-packages/snf_network_helper/hook.py")
    node.interfaces(ALL + UPLINK)
    done = node.attempt("ifup -a")
    assert done.returncode == 1
    assert "error: eth1: " in done.stderr
    assert "state UP" in node.run("ip link show eth0")


@pytest.mark.parametrize("line", ["post-up,routed", "pre-down,routed"])
def test_one_line_alone_is_said_and_the_hooks_do_the_work(host: Node, line: str) -> None:
    (there,) = {"post-up,routed", "pre-down,routed"} - {line}
    host.run(f"echo {there} >> /etc/network/ifupdown2/addons.conf")
    host.interfaces(ALL)
    said = f'warning: cannot load "routed" module: {line}: missing in /etc/network/ifupdown2/addons.conf\n'
    assert host.attempt("ifup eth1").stderr == said
    host.run("snf-network-helper status | grep -q applied")
    host.run("ifdown eth1")
    assert host.journals() == []


def test_status_says_how_to_have_errors_shown(host: Node) -> None:
    host.interfaces(MISTAKE)
    host.attempt("ifup eth1")
    advice = "add post-up,routed and pre-down,routed to /etc/network/ifupdown2/addons.conf\n"
    assert host.attempt("snf-network-helper status").stderr.endswith(advice)
    host.run(LINES)
    assert host.attempt("snf-network-helper status").stderr == ""


def test_a_node_without_failures_is_not_nagged(host: Node) -> None:
    host.interfaces(ALL)
    host.run("ifup eth1")
    assert host.attempt("snf-network-helper status").stderr == ""
