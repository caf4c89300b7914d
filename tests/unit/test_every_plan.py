"""What holds of every plan; the plans themselves are in tests/scenarios."""

import pytest
from samples import EVERYWHERE, IFACE, SETUPS, planned

from snf_network_helper.changes.address import Address
from snf_network_helper.changes.arp_source import ArpSource
from snf_network_helper.changes.base import Change
from snf_network_helper.changes.link import Link
from snf_network_helper.changes.local_rule import LocalRule
from snf_network_helper.changes.masquerade import Masquerade
from snf_network_helper.changes.neighbour_probes import NeighbourProbes
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.rule import Rule
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import Plan, request
from snf_network_helper.stanza.options import read_options

ROLES = pytest.mark.parametrize("role", SETUPS)
EVERY_FACT = pytest.mark.parametrize(
    "facts", [Facts(), EVERYWHERE, Facts(keep_ra=("eth0",))], ids=["link", "all", "ra"]
)


def of_kind(plan: Plan, *kinds: type[Change]) -> list[Change]:
    return [change for change in plan if isinstance(change, kinds)]


def index(plan: Plan, command: str) -> int:
    return [change.add() for change in plan].index(command)


def paths(plan: Plan) -> list[str]:
    return [change.path for change in plan if isinstance(change, Sysctl)]


@ROLES
@EVERY_FACT
def test_a_plan_is_pure(role: str, facts: Facts) -> None:
    assert planned(SETUPS[role], facts=facts) == planned(SETUPS[role], facts=facts)


@ROLES
@EVERY_FACT
def test_nothing_is_planned_twice(role: str, facts: Facts) -> None:
    plan = planned(SETUPS[role], facts=facts)

    assert len(set(plan)) == len(plan)


@ROLES
def test_every_rule_has_a_priority_and_every_rule_and_route_our_mark(role: str) -> None:
    plan = planned(SETUPS[role])

    assert all(" priority 32000 protocol snf" in rule.add() for rule in of_kind(plan, Rule))
    assert all(route.add().endswith(" proto snf") for route in of_kind(plan, Route))


@ROLES
def test_the_link_is_up_before_it_gets_an_address_or_a_route(role: str) -> None:
    plan = planned(SETUPS[role])
    (link,) = of_kind(plan, Link)

    assert all(plan.index(link) < plan.index(change) for change in of_kind(plan, Address, Route, Rule))


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
@EVERY_FACT
def test_the_proxies_are_the_last_thing_switched_on(role: str, facts: Facts) -> None:
    plan = planned(SETUPS[role], facts=facts)

    assert [change.add() for change in plan[-5:]] == [
        f"echo 0 > /proc/sys/net/ipv4/neigh/{IFACE}/proxy_delay",
        f"echo 0 > /proc/sys/net/ipv6/neigh/{IFACE}/proxy_delay",
        NeighbourProbes(IFACE).add(),
        f"echo 1 > /proc/sys/net/ipv6/conf/{IFACE}/proxy_ndp",
        f"echo 1 > /proc/sys/net/ipv4/conf/{IFACE}/proxy_arp",
    ]


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
@pytest.mark.parametrize("family", ["4", "6"])
def test_the_table_ends_before_anything_looks_it_up(role: str, family: str) -> None:
    routes = [c for c in planned(SETUPS[role]) if isinstance(c, Route) and c.family == family]
    changes = [c for c in planned(SETUPS[role]) if isinstance(c, (Route, Rule)) and c.family == family]

    assert [route.kind for route in routes if route.kind] == ["unreachable"]
    assert (changes[0], routes[0].metric) == (routes[0], "4294967295")


def test_a_router_answers_for_nobody() -> None:
    plan = planned(SETUPS["router"])

    assert not any("proxy" in path for path in paths(plan))
    assert of_kind(plan, Rule, ArpSource) == []


def test_a_router_keeps_the_addresses_of_others_when_its_own_goes() -> None:
    plan = planned(SETUPS["router"])

    assert plan[0] == Sysctl(f"net/ipv4/conf/{IFACE}/promote_secondaries", "1")


def test_only_a_vmc_rewrites_its_arp_requests() -> None:
    assert of_kind(planned(SETUPS["vmc"]), ArpSource) == [ArpSource(IFACE, "192.0.2.254")]
    assert of_kind(planned(SETUPS["router-vmc"]), ArpSource) == []


def test_what_nodes_ask_by_is_no_guests_unless_each_asks_by_its_own() -> None:
    outside = read_options(
        IFACE,
        {"routed-subnet": "203.0.113.8/29", "routed-gateway": "192.0.2.1", "routed-onlink": "yes"},
        lambda name: None,
    )
    assert request(outside, Facts()) == ""  # the change tells it
    assert request(outside, Facts(own_address="192.0.2.77")) == ""
    inside = read_options(IFACE, SETUPS["vmc"], lambda name: None)
    assert request(inside, Facts(own_address="192.0.2.77")) == "arp-ip=192.0.2.254"


def test_a_vmc_has_no_address_and_masquerades_nothing() -> None:
    assert of_kind(planned(SETUPS["vmc"]), Address, Masquerade) == []


@ROLES
@EVERY_FACT
def test_ipv4_forwards_on_single_links_only(role: str, facts: Facts) -> None:
    assert not any("ipv4" in path and "/all/" in path for path in paths(planned(SETUPS[role], facts=facts)))


@ROLES
def test_forwarding_on_the_uplink_is_shared_and_a_routers(role: str) -> None:
    plan = planned({**SETUPS[role], "routed-uplink": "eth0"})
    uplink = [change for change in plan if isinstance(change, Sysctl) and "/eth0/" in change.path]

    assert all(isinstance(change, SharedSysctl) for change in uplink)
    assert len(uplink) == (0 if role == "vmc" else 3)


@ROLES
def test_an_advertised_default_route_is_kept_before_forwarding_would_drop_it(role: str) -> None:
    plan = planned(SETUPS[role], facts=EVERYWHERE)
    kept = index(plan, "echo 2 > /proc/sys/net/ipv6/conf/eth0/accept_ra")
    everywhere = index(plan, "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding")

    assert kept < everywhere < index(plan, f"echo 1 > /proc/sys/net/ipv6/conf/{IFACE}/forwarding")


@ROLES
def test_a_routed_link_refuses_advertisements_before_it_forwards_and_before_others_heed_them(role: str) -> None:
    plan = planned(SETUPS[role], facts=Facts(keep_ra=("default", "eth0"), refuse_ra=True))
    refused = index(plan, f"echo 1 > /proc/sys/net/ipv6/conf/{IFACE}/accept_ra")

    assert refused < index(plan, "echo 2 > /proc/sys/net/ipv6/conf/default/accept_ra")
    assert refused < index(plan, f"echo 1 > /proc/sys/net/ipv6/conf/{IFACE}/forwarding")


@ROLES
def test_a_kernel_that_forwards_per_link_is_not_made_to_forward_everywhere(role: str) -> None:
    here = paths(planned(SETUPS[role]))
    everywhere = paths(planned(SETUPS[role], facts=EVERYWHERE))

    assert "net/ipv6/conf/all/forwarding" not in here
    assert f"net/ipv6/conf/{IFACE}/force_forwarding" in here
    assert not any("force_forwarding" in path for path in everywhere)


@pytest.mark.parametrize("family", ["4", "6"])
@ROLES
def test_one_family_touches_nothing_of_the_other(role: str, family: str) -> None:
    subnet, gateway = {"4": ("192.0.2.0/24", "192.0.2.1"), "6": ("2001:db8::/64", "2001:db8::1")}[family]
    plan = planned({"routed-role": role, "routed-subnet": subnet, "routed-gateway": gateway, "routed-uplink": "eth0"})
    other = {"4": "ipv6", "6": "ipv4"}[family]

    assert not any(other in path for path in paths(plan))
    assert {change.family for change in plan if isinstance(change, (Route, Rule, Address))} <= {family}


def test_exceptions_are_matched_before_masquerading_for_they_are_inserted_after() -> None:
    nat = [change for change in planned(SETUPS["router"]) if isinstance(change, Masquerade) and change.family == "4"]

    assert [change.to for change in nat] == ["", "203.0.113.0/24"]


@pytest.mark.parametrize("role", ["vmc", "router-vmc"])
def test_where_local_comes_late_a_look_up_of_it_comes_before_the_rules(role: str) -> None:
    plan = planned(SETUPS[role], facts=Facts(local_late=("6",)))

    assert of_kind(plan, LocalRule, Rule)[0] == LocalRule("6", "31999")
    assert of_kind(plan, LocalRule) == [LocalRule("6", "31999")]
