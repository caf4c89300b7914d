"""The routed-* options that a hand-written stanza means, from what its lines make."""

from collections.abc import Callable, Iterable

from snf_network_helper.interfaces.document import Interface, Option
from snf_network_helper.review.effect import Effect
from snf_network_helper.review.tools import mask_length
from snf_network_helper.stanza.addresses import FAMILY_NAMES, IPV4, IPV6, IPAddress, Prefix
from snf_network_helper.stanza.names import vlan_id
from snf_network_helper.stanza.stanza import ROUTER, ROUTER_VMC, VMC

Made = list[tuple[Option, Effect]]


class Unclear(Exception):
    """A stanza is not converted: why, and for which line."""

    def __init__(self, why: str, option: Option | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.option = option


def derived(
    interface: Interface, made: Made, given: dict[str, str], table_number: Callable[[str], int | None]
) -> dict[str, str]:
    """The options by their names, those that are `given` first; Unclear where the lines do not tell one."""
    return _Deriving(interface, made, given, table_number).options()


class _Deriving:
    def __init__(
        self, interface: Interface, made: Made, given: dict[str, str], table_number: Callable[[str], int | None]
    ) -> None:
        self.iface = interface.name.text
        self.interface = interface
        self.made = made
        self.given = given
        self.table_number = table_number

    def of(self, kind: str) -> list[Effect]:
        return [one for _, one in self.made if one.kind == kind]

    def options(self) -> dict[str, str]:
        rules = [one for one in self.of("rule") if one.get("iif") == self.iface]
        routes = [one for one in self.of("route") if one.get("dev") in ("", self.iface) and not one.get("type")]
        table = _only(self.option_of("table"), [one.get("table") for one in rules or routes])
        defaults = [one for one in routes if one.get("target") == "default" and one.get("table") == table and table]
        masqueraded = self.of("masquerade")
        added = self.addresses_added()
        found: dict[str, str] = {}
        if defaults or "routed-gateway" in self.given or not (added or self.addresses_of_stanza()):
            role, subnets = VMC, self.subnets(routes)
            gateways = dict.fromkeys(one.get("via") for one in defaults)
        else:
            own = [*added, *self.addresses_of_stanza()]
            is_vmc = bool(table)
            if is_vmc and not (masqueraded or any(one.get("to") for one in self.of("rule"))):
                raise Unclear("no line has the default route of the table, so routed-gateway is not known")
            if not is_vmc and not masqueraded and not added:
                raise Unclear("no line tells what the guests' gateway is")
            role = ROUTER_VMC if is_vmc else ROUTER
            subnets = dict.fromkeys(one.get("source") for one in masqueraded if one.get("source"))
            homes = dict.fromkeys(str(one.network) for one in added if one.host_bits)
            subnets |= self.subnets(routes) if is_vmc else homes
            gateways = _gateways(own, subnets)
            if not gateways:
                raise Unclear("no line tells what the guests' gateway is", self.option_of("masquerade"))
        if role != VMC:
            found["routed-role"] = role
        found["routed-subnet"] = self.given.get("routed-subnet") or " ".join(subnets)
        found["routed-gateway"] = self.given.get("routed-gateway") or " ".join(one for one in gateways if one)
        self.check_known(found)
        if role == VMC and _is_outside(found):
            found["routed-onlink"] = "yes"
        table = self.given.get("routed-table") or table
        if table and table != str(vlan_id(self.iface)):
            found["routed-table"] = table
        found |= self.of_role(role, masqueraded)
        priorities = {one.get("priority") for one in self.of("rule")} - {""}
        if len(priorities) == 1:
            found["routed-priority"] = priorities.pop()
        return found

    def of_role(self, role: str, masqueraded: list[Effect]) -> dict[str, str]:
        """The source of ARP requests, or the uplink and what leaves by it with another source."""
        found: dict[str, str] = {}
        sources = [one.get("address") for one in self.of("arp") if one.get("dev") == self.iface]
        asker = _only(self.option_of("arp"), sources)
        if asker := self.given.get("routed-arp-ip") or asker:
            found["routed-arp-ip"] = asker
        if masqueraded and role == VMC:
            raise Unclear("a node that is no router changes no source", self.option_of("masquerade"))
        if uplink := _only(self.option_of("masquerade"), [one.get("uplink") for one in masqueraded]):
            found["routed-uplink"] = uplink
        for family, option in ((IPV4, "routed-nat"), (IPV6, "routed-nat6")):
            if any(one.get("family") == family for one in masqueraded):
                found[option] = "yes"
        return found

    def option_of(self, kind: str) -> Option | None:
        """The first line that makes something of a kind, or of a table."""
        found = (option for option, one in self.made if one.kind == kind or (kind == "table" and one.get(kind)))
        return next(found, None)

    def subnets(self, routes: Iterable[Effect]) -> dict[str, None]:
        """What is routed to the link itself."""
        return dict.fromkeys(
            one.get("target") for one in routes
            if one.get("target") not in ("", "default") and one.get("dev") == self.iface and not one.get("via")
        )  # fmt: skip

    def addresses_added(self) -> list[Prefix]:
        """The addresses that lines give the link, but for link-local ones."""
        found = [_parsed(one.get("target")) for one in self.of("address") if one.get("dev") == self.iface]
        return [one for one in found if one is not None and not IPAddress(one.family, one.value).is_link_local]

    def addresses_of_stanza(self) -> list[Prefix]:
        """Those that its options give it."""
        values = {option.name.text: option.value for option in self.interface.all_options()}
        address, mask = values.get("address", ""), values.get("netmask", "")
        if "/" not in address and mask:
            address = f"{address}/{mask_length(mask)}"
        one = _parsed(address)
        return [one] if one is not None else []

    def check_known(self, found: dict[str, str]) -> None:
        if not found["routed-subnet"]:
            raise Unclear("no line routes the guests' subnet to the link, so routed-subnet is not known")
        if not found["routed-gateway"]:
            raise Unclear("no line has the default route of the table, so routed-gateway is not known")
        families = {":" in one for one in found["routed-gateway"].split()}
        for subnet in found["routed-subnet"].split():
            if (":" in subnet) not in families:
                name = FAMILY_NAMES[IPV6 if ":" in subnet else IPV4]
                raise Unclear(f"no line has an {name} default route of the table, so routed-gateway is not known")


def _only(option: Option | None, values: Iterable[str]) -> str:
    """The value that all have, "" for none."""
    found = [*dict.fromkeys(value for value in values if value)]
    if len(found) > 1:
        raise Unclear(f"expected one value, found {' and '.join(found)}", option)
    return found[0] if found else ""


def _gateways(own: list[Prefix], subnets: Iterable[str]) -> dict[str, None]:
    """The first of the node's own addresses in a subnet, of each family."""
    homes = [one for one in map(_parsed, subnets) if one is not None]
    found: dict[str, str] = {}
    for one in own:
        address = IPAddress(one.family, one.value)
        if any(address in home for home in homes):
            found.setdefault(one.family, str(address))
    return dict.fromkeys(found.values())


def _is_outside(found: dict[str, str]) -> bool:
    """Whether a gateway is in none of the subnets."""
    subnets = [one for one in map(_parsed, found["routed-subnet"].split()) if one is not None]
    for text in found["routed-gateway"].split():
        try:
            gateway = IPAddress.parse(text)
        except ValueError:
            return False
        if not gateway.is_link_local and not any(gateway in subnet for subnet in subnets):
            return True
    return False


def _parsed(text: str) -> Prefix | None:
    try:
        return Prefix.parse(text)
    except ValueError:
        return None
