"""The entry of if-up.d and if-down.d: ifupdown's environment in, an exit code and lines on the console out."""

import posix
import signal

import pytest
from fake_kernel import REFUSED, FakeKernel
from samples import IFACE

from snf_network_helper import hook
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import process

START = {
    "IFACE": IFACE, "LOGICAL": IFACE, "ADDRFAM": "inet", "METHOD": "manual", "MODE": "start", "PHASE": "post-up",
    "VERBOSITY": "0",
}  # fmt: skip
STOP = {**START, "MODE": "stop", "PHASE": "pre-down"}
VMC = {"IF_ROUTED_SUBNET": "192.0.2.0/24", "IF_ROUTED_GATEWAY": "192.0.2.1"}
SIX = {"ADDRFAM": "inet6", "IF_ROUTED_SUBNET": "2001:db8::/64", "IF_ROUTED_GATEWAY": "2001:db8::1"}
UP = {**START, **VMC}
Console = pytest.CaptureFixture[str]


def test_ifup_brings_up_and_ifdown_takes_down_without_a_word(host: FakeKernel, capsys: Console) -> None:
    before = host.snapshot()

    assert hook.main(UP) == 0
    assert list(names()) == [f"{IFACE}:inet"]
    assert hook.main(STOP) == 0

    assert host.snapshot() == before
    assert list(names()) == []
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "environ",
    [
        {**UP, "ADDRFAM": "meta", "IFACE": "--all"},
        {**UP, "ADDRFAM": "meta"},
        {**UP, "IFACE": "lo"},
        {**UP, "IFACE": ""},
        {name: value for name, value in UP.items() if name != "IFACE"},
        START,
        {**START, "IF_ADDRESS": "192.0.2.7"},
        {**START, "ADDRFAM": "NetworkManager", "METHOD": "NetworkManager"},
        {**STOP, "ADDRFAM": "NetworkManager", "METHOD": "NetworkManager"},
        STOP,
        {**STOP, **VMC},
        {**STOP, "ADDRFAM": "meta", "IFACE": "--all"},
    ],
)
def test_what_is_not_routed_is_none_of_our_business(environ: dict[str, str], host: FakeKernel, capsys: Console) -> None:
    assert hook.main(environ) == 0

    assert host.commands == []
    assert list(names()) == []
    assert capsys.readouterr() == ("", "")


def test_a_mistake_is_one_line_and_the_kernel_untouched(host: FakeKernel, capsys: Console) -> None:
    assert hook.main({**UP, "IF_ROUTED_GATEWAY": "192.0.3.1"}) == 1

    outside = "routed-gateway 192.0.3.1 is outside routed-subnet 192.0.2.0/24; routed-onlink yes allows it"
    assert capsys.readouterr() == ("", f"{IFACE}: {outside}\n")
    assert host.commands == []
    assert list(names()) == []


def test_a_misspelt_option_alone_does_not_pass_in_silence(capsys: Console) -> None:
    assert hook.main({**START, "IF_ROUTED_SUBNETS": "192.0.2.0/24"}) == 1
    assert capsys.readouterr().err == (
        f"{IFACE}: routed-subnets: unknown option, did you mean routed-subnet?\n"
    )  # fmt: skip


def test_a_warning_is_one_line_and_no_error(host: FakeKernel, capsys: Console) -> None:
    assert hook.main({**UP, "IF_ROUTED_UPLINK": "eth0"}) == 0

    assert capsys.readouterr().err == f"{IFACE}: routed-uplink eth0 has no effect with routed-role vmc\n"
    assert host.commands


def test_a_failing_ifup_is_one_line_and_undone(host: FakeKernel, capsys: Console) -> None:
    before = host.snapshot()
    host.refused = "arptables"

    assert hook.main(UP) == 1

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{IFACE}: arptables -")
    assert f"{REFUSED} (" in line
    assert host.snapshot() == before


def test_a_failing_ifdown_is_one_line_and_no_failure(host: FakeKernel, capsys: Console) -> None:
    hook.main(UP)
    host.refused = "ip rule del iif lo"

    assert hook.main(STOP) == 0

    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{IFACE}: ip rule del iif lo to 192.0.2.0/24 ")
    assert list(names()) == [f"{IFACE}:inet"]


def test_the_two_families_of_an_interface_have_a_journal_each(host: FakeKernel) -> None:
    before = host.snapshot()

    assert hook.main(UP) == hook.main({**UP, **SIX}) == 0
    assert list(names()) == [f"{IFACE}:inet6", f"{IFACE}:inet"]

    assert hook.main({**STOP, "ADDRFAM": "inet6"}) == hook.main(STOP) == 0
    assert host.snapshot() == before


def test_an_ifupdown_that_tells_no_family_is_served_too(host: FakeKernel) -> None:
    before = host.snapshot()
    environ = {name: value for name, value in UP.items() if name != "ADDRFAM"}

    assert hook.main(environ) == 0
    assert list(names()) == [f"{IFACE}:any"]
    assert hook.main({**environ, "MODE": "stop"}) == 0
    assert host.snapshot() == before


def test_ifdown_does_not_read_the_stanza_for_it_may_be_another_now(host: FakeKernel) -> None:
    before = host.snapshot()
    hook.main(UP)

    assert hook.main({**STOP, "IF_ROUTED_SUBNET": "no subnet", "IF_ROUTED_ROL": "router"}) == 0
    assert host.snapshot() == before


def test_another_stanza_without_options_leaves_the_routed_one_alone(host: FakeKernel) -> None:
    hook.main(UP)
    up = host.snapshot()

    assert hook.main(START) == 0

    assert host.snapshot() == up


def test_two_routed_stanzas_of_one_family_stand_side_by_side(host: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook, "_run", lambda _: "4711")
    before = host.snapshot()
    hook.main(UP)
    up = set(host.state)

    assert hook.main({**UP, **SIX, "ADDRFAM": UP["ADDRFAM"]}) == 0

    assert up < set(host.state)
    assert hook.main({**UP, "MODE": "stop"}) == 0
    assert host.snapshot() == before


def test_a_failing_second_stanza_takes_down_what_this_ifup_did_for_the_first(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "_run", lambda _: "4711")
    before = host.snapshot()
    hook.main(UP)

    assert hook.main({**UP, **SIX, "IF_ROUTED_GATEWAY": "192.0.2.1"}) == 1

    assert host.snapshot() == before
    assert list(names()) == []


def test_what_an_earlier_ifup_did_stays_when_a_later_one_fails(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hook, "_run", lambda _: "4711")
    hook.main(UP)
    standing = host.snapshot()
    monkeypatch.setattr(hook, "_run", lambda _: "4712")

    assert hook.main({**UP, **SIX, "IF_ROUTED_GATEWAY": "192.0.2.1"}) == 1

    assert host.snapshot() == standing
    assert Journal.read(f"{IFACE}:inet").run == "4711"


def test_what_fails_once_the_network_is_up_is_one_line_and_no_error(
    host: FakeKernel, capsys: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fork() -> int:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(posix, "fork", fork)
    assert hook.main({**UP, "IF_ROUTED_ROLE": "router"}) == 0

    (line,) = capsys.readouterr().err.splitlines()
    assert line == f"{IFACE}: fork: Resource temporarily unavailable"
    assert list(names()) == [f"{IFACE}:inet"]


@pytest.mark.parametrize("verbosity", ["0", ""])
def test_a_quiet_ifup_prints_no_command(verbosity: str, host: FakeKernel, capsys: Console) -> None:
    hook.main({**UP, "VERBOSITY": verbosity})

    assert host.commands
    assert capsys.readouterr().err == ""


def test_a_verbose_ifup_prints_each_command_as_it_is_run(host: FakeKernel, capsys: Console) -> None:
    hook.main({**UP, "VERBOSITY": "1"})
    printed = capsys.readouterr().err.splitlines()

    assert all(line.startswith("[#] ") for line in printed)
    shown = [line.removeprefix("[#] ") for line in printed if "echo" not in line]
    assert sorted(shown) == sorted(command for command in host.commands if "echo" not in command)
    plan = [entry.change.add() for entry in Journal.read(f"{IFACE}:inet").entries]
    assert shown == [command for command in plan if "echo" not in command]  # one that is begun early is in its turn


def test_a_verbose_ifdown_prints_each_command_as_it_is_run(host: FakeKernel, capsys: Console) -> None:
    hook.main(UP)
    host.commands.clear()

    hook.main({**STOP, "VERBOSITY": "1"})

    printed = [line.removeprefix("[#] ") for line in capsys.readouterr().err.splitlines()]
    assert [line for line in printed if "echo" not in line] == [line for line in host.commands if "echo" not in line]


@pytest.mark.parametrize("bringing_up", [True, False])
def test_a_signal_stops_a_bring_up_but_no_take_down(bringing_up: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    handlers: dict[int, object] = {}
    monkeypatch.setattr("_signal.signal", handlers.__setitem__)

    process.heed_signals(bringing_up)
    (handler,) = set(handlers.values())
    assert callable(handler)
    handler(15, None)

    assert process.interrupted is bringing_up
    assert len(handlers) == 3
    assert set(handlers.values()) == {signal.SIG_IGN}  # what follows is not to be interrupted again
