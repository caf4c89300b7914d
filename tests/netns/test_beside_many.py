"""What an ifdown looks at does not depend on how many other interfaces are routed: `ifdown -a` of many is linear."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from lab.node import Node, lone_node

FEW, MANY = 5, 45
HOOK = "/etc/network/if-down.d/routed"


def stanza(number: int, role: str) -> str:
    uplink = "" if role == "vmc" else "\n    routed-uplink eth0"
    return f"""
iface lan{number} inet manual
    routed-role {role}
    routed-subnet 10.0.{number}.0/24 2001:db8:{number:x}::/64
    routed-gateway 10.0.{number}.1 2001:db8:{number:x}::1
    routed-table {1000 + number}{uplink}
"""


def calls(node: Node, role: str, others: int) -> Counter[str]:
    """The names of files and directories that the hook of an ifdown looks at, beside that many other interfaces."""
    links = [f"lan{number}" for number in range(1, others + 2)]
    node.host.interfaces("".join(stanza(number, role) for number in range(1, others + 2)))
    for link in links:
        node.host.run(f"ip link add {link} type bridge; ifup {link}")
    # One of the node's own networks that came up later follows all of them
    node.host.run("ip link add own0 type bridge; ip addr add 172.20.0.1/24 dev own0; MODE=start ADDRFAM=inet"
                  " IFACE=own0 /etc/network/if-up.d/routed")  # fmt: skip
    node.host.run(
        f"MODE=stop ADDRFAM=inet IFACE=lan3 strace -f -qq -e trace=%file,getdents64,flock -o /run/calls {HOOK}"
    )
    seen = Counter(re.findall(r"^\d+ +(\w+)\(", node.host.run("cat /run/calls"), re.MULTILINE))
    for link in links:
        node.host.run(f"ifdown {link}; ip link del {link}")
    node.host.run("ip link del own0")
    return seen


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_ifdown_looks_at_as_much_beside_many_as_beside_few(role: str) -> None:
    with lone_node() as node:
        few, many = (calls(node, role, others) for others in (FEW, MANY))
    assert few.total() > 100
    assert {name: many[name] - few[name] for name in few | many if abs(many[name] - few[name]) > MANY // 10} == {}
