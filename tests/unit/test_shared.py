"""A setting that several interfaces use goes back to its prior when its last user goes."""

from pathlib import Path

import pytest
from fake_kernel import FakeKernel

from snf_network_helper.changes.base import Change, User
from snf_network_helper.changes.shared_sysctl import SharedSysctl, follow
from snf_network_helper.errors import JournalError, KernelError
from snf_network_helper.runtime import shared

PROXY_NDP = SharedSysctl("net/ipv6/conf/all/proxy_ndp", "1")
EVERYWHERE = SharedSysctl("net/ipv6/conf/all/forwarding", "1")


def nobody(_change: Change) -> str:
    """No other stanza has the change."""
    return ""


def test_nothing_is_shared_at_first() -> None:
    assert shared.settings() == frozenset()


def test_the_first_user_switches_the_setting_on_and_the_last_one_off(host: FakeKernel) -> None:
    before = host.snapshot()

    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    PROXY_NDP.make(User("eth0.223:inet6", nobody))
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert host.commands == ["echo 1 > /proc/sys/net/ipv6/conf/all/proxy_ndp"]
    assert shared.settings() == {"net/ipv6/conf/all/proxy_ndp"}

    PROXY_NDP.undo(User("eth0.223:inet6", nobody), "")

    assert host.snapshot() == before
    assert shared.settings() == frozenset()


def test_two_settings_are_two(host: FakeKernel) -> None:
    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    EVERYWHERE.make(User("eth0.222:inet6", nobody))
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert shared.settings() == {"net/ipv6/conf/all/forwarding"}
    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "0"


def test_using_it_twice_is_using_it_once(host: FakeKernel) -> None:
    before = host.snapshot()

    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert host.snapshot() == before


def test_two_families_of_one_interface_are_two_users(host: FakeKernel) -> None:
    for family in ("inet", "inet6"):
        PROXY_NDP.make(User(f"eth0.222:{family}", nobody))
    PROXY_NDP.undo(User("eth0.222:inet", nobody), "")

    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "1"


def test_what_was_on_before_stays_on(host: FakeKernel) -> None:
    host.sysctl("net/ipv6/conf/all/proxy_ndp", "1")

    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert host.commands == []
    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "1"


def test_what_somebody_changed_since_stays_changed(host: FakeKernel) -> None:
    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    host.sysctl("net/ipv6/conf/all/proxy_ndp", "2")

    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "2"
    assert shared.settings() == frozenset()


def test_a_user_makes_whole_what_somebody_switched_off(host: FakeKernel) -> None:
    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    host.sysctl("net/ipv6/conf/all/proxy_ndp", "0")

    PROXY_NDP.make(User("eth0.222:inet6", nobody))

    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "1"


def test_leaving_what_was_never_used_changes_nothing(host: FakeKernel) -> None:
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")
    PROXY_NDP.make(User("eth0.223:inet6", nobody))
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert shared.settings() == {"net/ipv6/conf/all/proxy_ndp"}
    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "1"


def test_forwarding_everywhere_puts_back_the_forwarding_of_each_link(host: FakeKernel) -> None:
    host.sysctl("net/ipv6/conf/eth0/forwarding", "1")
    before = host.snapshot()

    EVERYWHERE.make(User("eth0.222:inet6", nobody))
    everywhere = host.sysctls()
    EVERYWHERE.undo(User("eth0.222:inet6", nobody), "")

    assert {value for path, value in everywhere.items() if path.endswith("ipv6/conf/eth0.222/forwarding")} == {"1"}
    assert host.snapshot() == before


def test_a_link_that_forwarded_and_vanished_is_no_error(host: FakeKernel) -> None:
    host.sysctl("net/ipv6/conf/eth7/forwarding", "1")
    EVERYWHERE.make(User("eth0.222:inet6", nobody))
    for path in (host.proc_sys / "net/ipv6/conf/eth7").iterdir():
        path.unlink()
    (host.proc_sys / "net/ipv6/conf/eth7").rmdir()

    EVERYWHERE.undo(User("eth0.222:inet6", nobody), "")

    assert host.sysctls()["net/ipv6/conf/all/forwarding"] == "0"


def test_a_setting_whose_link_vanished_is_released(host: FakeKernel) -> None:
    uplink = SharedSysctl("net/ipv4/conf/eth0/forwarding", "1")
    uplink.make(User("eth0.222:inet", nobody))
    (host.proc_sys / uplink.path).unlink()

    uplink.undo(User("eth0.222:inet", nobody), "")

    assert shared.settings() == frozenset()


def test_a_setting_that_will_not_go_back_is_still_used(host: FakeKernel) -> None:
    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    host.refused = "echo 0"

    with pytest.raises(KernelError):
        PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")
    assert shared.settings() == {"net/ipv6/conf/all/proxy_ndp"}

    host.refused = ""
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")
    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "0"


def test_a_record_that_cannot_be_written_is_an_error(host: FakeKernel, run_directory: Path) -> None:
    run_directory.mkdir(0o700)
    (run_directory / "shared").mkdir(0o700)
    (run_directory / "shared" / "net:ipv6:conf:all:proxy_ndp").touch()

    with pytest.raises(JournalError, match=r"^cannot write .*/shared/net:ipv6:conf:all:proxy_ndp: "):
        PROXY_NDP.make(User("eth0.222:inet6", nobody))
    assert host.commands == []


def test_the_record_of_users_that_a_kill_left_without_prior_is_begun_anew(
    host: FakeKernel, run_directory: Path
) -> None:
    run_directory.mkdir(0o700)
    (run_directory / "shared" / "net:ipv6:conf:all:proxy_ndp").mkdir(0o700, parents=True)
    (run_directory / "shared").chmod(0o700)
    before = host.snapshot()

    PROXY_NDP.make(User("eth0.222:inet6", nobody))
    PROXY_NDP.undo(User("eth0.222:inet6", nobody), "")

    assert host.snapshot() == before


KEPT = SharedSysctl("net/ipv6/conf/eth0/accept_ra", "2")


@pytest.mark.parametrize("conf", ["all", "eth0"])
def test_a_link_follows_for_as_long_as_it_forwards_because_of_us(host: FakeKernel, conf: str) -> None:
    before = host.snapshot()
    forwarding = SharedSysctl(f"net/ipv6/conf/{conf}/forwarding", "1")
    for user in ("eth0.222:inet", "eth0.223:inet"):
        forwarding.make(User(user, nobody))

    assert follow("eth0")
    assert not follow("eth0")
    forwarding.undo(User("eth0.222:inet", nobody), "")
    assert host.sysctls()[KEPT.path] == "2"
    forwarding.undo(User("eth0.223:inet", nobody), "")

    assert host.snapshot() == before
    assert shared.settings() == frozenset()


def test_nothing_follows_what_is_not_ours(host: FakeKernel) -> None:
    before = host.snapshot()

    assert not follow("eth0")
    assert not follow("eth9")
    assert host.snapshot() == before


def test_a_link_that_others_keep_is_kept_again(host: FakeKernel) -> None:
    KEPT.make(User("eth0.222:inet", nobody))
    host.sysctl(KEPT.path, "1")

    assert follow("eth0")
    assert host.sysctls()[KEPT.path] == "2"
    KEPT.undo(User("eth0.222:inet", nobody), "")
    assert host.sysctls()[KEPT.path] == "1"


def test_the_end_of_one_forwarding_leaves_what_follows_another(host: FakeKernel) -> None:
    uplink = SharedSysctl("net/ipv6/conf/eth0.222/forwarding", "1")
    EVERYWHERE.make(User("eth1:inet", nobody))
    uplink.make(User("eth1:inet", nobody))
    follow("eth0")
    uplink.undo(User("eth1:inet", nobody), "")

    assert host.sysctls()[KEPT.path] == "2"


def test_what_stood_before_the_first_user(host: FakeKernel) -> None:
    assert shared.prior(EVERYWHERE.shared_name()) == ""
    host.sysctl("net/ipv6/conf/eth0/forwarding", "1")
    EVERYWHERE.make(User("eth1:inet", nobody))
    assert shared.prior(EVERYWHERE.shared_name()) == "0,eth0"
