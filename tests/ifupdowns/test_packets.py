"""A guest and its router reach each other, whichever ifupdown there is, and go on while the network is made anew."""

import re

from roots import Node
from test_ifupdowns import AGAIN, ONE_OF_EACH

STANZA = """auto eth1
iface eth1 inet manual
    routed-subnet 192.0.2.0/24 2001:db8::/64
    routed-gateway 192.0.2.1 2001:db8::1
    routed-table 222
"""
ROUTER = """ip netns add router
ip link set peer-eth1 netns router
ip -n router addr add 192.0.2.1/24 dev peer-eth1
ip -n router addr add 2001:db8::1/64 dev peer-eth1 nodad
ip -n router link set peer-eth1 up"""
GUEST = """ip netns add guest
ip link add tap0 type veth peer name guest0 netns guest address 52:54:00:00:00:10
ip -n guest addr add 192.0.2.10/24 dev guest0
ip -n guest addr add 2001:db8::10/128 dev guest0 nodad
ip -n guest link set guest0 up
ip -n guest route add default via fe80::1 dev guest0
snf-network-helper attach tap0 --network eth1 --ip 192.0.2.10 2001:db8::10 --mac 52:54:00:00:00:10 --no-probe"""
IN_GUEST = "ip netns exec guest ping -q -i 0.02"
TOLD = re.compile(r"(\d+) packets transmitted, (\d+) received")


@ONE_OF_EACH
def test_a_guest_reaches_its_router(host: Node, kind: str) -> None:
    host.run(ROUTER)
    host.interfaces(STANZA)
    host.run("ifup -a")
    host.run(GUEST)
    for address in ("192.0.2.1", "2001:db8::1"):
        host.run(f"{IN_GUEST} -c 3 -w 5 {address}")

    host.run(f"{IN_GUEST} -c 400 -w 20 192.0.2.1 > /tmp/pings & {AGAIN[kind]}; snf-network-helper up eth1; wait")

    sent, received = TOLD.findall(host.run("cat /tmp/pings"))[0]
    assert int(sent) == int(received) == 400
    host.run("snf-network-helper status; ifdown eth1")
    assert host.attempt(f"{IN_GUEST} -c 3 -w 1 192.0.2.1").returncode == 1
