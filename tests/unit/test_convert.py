"""convert: hand-written stanzas as routed-* options, and not a byte else.

Each folder of `conversions/` has a file, what becomes of it, and what is said, but for what the plan makes beyond that.
"""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snf_network_helper.commands import main as cli
from snf_network_helper.interfaces import including
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import plan
from snf_network_helper.review.effect import Effect
from snf_network_helper.review.networks import Names, networks
from snf_network_helper.review.node import Node
from snf_network_helper.review.recipe import effects
from snf_network_helper.review.report import findings
from snf_network_helper.review.rewriting import rewritten
from snf_network_helper.review.shell import NotPlainError, commands, comment

HERE = Path(__file__).parent / "conversions"
FOLDERS = sorted(path.name for path in HERE.iterdir())
RECIPE = """auto eth0.222
iface eth0.222 inet manual
    up ip rule add iif eth0.222 lookup 222
    up ip route add 192.0.2.0/24 dev eth0.222 table 222
    up ip route add default via 192.0.2.1 dev eth0.222 table 222
"""
Console = pytest.CaptureFixture[str]


def content(name: str, file: str) -> str:
    return (HERE / name / file).read_bytes().decode()


@pytest.mark.parametrize("name", FOLDERS)
def test_a_file_is_converted(
    name: str, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(HERE / name)
    code = cli.main(["convert", "before"])
    printed = capfdbinary.readouterr()
    said = content(name, "said")

    assert printed.out.decode() == content(name, "after")
    told = printed.err.decode().splitlines(keepends=True)
    own = [line for line in told if not line.startswith("  mends: ") or line.startswith("  mends: ifdown undoes: ")]
    assert "".join(own) == said
    assert code == (3 if " left" in said.splitlines()[-1] else 0)


@pytest.mark.parametrize("name", FOLDERS)
def test_what_is_converted_stays_so_and_has_no_mistake(name: str) -> None:
    after = content(name, "after")

    assert rewritten("interfaces", after, Node())[0] == after
    allowed = ("no auto line has it", "options without effect")
    said = findings("interfaces", after, Node()).findings
    assert [one.message for one in said if not one.message.startswith(allowed)] == []


@pytest.mark.parametrize("name", FOLDERS)
def test_lines_that_are_not_converted_are_not_touched(name: str) -> None:
    before, after = content(name, "before").split("\n"), content(name, "after").split("\n")
    _, work = rewritten("interfaces", "\n".join(before), Node())
    gone = {number for one in work for option in one.lines for number in range(option.line.first, option.line.last + 1)}
    kept = [line for number, line in enumerate(before, start=1) if number not in gone]
    rest = iter(after)
    assert all(any(line == other for other in rest) for line in kept)


@pytest.mark.parametrize("name", FOLDERS)
def test_the_plan_makes_all_that_the_lines_made(name: str) -> None:
    _, work = rewritten("interfaces", content(name, "before"), Node())
    document, _ = including.read("interfaces", content(name, "after"))
    found = {network.place.text: network for network in networks(document, Names(document), Node())}
    for one in work:
        iface = one.interface.name.text
        made = [effect for option in one.lines for effect in effects(option.value, iface) or () if not effect.undoes]
        if not made or iface not in found:  # a template is of no link
            continue
        stanza = found[iface].stanza
        assert stanza is not None
        planned = [effect for change in plan(stanza, Facts()) for effect in effects(change.add(), iface) or ()]
        for effect in made:
            fields = tuple((name, stanza.table if name == "table" else value) for name, value in effect.fields)
            assert any(Effect(effect.kind, fields).is_made_by(other) for other in planned), effect


def test_what_the_plan_makes_beyond_the_lines_is_listed(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text(RECIPE)
    cli.main(["convert", str(path), "--json"])
    told = json.loads(capsys.readouterr().out)

    assert told["format_version"] == "1.0"
    assert told["text"].endswith("    routed-subnet  192.0.2.0/24\n    routed-gateway 192.0.2.1\n")
    (one,) = told["stanzas"]
    assert one["options"] == ["routed-subnet 192.0.2.0/24", "routed-gateway 192.0.2.1"]
    assert one["removed"] == [3, 4, 5]
    assert "ip rule add iif lo to 192.0.2.0/24 lookup 222 priority 32000 protocol snf" in one["mends"]
    assert not any("add iif eth0.222" in command or "default via" in command for command in one["mends"])
    assert one["forgotten"] == [line.strip().removeprefix("up ") for line in RECIPE.splitlines()[2:]]
    assert path.read_text() == RECIPE


def test_the_difference_is_printed(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text(RECIPE)
    assert cli.main(["convert", str(path), "--diff"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"--- {path}"
    assert "+    routed-gateway 192.0.2.1" in lines
    path.write_text("auto lo\niface lo inet loopback\n")
    assert cli.main(["convert", str(path), "--diff"]) == 0
    assert capsys.readouterr().out == ""


def test_the_old_file_is_kept(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text(RECIPE)
    path.chmod(0o640)
    assert cli.main(["convert", str(path), "--in-place"]) == 0
    kept = tmp_path / ".interfaces.before-convert"
    assert kept.read_text() == RECIPE
    assert "routed-gateway" in path.read_text()
    assert os.stat(path).st_mode & 0o777 == os.stat(kept).st_mode & 0o777 == 0o640
    assert capsys.readouterr().out == ""

    converted = path.read_text()
    assert cli.main(["convert", str(path), "--in-place"]) == 0
    assert (path.read_text(), sorted(tmp_path.iterdir())) == (converted, sorted([path, kept]))

    path.write_text(RECIPE)
    cli.main(["convert", str(path), "--in-place"])
    assert sorted(tmp_path.iterdir()) == sorted([path, kept, tmp_path / ".interfaces.before-convert.1"])


def test_a_link_to_the_file_stays_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_text(RECIPE)
    (tmp_path / "interfaces").symlink_to("real")
    cli.main(["convert", str(tmp_path / "interfaces"), "--in-place"])
    assert (tmp_path / "interfaces").is_symlink()
    assert "routed-gateway" in (tmp_path / "real").read_text()


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ip a; ip b && ip c || true", [["ip", "a"], ["ip", "b"], ["ip", "c"], ["true"]]),
        ("(ip 'a b' \"$IFACE\" ${IFACE}x) 2>/dev/null", [["ip", "a b", "eth0", "eth0x"]]),
        ("echo 1 >/proc/x 2>&1 # said", [["echo", "1", ">", "/proc/x"]]),
        ("while ip x; do :; done", [["ip", "x"], [":"]]),
        ("ip a\\ b '#c' ||:", [["ip", "a b", "#c"], [":"]]),
    ],
)
def test_plain_commands_are_read(line: str, words: list[list[str]]) -> None:
    assert commands(line, {"IFACE": "eth0"}) == words


@pytest.mark.parametrize("line", ["a | b", "a &", "a $(b)", "a `b`", "a $X", "a < b", "a '", "a *", "a ${IFACE%.*}"])
def test_what_is_not_plain_is_not_guessed(line: str) -> None:
    with pytest.raises(NotPlainError):
        commands(line, {"IFACE": "eth0"})


def test_the_comment_of_a_line_is_found() -> None:
    assert comment("ip a # b 'c'") == "# b 'c'"
    assert comment("echo '# no' a#b \\# c") == ""


letters = st.text(st.sampled_from([*"ab01 .:/;&|()<>\"'$\\#{}-"]), max_size=10)
word = st.sampled_from(
    ["ip ", "rule ", "route ", "add ", "del ", "table ", "222 ", "via ", "dev ", "eth0.222 ", "default ", "(",
     "192.0.2.0/24 ", "192.0.2.1 ", "iif ", "arptables ", "-A ", "OUTPUT ", "-o ", "iptables ", "-t nat ", ") ",
     "POSTROUTING ", "-j MASQUERADE ", "2>/dev/null ", "> /dev/null ", "-s ", "sysctl -w ", "net.ipv4.ip_forward=1 ",
     "echo 1 > /proc/sys/net/ipv4/conf/eth0.222/proxy_arp", "; ", "\\\n",
     "\n    up ", "\n    down ", "\n    ip-gateway ", "addr ", "link set ", "up ", "-6 ", "2001:db8::/64 ", "neigh ",
     "proxy "]
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.one_of(word, letters), max_size=40))
def test_no_file_is_too_strange_and_a_second_time_changes_nothing(parts: list[str]) -> None:
    after, _ = rewritten("interfaces", RECIPE + "    up " + "".join(parts), Node())
    assert rewritten("interfaces", after, Node())[0] == after


def test_a_file_that_is_sourced_is_named(tmp_path: Path, capsys: Console) -> None:
    (tmp_path / "more").write_text(RECIPE)
    path = tmp_path / "interfaces"
    path.write_text("source more\n")
    assert cli.main(["convert", str(path)]) == 0
    assert capsys.readouterr() == (
        "source more\n",
        f"{tmp_path}/more: has stanzas to convert, too: snf-network-helper convert {tmp_path}/more\n"
        f"{path}: nothing to convert\n",
    )


def test_check_leads_to_convert(tmp_path: Path, capsys: Console) -> None:
    path = tmp_path / "interfaces"
    path.write_text(RECIPE)
    assert cli.main(["check", str(path)]) == 0
    said = f"{path}: fine, and routed by lines written by hand; then: snf-network-helper convert {path}\n"
    assert capsys.readouterr().out.endswith(said)
