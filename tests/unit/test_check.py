"""check: all mistakes of a file, each at its place and in the words of ifup."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snf_network_helper.commands import check
from snf_network_helper.commands import main as cli
from snf_network_helper.errors import StanzaError
from snf_network_helper.interfaces import reader
from snf_network_helper.kernel import link
from snf_network_helper.lean import environ, posix
from snf_network_helper.review.node import Node
from snf_network_helper.review.report import findings
from snf_network_helper.runtime import failed
from snf_network_helper.stanza.options import OPTIONS, read_options

GOOD = "auto eth0.222\niface eth0.222 inet manual\n    routed-subnet 192.0.2.0/24\n    routed-gateway 192.0.2.1\n"
Console = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def classic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "installed", lambda: "ifupdown")


def found(text: str, ifupdown: str = "ifupdown") -> list[str]:
    """What is said of a file of another node."""
    return [
        f"{one.line}:{one.column}: {one.severity}: {one.iface}: {one.message}"
        for one in findings("interfaces", text, Node(), ifupdown).findings
    ]


def stanza(*options: str, iface: str = "eth0.222", family: str = "inet") -> str:
    lines = "".join(f"    {option}\n" for option in options)
    return f"auto {iface}\niface {iface} {family} manual\n{lines}"


def other(iface: str, subnet: str = "198.51.100.0/24", *more: str) -> str:
    gateway = subnet.partition("/")[0].removesuffix("0") + "1"
    return stanza(f"routed-subnet {subnet}", f"routed-gateway {gateway}", *more, iface=iface)


def test_a_right_stanza_has_no_findings() -> None:
    assert found(GOOD) == []
    assert found("auto lo\niface lo inet loopback\n") == []


def test_all_mistakes_of_all_stanzas_are_said_where_they_stand() -> None:
    bad = stanza(
        "routed-role vmcc", "routed-subnet 192.0.2.1/24 nothing", "routed-gateway 192.0.2.1/24", "routed-priority 0",
        "routed-uplnk eth0", iface="eth1",
    )  # fmt: skip
    assert found(bad + stanza("routed-subnet 10.0.0.0/33")) == [
        "3:17: error: eth1: routed-role vmcc: expected vmc, router or router-vmc",
        "4:19: error: eth1: routed-subnet 192.0.2.1/24: host bits are set, expected 192.0.2.0/24",
        "4:32: error: eth1: routed-subnet nothing: expected ADDRESS/LENGTH, as 192.0.2.0/24 or 2001:db8::/64",
        "5:20: error: eth1: routed-gateway 192.0.2.1/24: expected it without a length, 192.0.2.1",
        "6:21: error: eth1: routed-priority 0: expected 1-32764",
        "7:5: error: eth1: routed-uplnk: unknown option, did you mean routed-uplink?",
        "10:19: error: eth0.222: routed-subnet 10.0.0.0/33: expected ADDRESS/LENGTH, as 192.0.2.0/24 or 2001:db8::/64",
    ]


def test_what_follows_from_a_mistake_alone_is_not_said() -> None:
    assert found(stanza("routed-subnet 192.0.3.0/24,", "routed-gateway 192.0.3.1")) == [
        "3:19: error: eth0.222: routed-subnet 192.0.3.0/24,: expected values separated by blanks, not commas"
    ]
    assert found(stanza("routed-subnt 192.0.2.0/24", "routed-gateway 192.0.2.1")) == [
        "3:5: error: eth0.222: routed-subnt: unknown option, did you mean routed-subnet?"
    ]
    assert found(stanza("routed-role routre", "routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1",
                        "routed-uplink eth0", "routed-nat yes")) == [
        "3:17: error: eth0.222: routed-role routre: expected vmc, router or router-vmc"
    ]  # fmt: skip


def test_a_mistake_beside_another_one_is_said_if_it_is_one_anyway() -> None:
    assert found(stanza("routed-subnet nowhere", "routed-gateway 192.0.2.300")) == [
        "3:19: error: eth0.222: routed-subnet nowhere: expected ADDRESS/LENGTH, as 192.0.2.0/24 or 2001:db8::/64",
        "4:20: error: eth0.222: routed-gateway 192.0.2.300: expected an IPv4 or IPv6 address",
    ]


def test_each_mistake_is_said_once() -> None:
    two = "expected 2 tables, the last for the further gateways; for example routed-table 222 1222"
    subnets = ("routed-subnet 192.0.2.0/24 198.51.100.0/24", "routed-gateway 192.0.2.1 198.51.100.1")
    assert found(stanza(*subnets, "routed-table 222")) == [f"5:18: error: eth0.222: routed-table 222: {two}"]
    missing = two.removeprefix("expected ")
    assert found(stanza(*subnets)) == [f"2:7: error: eth0.222: routed-table is missing: {missing}"]
    one = "expected one gateway in 192.0.2.0/24, which has 192.0.2.1"
    assert found(stanza("routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1 192.0.2.2 192.0.2.3",
                        "routed-onlink x")) == [
        f"4:30: error: eth0.222: routed-gateway 192.0.2.2: {one}",
        f"4:40: error: eth0.222: routed-gateway 192.0.2.3: {one}",
        "5:19: error: eth0.222: routed-onlink x: expected yes or no",
    ]  # fmt: skip


def test_an_inherited_mistake_is_said_where_it_stands() -> None:
    text = "iface t inet manual\n    routed-gateway 192.0.2.999\n" + GOOD.replace("manual", "manual inherits t")
    assert found(text) == ["2:20: error: eth0.222: routed-gateway 192.0.2.999: expected an IPv4 or IPv6 address"]


def test_a_template_is_no_interface() -> None:
    text = "iface t inet manual\n    routed-gateway 192.0.2.1\n"
    text += stanza("routed-subnet 192.0.2.0/24").replace("manual", "manual inherits t")
    assert found(text) == []


def test_one_table_has_one_interface_and_one_gateway() -> None:
    assert found(GOOD + other("eth1", "198.51.100.0/24", "routed-table 222")) == [
        "9:5: error: eth1: routed-table 222 is eth0.222's already"
    ]
    assert found(GOOD + other("eth1.222")) == ["6:7: error: eth1.222: routed-table 222 is eth0.222's already"]
    again = GOOD + stanza("routed-subnet 203.0.113.0/24", "routed-gateway 203.0.113.1")
    assert found(again) == [
        "8:20: error: eth0.222: routed-gateway 203.0.113.1: routed-table 222 has the IPv4 gateway 192.0.2.1"
    ]
    assert found(GOOD + stanza("routed-subnet 2001:db8::/64", "routed-gateway 2001:db8::1", family="inet6")) == []
    router = other("eth1", "198.51.100.0/24", "routed-role router")
    assert found(GOOD + router) == []


def test_a_subnet_is_behind_one_interface() -> None:
    assert found(GOOD + other("eth0.223", "192.0.2.0/24")) == [
        "7:19: error: eth0.223: routed-subnet 192.0.2.0/24 is eth0.222's already"
    ]
    assert found(GOOD + other("eth0.223", "192.0.2.0/25")) == [
        "7:19: warning: eth0.223: routed-subnet 192.0.2.0/25 is part of 192.0.2.0/24 of eth0.222"
    ]
    own = stanza("routed-subnet 192.0.2.0/24 192.0.2.0/25", "routed-gateway 192.0.2.1")
    assert found(own) == []


def test_an_interface_without_auto_is_named() -> None:
    text = GOOD.partition("\n")[2]
    expected = "no auto line has it, so ifup -a and the next boot leave it down; expected auto eth0.222"
    assert found(text) == [f"1:7: warning: eth0.222: {expected}"]
    for line in ("allow-hotplug eth0.222", "auto /eth*", "auto eth0.222 lo", "allow-auto eth0.222"):
        assert found(f"{line}\n{text}") == [], line


def test_an_interface_that_a_command_brings_up_needs_no_auto() -> None:
    assert found("auto eth0\niface eth0 inet manual\n    up ifup eth0.222\n" + GOOD.partition("\n")[2]) == []


def test_a_name_that_no_link_can_have_hides_nothing() -> None:
    assert found(stanza("routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.999", iface="eth0:1")) == [
        "2:7: error: eth0:1: the label of an address, expected the link that has it, eth0",
        "4:20: error: eth0:1: routed-gateway 192.0.2.999: expected an IPv4 or IPv6 address",
    ]


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text("source more\nsource-directory more.d\nsource other/*\n" + GOOD)
    assert run(path, "--errors") == 0
    assert run(path) == 0
    capsys.readouterr()
    (tmp_path / "more.d").write_text("")
    assert run(path, "--here") == 3
    missing = "/etc/network/more is not read: No such file or directory"
    assert f"{path}:1:8: warning: {missing}\n" in capsys.readouterr().out


def test_what_a_mapping_chooses_is_of_the_link() -> None:
    logical = "iface rack1 inet manual\n    routed-subnet 192.0.2.0/24\n    routed-gateway 192.0.2.1\n"
    assert found(f"auto eth0.7\nmapping eth0.7\n    script /bin/x\n    map rack1\n{logical}") == []
    assert found(f"auto eth0.7=rack1\n{logical}") == []
    assert found(f"auto /eth*=rack1\n{logical}") == []


def test_an_uplink_that_comes_later_is_named() -> None:
    router = stanza("routed-role router", "routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1",
                    "routed-uplink vmbr0")  # fmt: skip
    bridge = "auto vmbr0\niface vmbr0 inet manual\n    bridge-ports none\n"
    expected = "routed-uplink vmbr0 is brought up after eth0.222, it will be used when it comes"
    assert found(router + bridge) == [f"6:19: warning: eth0.222: {expected}"]
    assert found(bridge + router) == []


def test_an_uplink_that_may_be_misspelt_is_named() -> None:
    router = stanza("routed-role router", "routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1",
                    "routed-uplink vmrb0")  # fmt: skip
    text = "auto vmbr0\niface vmbr0 inet manual\n    bridge-ports none\n" + router
    expected = "the file has no such interface (did you mean vmbr0?), it will be used when it comes"
    assert found(text) == [f"9:19: warning: eth0.222: routed-uplink vmrb0: {expected}"]
    assert found(text.replace("vmrb0", "vmbr1")) == []


def test_lines_of_the_recipe_beside_the_options_are_named() -> None:
    text = GOOD + "    up ip link set $IFACE up\n    up ip rule add iif $IFACE lookup 222\n    up echo hello\n"
    text += "    post-up arptables -A OUTPUT -o eth0.222 --opcode 1 -j mangle --mangle-ip-s 192.0.2.9\n"
    text += "    down ip rule del iif eth0.222\n    arp-ip 192.0.2.9\n"
    does = "routed-* does this; snf-network-helper convert takes the line out"
    assert found(text) == [
        f"6:5: warning: eth0.222: up ip rule add iif $IFACE lookup 222: {does}",
        "8:5: warning: eth0.222: post-up arptables -A OUTPUT -o eth0.222 --opcode 1 -j mangle --mangle-ip-s 192.0.2.9: "
        + does,
        f"9:5: warning: eth0.222: down ip rule del iif eth0.222: {does}",
        "10:5: warning: eth0.222: options without effect: arp-ip (use routed-arp-ip)",
    ]


def test_options_that_are_none_are_named() -> None:
    assert found(GOOD + "    rooted-table 7\n") == [
        "5:5: warning: eth0.222: rooted-table: no option of ifupdown or of ours, did you mean routed-table?"
    ]
    assert found("iface eth1 inet manual\n    ip-gateway 192.0.2.1\n") == [
        "2:5: warning: eth1: options without effect: ip-gateway (use routed-gateway)"
    ]
    assert found(GOOD + "    routed-uplink eth0\n") == [
        "5:5: warning: eth0.222: routed-uplink eth0 has no effect with routed-role vmc"
    ]


def test_what_ifupdown_refuses_is_an_error() -> None:
    assert found("hello world\n" + GOOD) == ["1:1: error: : misplaced option; ifup refuses the whole file"]
    assert found(GOOD + "    routed-table\n") == [
        "5:5: error: eth0.222: option with empty value; ifup refuses the whole file",
        "5:5: error: eth0.222: routed-table: expected a value, it is empty",
    ]


def test_what_ifupdown2_does_with_it() -> None:
    text = "iface t inet manual\n    routed-gateway 192.0.2.1\n" + GOOD.replace("manual", "manual inherits t")
    assert found(text, "ifupdown2") == [
        "4:37: warning: eth0.222: ifupdown2 knows no inherits: of t it takes nothing, write its options here"
    ]
    router = GOOD + "    routed-role router\n"
    assert found(router, "ifupdown2") == [
        "4:20: warning: eth0.222: ifupdown2 takes 192.0.2.1 away at each run; "
        "expected address-purge no, or address 192.0.2.1/…"
    ]
    assert found(router + "    address 192.0.2.1/24\n", "ifupdown2") == []
    node = Node()
    node.has_addon = True
    assert findings("interfaces", router, node, "ifupdown2").findings == []
    assert found(router + "    address-purge no\n", "ifupdown2") == []
    assert found(GOOD.replace("    routed-gateway", "\n    routed-gateway"), "ifupdown2") == [
        "5:5: warning: eth0.222: Proxmox VE's GUI moves what follows a blank line below another interface"
    ]
    typeless = GOOD.replace(" inet manual", "")
    assert found(typeless, "ifupdown2") == []
    assert found(typeless) != []


def test_a_bridge_that_ifupdown2_keeps_from_forwarding_is_named() -> None:
    bridge = "    bridge-ports none\n"
    said = "ifupdown2 has {} forward nothing for a while at each run, as it has no address; expected an address there"
    text = GOOD.replace("eth0.222", "vmbr0") + bridge + "    routed-table 222\n"
    assert found(text, "ifupdown2") == [f"2:7: warning: vmbr0: {said.format('vmbr0')}"]
    assert found(text + "    address 192.0.2.9/24\n", "ifupdown2") == []
    assert found(text) == []
    router = stanza("routed-role router", "routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1",
                    "routed-uplink vmbr0", "address 192.0.2.1/24")  # fmt: skip
    uplink = f"auto vmbr0\niface vmbr0 inet manual\n{bridge}"
    assert found(uplink + router, "ifupdown2") == [f"9:19: warning: eth0.222: {said.format('vmbr0')}"]
    assert found(uplink + router + "iface vmbr0.7 inet manual\n", "ifupdown2") == []


def test_a_template_of_ifupdown_ng() -> None:
    text = "template guests\n    routed-gateway 192.0.2.1\nauto eth0.222\niface eth0.222\n"
    text += "    inherit guests\n    routed-subnet 192.0.2.0/24\n"
    assert found(text, "ifupdown-ng") == []
    again = text + "    routed-gateway 192.0.2.2\n"
    assert found(again, "ifupdown-ng") == [
        "7:5: warning: eth0.222: routed-gateway: ifupdown-ng takes these values only, and none of what guests has"
    ]


def test_stanzas_are_one_to_the_others() -> None:
    text = "auto eth0.222\niface eth0.222 inet manual\n    routed-subnet 192.0.2.0/24\n"
    text += "iface eth0.222 inet manual\n    routed-gateway 192.0.2.1\n"
    assert found(text, "ifupdown2") == found(text, "ifupdown-ng") == []
    assert len(found(text)) == 2


def run(path: Path, *words: str) -> int:
    return cli.main(["check", str(path), *words])


def test_exit_codes(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text(GOOD)
    assert run(path) == 0
    path.write_text(GOOD + "    routed-uplink eth0\n")
    assert (run(path), run(path, "--strict")) == (3, 1)
    path.write_text(GOOD + "    routed-table main\n")
    assert run(path) == 1
    with pytest.raises(SystemExit) as caught:
        run(path, "--loud")
    assert caught.value.code == 2
    assert run(tmp_path / "nothing") == 1
    assert capsys.readouterr().err.endswith(f"{tmp_path}/nothing: No such file or directory\n")


def test_the_text_is_made_of_the_json(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text(GOOD + "    routed-table main\n")
    run(path, "--json")
    told = json.loads(capsys.readouterr().out)
    run(path)
    lines = capsys.readouterr().out.splitlines()

    assert told["format_version"] == "1.0"
    (one,) = told["findings"]
    assert one == {
        "file": str(path), "line": 5, "column": 18, "severity": "error", "interface": "eth0.222",
        "message": "routed-table main: expected a table other than 0 and 253-255",
    }  # fmt: skip
    assert lines[0] == f"{path}:5:18: error: eth0.222: {one['message']}"
    assert lines[-1] == told["verdict"] == f"{path}: 1 error; edit it, then: snf-network-helper check {path}"


def test_of_this_node_links_and_tables_are_looked_up(
    tmp_path: Path, capsys: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link, "absence", lambda name: f"{name}: no such interface (did you mean eth1?)")
    path = tmp_path / "interfaces"
    options = ("routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1", "routed-table guests")
    path.write_text(stanza(*options, iface="eth7"))

    assert run(path, "--here") == 1
    assert capsys.readouterr().out.splitlines()[:2] == [
        f"{path}:2:7: error: eth7: no such interface (did you mean eth1?)",
        f"{path}:5:18: error: eth7: routed-table guests: expected 1-4294967295 or a name in /etc/iproute2/rt_tables",
    ]
    assert run(path) == 0
    assert "not known: links, tables" in capsys.readouterr().out
    (tmp_path / "rt_tables").write_text("222 guests\n")
    monkeypatch.setattr(link, "absence", lambda name: "")
    assert run(path, "--here") == 0


def test_a_bring_up_that_failed_and_what_is_up_without_options_are_named(
    tmp_path: Path, capsys: Console, monkeypatch: pytest.MonkeyPatch, written: Path
) -> None:
    path = tmp_path / "interfaces"
    path.write_text(GOOD.replace("222", "223"))
    monkeypatch.setattr(check, "SYSTEM_FILE", str(path))
    monkeypatch.setattr(check, "_DIRECTORY", f"{tmp_path}/")
    failed.note("eth0.223", "eth0.223: no such interface")
    failed.note("eth7", "eth7: no such interface")

    assert run(path) == 1
    said = capsys.readouterr().out
    assert f"{path}:2:7: error: eth0.223: the last bring-up failed: no such interface\n" in said
    forgets = "it is not routed here any more: snf-network-helper down eth7 forgets that"
    assert f"{path}:1:1: error: eth7: the last bring-up failed: no such interface; {forgets}\n" in said
    assert f"{path}:1:1: warning: eth0.222: it is up, and has no routed-* option here; " in said
    assert written.exists()


def test_colour_is_for_a_terminal_that_wants_it(
    tmp_path: Path, capsys: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "interfaces"
    path.write_text(GOOD + "    routed-uplink eth0\n")
    run(path)
    assert "\033" not in capsys.readouterr().out
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run(path)
    assert "\033[1;35mwarning\033[0m: eth0.222" in capsys.readouterr().out
    monkeypatch.setitem(environ, "NO_COLOR", "1")
    run(path)
    assert "\033" not in capsys.readouterr().out


def test_the_first_mistake_is_the_one_that_ifup_names() -> None:
    chosen = random.Random(222)
    values = ["", "x", "192.0.2.0/24", "192.0.2.1", "192.0.2.1/24", "2001:db8::/64", "2001:db8::1", "yes", "router",
              "router-vmc", "eth0", "0", "222", "10.0.0.1", "192.0.2.0/24,10.0.0.0/8", "vmc"]  # fmt: skip
    for _ in range(2000):
        names = chosen.sample([*OPTIONS, "routed-x", "routed-subnets"], chosen.randrange(1, 6))
        options = {name: " ".join(chosen.choices(values[1:], k=chosen.randrange(1, 3))) for name in names}
        text = stanza(*(f"{name} {value}" for name, value in options.items()))
        errors = [one for one in found(text) if ": error: " in one]
        try:
            read_options("eth0.222", options, Node().table_number)
        except StanzaError as error:
            first = f": error: {error}"
        else:
            first = ""
        assert any(one.endswith(first) for one in errors) == bool(first), (text, first, errors)


def test_the_work_is_in_proportion_to_the_stanzas() -> None:
    def work(count: int) -> int:
        text = "".join(
            other(f"eth{one}.7", f"10.{one >> 8}.{one & 255}.0/24", f"routed-table {one + 300}") for one in range(count)
        )
        calls = 0

        def count_call(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count_call)
        try:
            assert found(text) == []
        finally:
            sys.setprofile(None)
        return calls

    work(10)
    assert work(800) < 8.5 * work(100)


letters = st.text(st.sampled_from([*"ab019./:- \t\n\\#,\"'$;&|(){}*\r\0\v", "é", "\udc80"]), max_size=12)
keyword = st.sampled_from(
    ["iface ", "auto ", "mapping ", "source ", "source-directory ", "allow-x ", "inherits ", "inet ", "manual ",
     "eth0.2 ", "up ", "down ", "ip rule add iif ", "ip route add ", "\n", "\n    ", "lookup 5 ",
     "echo 1 > /proc/sys/net/",
     "iptables -t nat -A POSTROUTING ", "arptables -A OUTPUT ", "ip-gateway ", "192.0.2.0/24 ", "192.0.2.1 ",
     "default via ",
     *(f"{option} " for option in OPTIONS)]
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(keyword, letters), max_size=40), st.sampled_from(["ifupdown", "ifupdown2", "ifupdown-ng"]))
def test_no_file_is_too_strange(parts: list[str], ifupdown: str) -> None:
    findings("interfaces", "".join(parts), Node(), ifupdown)


def test_which_ifupdown_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    targets = {"ifup": "ifupdown", "/usr/share/ifupdown2/ifupdown2": "ifupdown2", "ifupdown": "ifupdown-ng"}
    for target, expected in targets.items():
        monkeypatch.setattr(posix, "readlink", lambda path, target=target: target)
        assert reader.installed() == expected


@pytest.mark.parametrize("command", ["check", "convert"])
def test_output_that_cannot_be_written_is_one_line_of_error(tmp_path: Path, command: str) -> None:
    path = tmp_path / "interfaces"
    path.write_text(GOOD)
    program = "from snf_network_helper.commands.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-u", "-c", program, command, str(path)],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, cwd=Path(__file__).parents[2],
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (1, "cannot write the output: No space left on device\n")
