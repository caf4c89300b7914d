"""Install, upgrade, remove, purge: nothing stays behind, and ifup goes on working."""

from pathlib import Path

import pytest
from machine import Machine, changed

ALIASES = "/etc/iproute2/rt_tables.d/snf-network-helper.conf"
ROUTER_VMC = """    routed-role    router-vmc
    routed-subnet  192.0.2.0/24
    routed-gateway 192.0.2.1
    routed-table   300
"""
CONFFILES = {
    "etc/default/snf-network-helper",
    "etc/iproute2/rt_protos.d/snf-network-helper.conf",
    "etc/network/if-down.d/routed",
    "etc/network/if-up.d/routed",
}
STANZAS = {
    "plain": """
iface veth0 inet manual
""",
    "routed": """
iface veth0 inet manual
    routed-subnet  192.0.2.0/24
    routed-gateway 192.0.2.1
    routed-table   222
""",
}


def test_purge_leaves_nothing(machine: Machine, deb: Path) -> None:
    before = machine.state()
    machine.install(deb)
    assert changed(before, machine.state()) > CONFFILES
    machine.write("/run/snf-network-helper/lock/eth0.222:inet", "")
    machine.run("dpkg", "--purge", "snf-network-helper")
    assert changed(before, machine.state()) == set()
    assert not machine.path("/run/snf-network-helper").exists()


def test_remove_leaves_the_configuration_alone(machine: Machine, deb: Path) -> None:
    before = machine.state()
    files = CONFFILES | {ALIASES.lstrip("/")}
    directories = {
        str(parent) for file in files for parent in Path(file).parents if not machine.path(str(parent)).exists()
    }
    machine.install(deb)
    machine.write("/run/snf-network-helper/lock/eth0.222:inet", "")
    done = machine.run("dpkg", "--remove", "snf-network-helper")
    assert changed(before, machine.state()) == files | directories
    assert not machine.path("/run/snf-network-helper").exists()
    assert done.stderr == ""


def test_purge_removes_the_directory_that_iproute2_does_not_ship(machine: Machine, deb: Path) -> None:
    """As on Debian 13, where /etc/iproute2 is not iproute2's any more."""
    machine.run("rm", "-rf", "/etc/iproute2")
    owned = machine.path("/var/lib/dpkg/info/iproute2.list")
    owned.write_text("".join(line for line in owned.open() if not line.startswith("/etc/iproute2")))
    machine.install(deb)
    assert machine.path(ALIASES).exists()
    machine.run("dpkg", "--remove", "snf-network-helper")
    assert machine.path(ALIASES).exists()
    machine.run("dpkg", "--purge", "snf-network-helper")
    assert not machine.path("/etc/iproute2").exists()


@pytest.mark.parametrize("how", ["--remove", "--purge"])
@pytest.mark.parametrize("stanza", STANZAS)
def test_ifup_works_without_the_package(installed: Machine, how: str, stanza: str) -> None:
    installed.run("dpkg", how, "snf-network-helper")
    installed.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    installed.write("/tmp/interfaces", STANZAS[stanza])
    for command in ("ifup", "ifdown"):
        done = installed.run(command, "-i", "/tmp/interfaces", "veth0")
        assert "routed" not in done.stdout + done.stderr


def test_removing_names_the_interfaces_that_stay_routed(installed: Machine) -> None:
    for name in ("eth0.222:inet", "eth0.222:inet6", "eth1:inet"):
        installed.write(f"/run/snf-network-helper/journal/{name}", "what ifup did\n")
    done = installed.run("dpkg", "--remove", "snf-network-helper")
    (line,) = done.stderr.splitlines()
    assert line.startswith("snf-network-helper: still routed, and left so: eth0.222 eth1 (")
    assert installed.path("/run/snf-network-helper/journal/eth1:inet").exists()


def test_what_is_attached_can_be_undone_after_an_installation(installed: Machine, deb: Path) -> None:
    """The interface is down, so no journal but the guest's is left."""
    for link in ("eth1", "tap0"):
        installed.run("ip", "link", "add", link, "type", "veth", "peer", "name", f"p{link}")
    installed.write("/tmp/interfaces", STANZAS["plain"].replace("veth0", "eth1") + ROUTER_VMC)
    rules_and_routes = "ip rule; ip -6 rule; ip -4 route show table all; nft list ruleset"
    look = ("sh", "-c", f"{rules_and_routes}; cat /sys/class/net/tap0/address")
    before = installed.run(*look).stdout
    installed.run("ifup", "-i", "/tmp/interfaces", "eth1")
    installed.run("snf-network-helper", "attach", "tap0", "--network", "eth1", "--ip", "192.0.2.10", "--no-probe")
    installed.run("ifdown", "-i", "/tmp/interfaces", "eth1")
    done = installed.run("dpkg", "--remove", "snf-network-helper")
    assert "still attached, and left so: tap0 (" in done.stderr
    assert installed.run(*look).stdout != before
    installed.install(deb)
    installed.run("snf-network-helper", "detach", "tap0")
    assert installed.run(*look).stdout == before
    assert installed.run("snf-network-helper", "status").returncode == 0


@pytest.mark.parametrize("removed_before", [False, True])
def test_purging_says_what_stays(installed: Machine, removed_before: bool) -> None:
    for name in ("journal/eth0.222:inet", "journal/eth0.222:inet6", "attached/tap0", "shared/net:x/tap0:attached"):
        installed.write(f"/run/snf-network-helper/{name}", "what was done\n")
    if removed_before:
        installed.run("dpkg", "--remove", "snf-network-helper")
    done = installed.run("dpkg", "--purge", "snf-network-helper")
    *before, line = done.stderr.splitlines()
    assert len(before) == (0 if removed_before else 2)
    assert all(line.endswith("or install it again to do so; a purge forgets how)") for line in before)
    assert line.startswith("snf-network-helper: still routed or attached, and left so until the next boot: ")
    assert "boot: eth0.222 tap0 (" in line
    assert not installed.path("/run/snf-network-helper").exists()


def test_an_upgrade_keeps_what_the_administrator_changed(installed: Machine, newer_deb: Path) -> None:
    edited = "IPV6_FORWARDING='all'\n"
    aliases = "# ours\n300 customers # all of them\n"
    installed.write("/etc/default/snf-network-helper", edited)
    installed.write(ALIASES, aliases)
    journal = "/run/snf-network-helper/journal/eth0.222:inet"
    installed.write(journal, "what ifup did\n")
    done = installed.install(newer_deb)
    assert installed.path("/etc/default/snf-network-helper").read_text() == edited
    assert installed.path(ALIASES).read_text() == aliases
    assert installed.path(journal).exists()
    assert done.stderr == ""


def test_removed_and_installed_again(installed: Machine, deb: Path) -> None:
    installed.write(ALIASES, "300 customers\n")
    installed.run("dpkg", "--remove", "snf-network-helper")
    installed.install(deb)
    assert installed.path(ALIASES).read_text() == "300 customers\n"
