"""What a plan knows of the host: read off /proc and the settings."""

from pathlib import Path

import pytest
from fake_kernel import FakeKernel
from samples import stanza

from snf_network_helper.errors import RoutedError
from snf_network_helper.facts import Facts
from snf_network_helper.stanza import Stanza

SIX = {"subnet": "2001:db8::/64", "gateway": "2001:db8::1"}
VMC = stanza(**SIX)
ROUTER = stanza(**SIX, role="router", uplink="eth0")
ACCEPT_RA = "net/ipv6/conf/eth0/accept_ra"
# /proc/net/ipv6_route: destination, source, gateway, metric, references, use, flags, link
LEARNT = f"{'0' * 32} 00 {'0' * 32} 00 fe80{'0' * 27}1 00000400 00000001 00000000 00450003     eth0\n"
BY_HAND = LEARNT.replace("00450003", "00000003")
A_SUBNET = LEARNT.replace(" 00 ", " 40 ", 1)


def read(stanza_: Stanza = VMC, shared: tuple[str, ...] = ()) -> tuple[bool, tuple[str, ...]]:
    facts = Facts.read(stanza_, shared)
    return facts.force_forwarding, facts.keep_ra


@pytest.fixture
def old_kernel(host: FakeKernel) -> FakeKernel:
    """A kernel that forwards IPv6 on all links or on none."""
    for path in host.proc_sys.glob("net/ipv6/conf/*/force_forwarding"):
        path.unlink()
    return host


@pytest.fixture
def learnt(tmp_path: Path) -> Path:
    """A default route learnt on eth0."""
    path = tmp_path / "ipv6_route"
    path.write_text(A_SUBNET + LEARNT)
    return path


def test_ipv4_asks_for_no_facts() -> None:
    facts = Facts.read(stanza(), ())

    assert (facts.force_forwarding, facts.keep_ra) == (True, ())


@pytest.mark.usefixtures("host")
def test_a_kernel_with_force_forwarding_forwards_per_link() -> None:
    assert read() == (True, ())


@pytest.mark.usefixtures("old_kernel")
def test_a_kernel_without_it_forwards_everywhere() -> None:
    assert read() == (False, ())


@pytest.mark.parametrize("line", ['IPV6_FORWARDING="all"', "IPV6_FORWARDING=all", "  IPV6_FORWARDING='all'  "])
@pytest.mark.usefixtures("host")
def test_the_settings_can_ask_for_forwarding_everywhere(tmp_path: Path, line: str) -> None:
    (tmp_path / "settings").write_text(f"# IPV6_FORWARDING=auto\n\n{line}\n")

    assert read() == (False, ())


@pytest.mark.parametrize("text", ['IPV6_FORWARDING="auto"\n', "# IPV6_FORWARDING=all\n", "", "OTHER=all\n"])
@pytest.mark.usefixtures("host")
def test_the_settings_are_auto_by_default(tmp_path: Path, text: str) -> None:
    (tmp_path / "settings").write_text(text)

    assert read() == (True, ())


@pytest.mark.usefixtures("host")
def test_the_last_line_of_the_settings_counts(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("IPV6_FORWARDING=all\nIPV6_FORWARDING=auto\n")

    assert read() == (True, ())


def test_any_other_setting_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "settings").write_text("IPV6_FORWARDING=none\n")

    with pytest.raises(RoutedError) as caught:
        read()
    assert str(caught.value) == f"{tmp_path}/settings: IPV6_FORWARDING=none: expected auto or all"


@pytest.mark.usefixtures("old_kernel", "learnt")
def test_a_learnt_default_route_is_kept_where_all_links_forward() -> None:
    assert read() == (False, ("eth0",))


@pytest.mark.usefixtures("host", "learnt")
def test_it_is_in_danger_also_where_single_links_forward() -> None:
    assert read() == (True, ("eth0",))


@pytest.mark.usefixtures("old_kernel")
@pytest.mark.parametrize("routes", [BY_HAND, A_SUBNET, ""])
def test_any_other_route_is_in_no_danger(learnt: Path, routes: str) -> None:
    learnt.write_text(routes)

    assert read() == (False, ())


@pytest.mark.usefixtures("learnt")
@pytest.mark.parametrize("value", ["0", "2"])
def test_a_link_that_takes_no_advertisements_or_takes_them_anyway_stays(old_kernel: FakeKernel, value: str) -> None:
    old_kernel.sysctl(ACCEPT_RA, value)

    assert read() == (False, ())


@pytest.mark.usefixtures("old_kernel", "learnt")
def test_the_routed_link_itself_learns_nothing() -> None:
    assert read(stanza("eth0", **SIX, table="222")) == (False, ())


@pytest.mark.usefixtures("host")
def test_an_uplink_that_is_to_forward_goes_on_taking_advertisements() -> None:
    assert read(ROUTER) == (True, ("eth0",))


def test_an_uplink_that_forwards_already_took_none(host: FakeKernel) -> None:
    host.sysctl("net/ipv6/conf/eth0/forwarding", "1")

    assert read(ROUTER) == (True, ())


def test_an_uplink_that_took_none_takes_none(host: FakeKernel) -> None:
    host.sysctl(ACCEPT_RA, "0")

    assert read(ROUTER) == (True, ())


@pytest.mark.usefixtures("host")
def test_the_uplink_of_a_vmc_does_not_forward() -> None:
    assert read(stanza(**SIX, uplink="eth0")) == (True, ())


def test_a_second_look_agrees_with_the_first(host: FakeKernel) -> None:
    host.sysctl("net/ipv6/conf/eth0/forwarding", "1")
    host.sysctl(ACCEPT_RA, "2")

    assert read(ROUTER, shared=(ACCEPT_RA, "net/ipv6/conf/eth0/forwarding")) == (True, ("eth0",))


@pytest.mark.usefixtures("learnt")
def test_a_second_look_agrees_where_all_links_forward(old_kernel: FakeKernel) -> None:
    old_kernel.sysctl(ACCEPT_RA, "2")

    assert read(shared=(ACCEPT_RA, "net/ipv6/conf/all/forwarding")) == (False, ("eth0",))


@pytest.mark.usefixtures("host")
def test_what_another_interface_switched_for_its_uplink_is_no_fact_of_this_one() -> None:
    assert read(shared=("net/ipv6/conf/eth7/accept_ra",)) == (True, ())


def test_a_host_without_ipv6_tells_nothing(tmp_path: Path) -> None:
    assert not (tmp_path / "sys").exists()
    assert read() == (False, ())
