"""dpkg replaces the package under an interface that is up and a guest that runs: neither notices."""

from __future__ import annotations

from pathlib import Path

from machine import Machine

INTERFACES = """
iface veth0 inet manual
    routed-subnet  192.0.2.0/24 2001:db8::/64
    routed-gateway 192.0.2.1 2001:db8::1
    routed-table   222
"""
UP = """
ip link add veth0 type veth peer name veth1
ip link add tap0 type veth peer name guest
ip link set veth1 up
ip link set guest up
ifup --interfaces /tmp/interfaces veth0
snf-network-helper attach tap0 --network veth0 --ip 192.0.2.10 2001:db8::10 --no-probe
"""
DOWN = """
snf-network-helper detach tap0
ifdown --interfaces /tmp/interfaces veth0
"""
# What is marked as ours, and every file of ours below /run; then the settings of both links.
OURS = """
for family in -4 -6; do
    ip $family rule | grep 'proto snf'
    ip $family route show table all proto snf
    ip $family neigh show proxy
done
nft list ruleset | sed -n '/snf_network_helper/,/^}/p'
arptables -n -L OUTPUT | grep veth0
cd /run; find snf-network-helper -type f ! -path '*/lock/*' -exec ls -i --full-time {} + -exec cat {} +
"""
SETTINGS = "grep -rs '' /proc/sys/net/ipv[46]/*/veth0 /proc/sys/net/ipv[46]/*/tap0 /proc/sys/net/ipv6/conf/all"


def shown(machine: Machine, script: str) -> list[str]:
    """What a script shows on the machine."""
    return machine.run("sh", "-c", script, check=False).stdout.splitlines()


def test_an_upgrade_leaves_kernel_and_journals_alone(installed: Machine, newer_deb: Path) -> None:
    installed.write("/tmp/interfaces", INTERFACES)
    installed.run("sh", "-ec", UP)
    ours, settings = shown(installed, OURS), shown(installed, SETTINGS)
    assert all(any(word in line for line in ours) for word in ("192.0.2.10", "2001:db8::10", "iif veth0", "tap0"))
    assert installed.install(newer_deb).stderr == ""
    assert (shown(installed, OURS), shown(installed, SETTINGS)) == (ours, settings)
    installed.run("snf-network-helper", "status")
    installed.run("sh", "-ec", DOWN)
    assert shown(installed, OURS) == []
