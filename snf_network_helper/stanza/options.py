"""The routed-* options of one stanza: what ifupdown hands over, checked and given its defaults."""

from snf_network_helper.errors import StanzaError, one_line
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import FAMILY_NAMES, IPV4, IPV6, IPAddress, Prefix
from snf_network_helper.stanza.gateways import GatewayReader
from snf_network_helper.stanza.names import check_interface, decimal, vlan_id
from snf_network_helper.stanza.stanza import ROLES, ROUTER, ROUTER_VMC, VMC, Stanza

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snf_network_helper.stanza.reader import TableNames

OPTIONS = (
    "routed-role",
    "routed-subnet",
    "routed-gateway",
    "routed-onlink",
    "routed-table",
    "routed-arp-ip",
    "routed-uplink",
    "routed-nat",
    "routed-nat6",
    "routed-nat-except",
    "routed-priority",
)

# Tried before main (32766), and before what `ip rule add` numbers by itself from 32765 downwards; an administrator's
# rule that is to come first takes a lower number.
DEFAULT_PRIORITY = 32000
LAST_PRIORITY = 32765

# What snf-network's own hooks were told, and what replaces it; "" where it is not needed any more.
PREDECESSORS = {
    "ip-routing-table": "routed-table",
    "ip-routes": "routed-subnet",
    "ip-gateway": "routed-gateway",
    "arp-ip": "routed-arp-ip",
    "ip-forwarding": "",
    "ip-proxy-arp": "",
    "ip-proxy-ndp": "",
}

_ENVIRONMENT_PREFIX = "IF_"
_OURS = "routed-"
_RESERVED_TABLES = (0, 253, 254, 255)
_LAST_TABLE = 4294967295


def read_environ(environ: "Mapping[str, str]", table_number: "TableNames") -> Stanza | None:
    """Reads IFACE and IF_ROUTED_* as ifup exports them (interfaces(5)); None where nothing is routed.

    Raises StanzaError, one line naming interface, option, value and what was expected.
    """
    options = {
        option: value
        for name, value in environ.items()
        if name.startswith(_ENVIRONMENT_PREFIX)
        if (option := as_in_environment(name[len(_ENVIRONMENT_PREFIX) :]))
    }
    return read_options(environ.get("IFACE", ""), options, table_number) if routes(options) else None


def as_in_environment(name: str) -> str:
    """The option that a name means: ifupdown exports it in capitals, with _ for -; "" for one that is none of ours."""
    option = name.lower().replace("_", "-")
    return option if option.startswith(_OURS) or option in PREDECESSORS else ""


def routes(options: "Mapping[str, str]") -> bool:
    """Whether there is an option of ours among those of a stanza."""
    return any(option.startswith(_OURS) for option in options)


def read_options(iface: str, options: "Mapping[str, str]", table_number: "TableNames") -> Stanza:
    """Reads options by their names in the stanza; several values of one are separated by white space.

    `table_number` tells the number of a routing table by its name.
    """
    return _Stanza(iface, options, table_number).stanza()


class _Stanza(GatewayReader):
    """One stanza, option by option."""

    def stanza(self) -> Stanza:
        self.warn_of_predecessors()
        for option, values in self.options.items():
            if option not in OPTIONS:
                from snf_network_helper.stanza.spelling import right_option

                raise self.error(one_line(option), "", f"unknown option, {right_option(option, OPTIONS)}")
            if not values:
                raise self.error(option, "", "expected a value, it is empty")
        role = self.role()
        subnets = self.subnets()
        gateways = self.gateways(role, subnets)
        uplink = self.uplink()
        nat = frozenset(
            family
            for option, family in (("routed-nat", IPV4), ("routed-nat6", IPV6))
            if self.masquerades(option, family, role, subnets, uplink)
        )
        if uplink and role == VMC:
            self.warnings.append(f"{self.iface}: routed-uplink {uplink} has no effect with routed-role {VMC}")
        onlink = self.onlink(subnets, gateways)
        tables = self.tables(role)
        return Stanza(
            self.iface, role, subnets, gateways, tables[0], self.arp_ip(role, subnets, gateways), uplink, nat,
            self.nat_except(nat), self.priority(len(tables) > 1), tuple(self.warnings), onlink,
            self.further_tables(role, tables), "routed-arp-ip" in self.options,
        )  # fmt: skip

    def warn_of_predecessors(self) -> None:
        """One line for the options of the hooks that came before, which have no effect."""
        found = [option for option in PREDECESSORS if self.options.pop(option, None) is not None]
        if found:
            from snf_network_helper.stanza.spelling import without_effect  # a stanza that is right has no such import
            self.warnings.append(f"{self.iface}: {without_effect(found, PREDECESSORS)}")

    def role(self) -> str:
        role = self.single("routed-role") or VMC
        if role not in ROLES:
            raise self.error("routed-role", role, f"expected {', '.join(ROLES[:-1])} or {ROLES[-1]}")
        return role

    def subnets(self) -> tuple[Prefix, ...]:
        if "routed-subnet" not in self.options:
            raise self.missing("routed-subnet", "for example routed-subnet 192.0.2.0/24")
        subnets = self.prefixes("routed-subnet")
        for subnet in subnets:
            address = IPAddress(subnet.family, subnet.value)
            if not subnet.length or not address.is_unicast or address.is_link_local:
                raise self.error("routed-subnet", str(subnet), "expected a subnet of unicast addresses")
        return subnets

    def tables(self, role: str) -> list[str]:
        """The table, and one more for each further gateway; [""] where a router needs none."""
        needed = self.tables_needed(role)
        texts = self.options.get("routed-table", [])
        if needed == 1:
            return [self.table(role, self.single("routed-table"))]
        if len(texts) != needed:
            expected = f"{needed} tables, the last for the further gateways; for example routed-table 222 1222"
            if not texts:
                raise self.missing("routed-table", expected)
            raise self.error("routed-table", " ".join(texts), f"expected {expected}")
        tables = [self.table(role, text) for text in texts]
        if len({*tables}) < needed:
            raise self.error("routed-table", " ".join(texts), "expected different tables")
        return tables

    def table(self, role: str, text: str) -> str:
        if text:
            number = decimal(text, _LAST_TABLE)
            if number is None:
                number = self.table_number(text)
            if number is None:
                raise self.error("routed-table", text, f"expected 1-{_LAST_TABLE} or a name in /etc/iproute2/rt_tables")
        elif role == ROUTER:
            return ""
        else:
            number = vlan_id(self.iface)
            if number is None:
                raise self.missing("routed-table", "the name tells no VLAN id; for example routed-table 222")
        if number in _RESERVED_TABLES:
            raise self.error("routed-table", text or str(number), "expected a table other than 0 and 253-255")
        return str(number)

    def arp_ip(self, role: str, subnets: tuple[Prefix, ...], gateways: dict[str, IPAddress]) -> str:
        """The source of the ARP requests of nodes that host guests, "" where these take what the kernel takes."""
        own = [subnet for subnet in subnets if subnet.family == IPV4]
        text = self.single("routed-arp-ip")
        if text:
            address = self.address("routed-arp-ip", text, "expected an IPv4 address")
            if address.family != IPV4 or not own:
                raise self.error("routed-arp-ip", text, "expected an IPv4 address, and an IPv4 routed-subnet")
            if any(gateways[IPV4] in subnet for subnet in own):  # else the router has an address elsewhere, too
                self.check_inside("routed-arp-ip", address, own)
            elif not address.is_unicast:
                raise self.error("routed-arp-ip", text, "expected an address that a host may have")
            if address in (gateways[IPV4], *self.further.values()):
                raise self.error("routed-arp-ip", text, "expected an address other than routed-gateway")
        if role == ROUTER:
            if text:
                self.warnings.append(f"{self.iface}: routed-arp-ip {text} has no effect with routed-role {role}")
            return ""
        if text or not own:
            return text
        gateway = gateways[IPV4]
        if not any(gateway in subnet for subnet in own):
            if role == ROUTER_VMC:  # nobody has the subnets on a link, so no node asks by an address of theirs
                return ""
            own.sort(key=lambda subnet: subnet.length)
            if not own[0].host_bits:  # the guest's: the kernel takes an address of the node
                return ""
        subnet = next((subnet for subnet in own if gateway in subnet), own[0])
        highest = subnet.highest_usable(gateway)
        is_only = subnet.host_bits < 2 or (subnet.host_bits == 2 and gateway in subnet)
        if role == ROUTER_VMC and is_only:  # it asks by the gateway's, so the only other one is a guest's
            return ""
        if highest is None:
            raise self.missing("routed-arp-ip", f"{subnet} has no address beside the gateway")
        if is_only:
            only = f"the only address that {subnet} has for a guest, give another one as routed-arp-ip"
            self.warnings.append(f"{self.iface}: routed-arp-ip takes {highest}, {only}")
        return str(highest)

    def uplink(self) -> str:
        if not (name := self.single("routed-uplink")):
            return ""
        try:
            check_interface(name, "routed-uplink")
        except StanzaError as error:
            raise StanzaError(f"{self.iface}: {error}", "routed-uplink", name) from None
        if name == self.iface:
            raise self.error("routed-uplink", name, "expected an interface other than the routed one")
        if name.endswith("+"):  # to iptables it would mean all links whose names begin so
            raise self.error("routed-uplink", name, "expected the name of one interface")
        return name

    def masquerades(self, option: str, family: str, role: str, subnets: tuple[Prefix, ...], uplink: str) -> bool:
        if not self.yes(option):
            return False
        if role == VMC:
            raise self.error(option, "yes", f"expected with routed-role {ROUTER} or {ROUTER_VMC} only")
        if not any(subnet.family == family for subnet in subnets):
            raise self.error(option, "yes", f"routed-subnet has no {FAMILY_NAMES[family]} subnet")
        if not uplink:
            raise self.error(option, "yes", "expected routed-uplink beside it")
        return True

    def nat_except(self, nat: frozenset[str]) -> tuple[Prefix, ...]:
        prefixes = self.prefixes("routed-nat-except")
        for prefix in prefixes:
            if prefix.family not in nat:
                needed = "routed-nat" if prefix.family == IPV4 else "routed-nat6"
                raise self.error("routed-nat-except", str(prefix), f"expected {needed} yes beside it")
        return prefixes

    def priority(self, has_further: bool) -> str:
        """The rules of guests come right after, with further gateways in three priorities; what 0.1.0 took is taken."""
        text = self.single("routed-priority") or str(DEFAULT_PRIORITY)
        number, last = decimal(text, LAST_PRIORITY), LAST_PRIORITY - (3 if has_further else 1)
        if not number:
            raise self.error("routed-priority", text, f"expected 1-{last}")
        if number > last:
            self.warnings.append(f"{self.iface}: routed-priority {number}: {last} is used, guests need the next")
        return str(min(number, last))
