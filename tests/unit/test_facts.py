"""What a plan knows of the host: read off /proc and the settings."""

from pathlib import Path

import pytest
from fake_kernel import FakeKernel
from samples import IFACE, give_links, stanza

from snf_network_helper.changes.base import APPLIED, Change, Entry
from snf_network_helper.changes.refuse_advertisements import RefuseAdvertisements
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import Journal
from snf_network_helper.kernel import rtnetlink
from snf_network_helper.stanza.addresses import IPAddress
from snf_network_helper.stanza.stanza import Stanza
from snf_network_helper.transaction import host as host_facts
from snf_network_helper.transaction.host import read_facts, read_guest_facts

SIX = {"subnet": "2001:db8::/64", "gateway": "2001:db8::1"}
VMC = stanza(**SIX)
ROUTER = stanza(**SIX, role="router", uplink="eth0")
ACCEPT_RA = "net/ipv6/conf/{}/accept_ra"
MEDIUM_ID = "net/ipv4/conf/{}/medium_id"
FORWARDING = "net/ipv6/conf/{}/forwarding"
ALL = FORWARDING.format("all")
HOSTS = ("default", "eth0")  # of the fake kernel's links those that are not routed


def read(stanza_: Stanza = VMC, shared: tuple[str, ...] = ()) -> tuple[bool, tuple[str, ...]]:
    facts = read_facts(stanza_, shared)
    return facts.force_forwarding, facts.keep_ra


@pytest.fixture
def old_kernel(host: FakeKernel) -> FakeKernel:
    """A kernel that forwards IPv6 on all links or on none."""
    for path in host.proc_sys.glob("net/ipv6/conf/*/force_forwarding"):
        path.unlink()
    return host


@pytest.fixture
def learnt(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The links over which a default route has been learnt."""
    links: set[str] = set()
    monkeypatch.setattr(rtnetlink, "learnt_default_links", lambda: links)
    return links


def use(run_directory: Path, path: str, prior: str = "0") -> None:
    """Some other interface has switched a setting that is shared."""
    directory = run_directory / "shared" / path.replace("/", ":")
    directory.mkdir(parents=True)
    (directory / "prior").write_text(prior)
    (directory / "eth7:inet").touch()


def test_ipv4_asks_for_no_facts_of_ipv6() -> None:
    facts = read_facts(stanza(), ())

    assert (facts.force_forwarding, facts.keep_ra) == (True, ())


@pytest.fixture
def addressed(host: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The links with an IPv4 address, and which one."""
    links = {"lo": "198.51.100.1", IFACE: "198.51.100.2", "eth0": "198.51.100.3"}
    give_links(host, "eth7", "lo")
    monkeypatch.setattr(
        rtnetlink, "own_addresses", lambda: [(link, IPAddress.parse(text)) for link, text in links.items()]
    )
    return links


def own_links(*shared: str, **options: str) -> tuple[str, ...]:
    return read_facts(stanza(**options), shared).own_links


def test_the_nodes_own_networks_are_its_links_with_an_address_and_the_default_routes(
    addressed: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own_links() == ("eth0",)
    monkeypatch.setattr(rtnetlink, "default_link", lambda family: "eth7")
    assert own_links() == ("eth0", "eth7")
    addressed.clear()
    assert own_links() == ("eth7",)


@pytest.mark.usefixtures("addressed")
def test_a_router_and_a_network_of_ipv6_have_no_proxy_arp_to_restrain() -> None:
    assert own_links(role="router", uplink="eth0") == ()
    assert own_links(**SIX) == ()


def test_what_has_been_made_one_of_them_stays_one_while_it_exists(addressed: dict[str, str], host: FakeKernel) -> None:
    addressed.clear()
    host.sysctl(MEDIUM_ID.format("eth7"), "1")
    assert own_links(*map(MEDIUM_ID.format, ("eth7", "gone", IFACE))) == ("eth7",)


@pytest.mark.parametrize("setting", ["medium_id", "proxy_arp"])
def test_a_link_for_which_the_administrator_has_seen_to_proxies_is_left_alone(
    addressed: dict[str, str], host: FakeKernel, setting: str
) -> None:
    addressed["eth7"] = "198.51.100.7"
    host.sysctl(f"net/ipv4/conf/eth7/{setting}", "7")
    assert own_links() == ("eth0",)


def test_a_tap_and_another_routed_link_are_none_of_them(addressed: dict[str, str], host: FakeKernel) -> None:
    addressed |= {"tap0": "198.51.100.8", "eth1": "198.51.100.9"}
    give_links(host, "tap0", "eth1")
    assert own_links() == ("eth0", "eth1", "tap0")
    for name in ("tap0:attached", "eth1:inet"):
        Journal(name, entries=[Entry(SharedSysctl(MEDIUM_ID.format("eth1"), "1"), APPLIED)]).write()
    assert own_links() == ("eth0",)


def own_address(**options: str) -> str:
    return read_facts(stanza(**options), ()).own_address


def test_a_node_asks_by_an_address_of_its_own_in_the_subnet(addressed: dict[str, str]) -> None:
    assert own_address() == "198.51.100.2"  # the link's own, in another subnet
    del addressed[IFACE]
    assert own_address() == ""
    addressed["eth0"] = "192.0.2.7"
    assert own_address() == "192.0.2.7"
    addressed[IFACE] = "192.0.2.8"
    assert own_address() == "192.0.2.8"


def test_it_does_not_by_the_gateways_nor_where_the_stanza_names_another(addressed: dict[str, str]) -> None:
    del addressed[IFACE]
    addressed["eth0"] = "192.0.2.1"
    assert own_address() == ""
    addressed["eth0"] = "192.0.2.7"
    assert own_address(arp_ip="192.0.2.254") == ""
    assert own_address(subnet="203.0.113.0/24", gateway="203.0.113.1") == ""


@pytest.mark.usefixtures("host")
def test_a_kernel_with_force_forwarding_forwards_per_link() -> None:
    assert read() == (True, HOSTS)


@pytest.mark.usefixtures("old_kernel")
def test_a_kernel_without_it_forwards_everywhere() -> None:
    assert read() == (False, HOSTS)


@pytest.mark.parametrize("line", ['IPV6_FORWARDING="all"', "IPV6_FORWARDING=all", "  IPV6_FORWARDING='all'  "])
@pytest.mark.usefixtures("host")
def test_the_settings_can_ask_for_forwarding_everywhere(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings").write_text(f"# IPV6_FORWARDING=auto\n\n{line}\n")

    assert read() == (False, HOSTS)


@pytest.mark.parametrize("text", ['IPV6_FORWARDING="auto"\n', "# IPV6_FORWARDING=all\n", "", "OTHER=all\n"])
@pytest.mark.usefixtures("host")
def test_the_settings_are_auto_by_default(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings").write_text(text)

    assert read() == (True, HOSTS)


@pytest.mark.usefixtures("host")
def test_the_last_line_of_the_settings_counts(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("IPV6_FORWARDING=all\nIPV6_FORWARDING=auto\n")

    assert read() == (True, HOSTS)


def test_any_other_setting_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("IPV6_FORWARDING=none\n")

    with pytest.raises(RoutedError) as caught:
        read()
    assert str(caught.value) == f"{tmp_path}/settings: IPV6_FORWARDING=none: expected auto or all"


def test_links_that_heed_advertisements_are_kept_and_those_to_come(host: FakeKernel) -> None:
    for number, forwarding in ((1, "0"), (2, "1")):
        give_links(host, f"eth{number}")
        host.sysctl(FORWARDING.format(f"eth{number}"), forwarding)

    assert read() == (True, ("default", "eth0", "eth1"))


@pytest.mark.usefixtures("host")
def test_whatever_the_role() -> None:
    assert read(ROUTER) == read(stanza(**SIX, uplink="eth0")) == (True, HOSTS)


@pytest.mark.parametrize("value", ["0", "2"])
@pytest.mark.parametrize("link", HOSTS)
def test_a_link_that_heeds_none_or_all_of_them_anyway_stays(host: FakeKernel, link: str, value: str) -> None:
    host.sysctl(ACCEPT_RA.format(link), value)

    assert read() == (True, tuple(one for one in HOSTS if one != link))


def test_ports_and_guests_and_routed_links_take_none(host: FakeKernel, run_directory: Path) -> None:
    give_links(host, "port1", "tap1", "eth7", "lo")
    for name in ("attached/tap1", "journal/eth7:inet"):
        (run_directory / name).parent.mkdir(parents=True)
        (run_directory / name).touch()

    assert read() == (True, HOSTS)


def test_a_link_that_forwards_because_of_us_alone_is_kept(host: FakeKernel, run_directory: Path) -> None:
    give_links(host, "eth1", "eth2")
    for link in ("all", "default", "eth0", "eth1", "eth2", IFACE):
        host.sysctl(FORWARDING.format(link), "1")
    use(run_directory, ALL, "0,eth1,lo")

    assert read(shared=(ALL,)) == (True, ("default", "eth0", "eth2"))


def test_one_that_forwards_as_our_uplink_too(host: FakeKernel, run_directory: Path) -> None:
    host.sysctl(FORWARDING.format("eth0"), "1")
    assert read() == (True, ("default",))
    use(run_directory, FORWARDING.format("eth0"))
    assert read() == (True, HOSTS)


def test_an_administrators_forwarding_is_not_because_of_us(host: FakeKernel, run_directory: Path) -> None:
    for link in ("all", "default", "eth0", IFACE):
        host.sysctl(FORWARDING.format(link), "1")
    use(run_directory, ALL, "1")

    assert read(shared=(ALL,)) == (True, ("default",))


@pytest.mark.parametrize("value", ["1", "2"])
def test_a_second_look_agrees_with_the_first(host: FakeKernel, value: str) -> None:
    """Also where ifupdown has written a host's value again."""
    paths = tuple(ACCEPT_RA.format(link) for link in HOSTS)
    for link in HOSTS:
        host.sysctl(FORWARDING.format(link), "1")
        host.sysctl(ACCEPT_RA.format(link), value)

    assert read(shared=paths) == (True, HOSTS)


def test_somebody_else_turns_to_the_advertisements_meanwhile(host: FakeKernel) -> None:
    host.sysctl(ACCEPT_RA.format("eth0"), "0")

    assert read(shared=(ACCEPT_RA.format("eth0"),)) == (True, ("default",))


@pytest.mark.usefixtures("host")
def test_a_link_that_was_kept_and_has_gone_is_no_more() -> None:
    assert read(shared=(ACCEPT_RA.format("eth9"),)) == (True, HOSTS)


@pytest.mark.usefixtures("host")
def test_the_routed_link_is_kept_where_a_default_route_was_learnt_there(learnt: set[str]) -> None:
    learnt.add(IFACE)

    assert read() == (True, ("default", "eth0", IFACE))


def made(change: Change) -> None:
    """The stanza's journal has a change."""
    Journal(f"{IFACE}:inet", entries=[Entry(change, APPLIED)]).write()


def test_it_stays_so_while_the_route_is_away(host: FakeKernel) -> None:
    path = ACCEPT_RA.format(IFACE)
    host.sysctl(path, "2")
    assert not read_facts(VMC, (path,)).keep_ra.count(IFACE)
    made(SharedSysctl(path, "2"))
    facts = read_facts(VMC, (path,))
    assert (facts.keep_ra, facts.refuse_ra) == (("default", "eth0", IFACE), False)


@pytest.mark.parametrize("switched", [IFACE, "default"])
def test_a_routed_link_that_heeds_them_because_of_us_is_to_refuse_them(host: FakeKernel, switched: str) -> None:
    host.sysctl(ACCEPT_RA.format(IFACE), "2")

    assert read_facts(VMC, (ACCEPT_RA.format(switched),)).refuse_ra
    assert not read_facts(VMC, ()).refuse_ra


@pytest.mark.usefixtures("host")
def test_it_goes_on_refusing_them() -> None:
    assert not read_facts(VMC, ()).refuse_ra
    made(RefuseAdvertisements(IFACE))
    assert read_facts(VMC, ()).refuse_ra


def test_an_attachment_keeps_what_would_be_lost_and_lists_no_links(
    host: FakeKernel, learnt: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host_facts, "ipv6_links", None)
    give_links(host, "eth1", "eth2")
    learnt |= {"eth0", "eth1", "eth2"}
    host.sysctl(ACCEPT_RA.format("eth1"), "2")
    host.sysctl(ACCEPT_RA.format("eth2"), "0")

    assert read_guest_facts(("4", "6"), ()).keep_ra == ("eth0",)
    assert read_guest_facts(("4", "6"), (ACCEPT_RA.format("eth1"),)).keep_ra == ("eth0", "eth1")
    assert read_guest_facts(("4",), ()).keep_ra == ()


def test_a_host_without_ipv6_tells_nothing(tmp_path: Path) -> None:
    assert not (tmp_path / "sys").exists()
    assert read() == (False, ())


@pytest.mark.usefixtures("host")
def test_local_is_late_in_the_families_of_a_stanza_that_has_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def is_local_first(family: str, priority: int, protocol: str) -> bool:
        asked.append((family, priority, protocol))
        return family == "4"

    monkeypatch.setattr(rtnetlink, "is_local_first", is_local_first)
    assert read_facts(stanza(subnet="192.0.2.0/24 2001:db8::/64", gateway="192.0.2.1 2001:db8::1"), ()).local_late == (
        "6",
    )
    assert read_facts(stanza(), ()).local_late == ()
    assert asked == [("4", 32000, "snf"), ("6", 32000, "snf"), ("4", 32000, "snf")]
    assert read_facts(ROUTER, ()).local_late == ()
