"""The command snf-network-helper: what it prints and how it exits."""

import json
import os
from pathlib import Path

import pytest
from fake_kernel import REFUSED, FakeKernel
from samples import IFACE, VMC, planned

from snf_network_helper.changes import seen
from snf_network_helper.changes.base import Change
from snf_network_helper.commands import down, status
from snf_network_helper.commands import main as cli
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import link, process
from snf_network_helper.transaction.bring_up import bring_up

NAME = f"{IFACE}:inet"
STANZA = f"iface {IFACE} inet manual\n    routed-subnet 192.0.2.0/24\n    routed-gateway 192.0.2.1\n"
Console = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the tests, the journal's files are his own: so he is root here."""
    for module in (down, status):
        monkeypatch.setattr(module, "need_root", lambda command: None)
    monkeypatch.setattr(os, "environ", dict(os.environ))


@pytest.fixture
def interfaces(tmp_path: Path) -> str:
    path = tmp_path / "interfaces"
    path.write_text(STANZA)
    return str(path)


@pytest.fixture
def in_kernel(host: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    """What netlink would show of a host that is up."""
    bring_up(NAME, planned(VMC), "")
    shown = frozenset(change for change in planned(VMC) if change.add().endswith(" snf"))
    monkeypatch.setattr(seen, "marked", lambda: shown)
    return host


def also_in_kernel(monkeypatch: pytest.MonkeyPatch, *more: Change, but: str = "nothing") -> None:
    shown = frozenset(change for change in seen.marked() if but not in change.add()) | set(more)
    monkeypatch.setattr(seen, "marked", lambda: shown)


def test_plan_prints_the_commands_that_ifup_would_run(interfaces: str, host: FakeKernel, capsys: Console) -> None:
    assert cli.main(["plan", IFACE, "--file", interfaces]) == 0

    assert capsys.readouterr() == ("".join(f"{change.add()}\n" for change in planned(VMC)), "")
    assert host.commands == []


@pytest.mark.usefixtures("host")
def test_plan_as_json_has_fields_and_both_commands(interfaces: str, capsys: Console) -> None:
    assert cli.main(["plan", IFACE, "--file", interfaces, "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == [
        {"kind": type(c).__name__, "fields": dict(c.fields()), "add": c.add(), "remove": c.remove()}
        for c in planned(VMC)
    ]


def test_plan_warns_beside_the_plan(interfaces: str, capsys: Console) -> None:
    Path(interfaces).write_text(STANZA + "    routed-uplink eth0\n")

    assert cli.main(["plan", IFACE, "--file", interfaces]) == 0
    assert capsys.readouterr().err == f"{IFACE}: routed-uplink eth0 has no effect with routed-role vmc\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (STANZA.replace("2.1", "2.255"), "routed-gateway 192.0.2.255: expected an address that a host may have"),
        (f"iface {IFACE} inet dhcp\n", "no routed-* option in {file}"),
        ("", f"ifquery: unknown interface {IFACE} ({{file}})"),
    ],
)
def test_a_mistake_is_one_line(text: str, message: str, interfaces: str, capsys: Console) -> None:
    Path(interfaces).write_text(text)

    assert cli.main(["plan", IFACE, "--file", interfaces]) == 1
    assert capsys.readouterr() == ("", f"{IFACE}: {message.format(file=interfaces)}\n")


def test_down_undoes_what_the_journal_says(host: FakeKernel, capsys: Console) -> None:
    before = host.snapshot()
    bring_up(NAME, planned(VMC), "")

    assert cli.main(["down", IFACE]) == 0

    assert host.snapshot() == before
    assert list(names()) == []
    assert capsys.readouterr() == (f"{IFACE}: undone\n", "")


def test_down_says_where_there_is_nothing_to_undo(run_directory: Path, capsys: Console) -> None:
    assert cli.main(["down", IFACE]) == 0
    assert capsys.readouterr() == (f"{IFACE}: nothing to undo, no journal in {run_directory}\n", "")


def test_down_says_what_is_left(host: FakeKernel, capsys: Console) -> None:
    bring_up(NAME, planned(VMC), "")
    host.refused = "ip route del 192.0.2.0/24 dev eth0.222 proto snf"

    assert cli.main(["down", IFACE]) == 1

    assert capsys.readouterr() == ("", f"{IFACE}: {host.refused}: {REFUSED}\n")
    assert [entry.change.remove() for entry in Journal.read(NAME).entries] == [host.refused]


def test_down_prints_each_command_when_asked(host: FakeKernel, capsys: Console) -> None:
    bring_up(NAME, planned(VMC), "")

    assert cli.main(["down", "-v", IFACE]) == 0
    assert "[#] ip rule del iif eth0.222 lookup 222 priority 32000 protocol snf\n" in capsys.readouterr().err
    assert host.state == []


@pytest.mark.parametrize("iface", ["../eth0", "lo", "", "eth0:1"])
def test_down_takes_only_the_name_of_a_link(iface: str, capsys: Console) -> None:
    assert cli.main(["down", iface]) == 1
    assert "expected" in capsys.readouterr().err


@pytest.mark.usefixtures("in_kernel")
def test_status_is_well_where_all_stands(capsys: Console) -> None:
    assert cli.main(["status"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{IFACE} inet"
    assert [line.split()[0] for line in lines[1:]] == ["applied"] * len(planned(VMC))
    assert f"  applied  echo 1 > /proc/sys/net/ipv4/conf/{IFACE}/proxy_arp  (was 0)" in lines


def test_status_shows_what_is_missing(in_kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: Console) -> None:
    also_in_kernel(monkeypatch, but="ip rule add iif lo")
    in_kernel.sysctl(f"net/ipv4/conf/{IFACE}/proxy_arp", "0")

    assert cli.main(["status", IFACE]) == 1

    missing = [line for line in capsys.readouterr().out.splitlines() if line.startswith("  missing ")]
    assert missing == [
        "  missing  ip rule add iif lo to 192.0.2.0/24 lookup 222 priority 32000 protocol snf",
        f"  missing  echo 1 > /proc/sys/net/ipv4/conf/{IFACE}/proxy_arp  (was 0)",
    ]


@pytest.mark.usefixtures("in_kernel")
def test_status_leaves_a_journal_in_place_that_it_cannot_read(capsys: Console) -> None:
    path = Path(Journal(NAME).path)
    path.write_text("spoilt")
    before = path.stat()
    for _ in range(2):
        assert cli.main(["status", IFACE]) == 1
        assert capsys.readouterr().err == f"journal {path}: not understood: spoilt\n"
    assert path.stat() == before
    assert cli.main(["status", "eth9"]) == 0


@pytest.mark.usefixtures("in_kernel")
def test_status_shows_what_is_in_no_journal(monkeypatch: pytest.MonkeyPatch, capsys: Console) -> None:
    (orphan, *_) = [change for change in planned(VMC, "eth0.223") if " rule " in change.add()]
    also_in_kernel(monkeypatch, orphan)

    assert cli.main(["status"]) == 1

    assert capsys.readouterr().out.endswith(f"in no journal\n  orphan   {orphan.add()}\n")
    assert cli.main(["status", IFACE]) == 0  # it is not this interface's


@pytest.mark.usefixtures("in_kernel")
def test_status_as_json_is_a_row_a_change(capsys: Console) -> None:
    assert cli.main(["status", "--json"]) == 0

    rows = json.loads(capsys.readouterr().out)
    assert [row["change"] for row in rows] == [change.add() for change in planned(VMC)]
    assert {(row["stanza"], row["state"]) for row in rows} == {(NAME, "applied")}
    assert rows[-1]["prior"] == "0"


@pytest.mark.parametrize(("arguments", "said"), [([], "nothing is routed"), ([IFACE], f"{IFACE}: nothing is routed")])
def test_status_says_where_nothing_is_routed(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    monkeypatch.setattr(seen, "marked", frozenset)

    assert cli.main(["status", *arguments]) == 0
    assert capsys.readouterr().out == f"{said}\n"


def test_the_version_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch, capsys: Console) -> None:
    monkeypatch.setattr("importlib.metadata.version", lambda package: f"1.2.3 of {package}")

    with pytest.raises(SystemExit) as caught:
        cli.main(["--version"])
    assert (caught.value.code, capsys.readouterr().out) == (0, "snf-network-helper 1.2.3 of snf-network-helper\n")


@pytest.mark.parametrize("arguments", [[], ["up"], ["plan"], ["down"], ["plan", IFACE, "--colour"]])
def test_a_wrong_command_line_exits_with_2(arguments: list[str], capsys: Console) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert caught.value.code == 2
    assert capsys.readouterr().err.startswith("usage: snf-network-helper")


def test_an_interrupt_from_the_keyboard_is_one_word(monkeypatch: pytest.MonkeyPatch, capsys: Console) -> None:
    def interrupt(_command: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(down, "need_root", interrupt)

    assert cli.main(["down", IFACE]) == 1
    assert capsys.readouterr() == ("", "interrupted\n")
    assert process.verbose is False


@pytest.mark.parametrize(
    ("words", "rest"), [(["status"], "nothing is routed by this name"), (["down"], "no journal in {directory}")]
)
def test_a_name_that_is_nothing_here_is_an_error(
    words: list[str], rest: str, run_directory: Path, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    monkeypatch.setattr(link, "absence", lambda name: f"{name}: no such interface (did you mean eth1?)")

    assert cli.main([*words, "eth7"]) == 1
    said = f"eth7: no such interface (did you mean eth1?), and {rest.format(directory=run_directory)}\n"
    assert capsys.readouterr() == ("", said)


@pytest.mark.usefixtures("in_kernel")
@pytest.mark.parametrize("trouble", ["the link is down", "the link is gone"])
def test_status_first_says_that_the_link_is_down_or_gone(
    trouble: str, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    monkeypatch.setattr(link, "trouble", lambda dev: trouble)

    assert cli.main(["status"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [f"{IFACE} inet: {trouble}", f"  missing  ip link set {IFACE} up"]


def test_a_syntax_error_is_shown_with_its_line(interfaces: str, capsys: Console) -> None:
    Path(interfaces).write_text(f"iface {IFACE} inet manual\n    routed-subnet\n")

    assert cli.main(["plan", IFACE, "--file", interfaces]) == 1
    assert f"{interfaces}:2: " in capsys.readouterr().err


@pytest.mark.usefixtures("host")
def test_options_of_the_hooks_before_are_named_with_what_replaces_them(interfaces: str, capsys: Console) -> None:
    Path(interfaces).write_text(STANZA + "    ip-routing-table 90\n    arp-ip 192.0.2.254\n    ip_forwarding 1\n")

    assert cli.main(["plan", IFACE, "--file", interfaces]) == 0
    assert capsys.readouterr().err == (
        f"{IFACE}: options without effect: ip-routing-table (use routed-table), arp-ip (use routed-arp-ip), "
        "ip-forwarding (not needed)\n"
    )


@pytest.mark.usefixtures("host")
def test_plan_reads_names_as_ifupdown_exports_them(interfaces: str, capsys: Console) -> None:
    Path(interfaces).write_text(STANZA.replace("routed-subnet", "Routed_Subnet").replace("gateway", "GATEWAY"))

    assert cli.main(["plan", IFACE, "--file", interfaces]) == 0
    assert capsys.readouterr() == ("".join(f"{change.add()}\n" for change in planned(VMC)), "")


def test_a_kept_route_is_present_whatever_its_protocol(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    connected = f"ip route add 192.0.2.0/24 dev {IFACE} proto kernel"
    host.state.append(connected)
    bring_up(NAME, planned(VMC), "")
    shown = [change for change in planned(VMC) if change.add().endswith(" snf")]
    monkeypatch.setattr(seen, "marked", lambda: frozenset(change for change in shown if change.add() in host.state))

    assert cli.main(["status"]) == 0
    assert f"  kept     ip route add 192.0.2.0/24 dev {IFACE} proto snf\n" in capsys.readouterr().out

    host.state.remove(connected)
    assert cli.main(["status"]) == 1
    assert f"  missing  ip route add 192.0.2.0/24 dev {IFACE} proto snf\n" in capsys.readouterr().out
