"""What most tests need: stanzas, plans and the settings of a host."""

from fake_kernel import FakeKernel

from snf_network_helper.kernel.table_names import table_number
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import Plan, plan
from snf_network_helper.stanza.options import read_options
from snf_network_helper.stanza.stanza import Stanza

IFACE = "eth0.222"
VMC = {"routed-subnet": "192.0.2.0/24", "routed-gateway": "192.0.2.1"}
DUAL_STACK = {"routed-subnet": "192.0.2.0/24 2001:db8::/64", "routed-gateway": "192.0.2.1 2001:db8::1"}
NAT = {"routed-uplink": "eth0", "routed-nat": "yes", "routed-nat6": "yes"}
SETUPS = {
    "vmc": DUAL_STACK,
    "router": {**DUAL_STACK, **NAT, "routed-role": "router", "routed-nat-except": "203.0.113.0/24"},
    "router-vmc": {**DUAL_STACK, **NAT, "routed-role": "router-vmc"},
}
EVERYWHERE = Facts(force_forwarding=False, keep_ra=("eth0",))


def stanza(iface: str = IFACE, **options: str) -> Stanza:
    """The stanza of a VMC with more or other options: `arp_ip` stands for routed-arp-ip, "" for none."""
    given = {f"routed-{name.replace('_', '-')}": value for name, value in options.items()}
    chosen = {name: value for name, value in {**VMC, **given}.items() if value}
    return read_options(iface, chosen, table_number)


def planned(options: dict[str, str], iface: str = IFACE, facts: Facts | None = None) -> Plan:
    return plan(read_options(iface, options, table_number), facts or Facts())


def give_links(kernel: FakeKernel, *links: str) -> None:
    """Links as the kernel makes them: nothing is forwarded, nothing is proxied."""
    for link in ("all", "default", *links):
        for setting in ("forwarding", "proxy_arp", "promote_secondaries", "medium_id"):
            kernel.sysctl(f"net/ipv4/conf/{link}/{setting}", "0")
        for setting in ("forwarding", "force_forwarding", "proxy_ndp"):
            kernel.sysctl(f"net/ipv6/conf/{link}/{setting}", "0")
        kernel.sysctl(f"net/ipv6/conf/{link}/accept_ra", "1")
        for version in ("ipv4", "ipv6"):
            kernel.sysctl(f"net/{version}/neigh/{link}/proxy_delay", "80")
