"""Each directory is a scenario: `interfaces`, the compact stanza, and `expected`, what `plan` prints for it.

`facts` says what the host is like (a kernel with force_forwarding, nothing learnt from advertisements and no network of
its own, where it is missing); `document` is the stanza of the original document that the compact one replaces.
"""

import re
from pathlib import Path

import pytest

from snf_network_helper.changes.base import Change
from snf_network_helper.commands import plan as command
from snf_network_helper.commands.main import main
from snf_network_helper.interfaces import reader
from snf_network_helper.kernel import table_names
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import plan

HERE = Path(__file__).parent
SCENARIOS = sorted(path.parent.name for path in HERE.glob("*/interfaces"))
OF_THE_DOCUMENT = sorted(path.parent.name for path in HERE.glob("*/document"))

# What a line of ours says beyond the document's: whose it is, where a rule stands, how iptables is to wait.
MENDS = re.compile(r' (priority \d+|proto(col)? snf|-w|-m comment --comment "snf-network-helper [^"]+")(?= |$)')
# Where a line of the document does not do what is meant.
MENDED_LINES = {
    "ip addr add 192.0.2.1 dev eth0.222": "ip addr add 192.0.2.1/32 dev eth0.222",
    "arptables -A OUTPUT -o eth0.222 --opcode request -j mangle --mangle-ip-s 192.0.2.254":
        "arptables -I OUTPUT -o eth0.222 --opcode request -j mangle --mangle-ip-s 192.0.2.254",
    "arptables -D OUTPUT -o eth0.222 --opcode request -j mangle":
        "arptables -D OUTPUT -o eth0.222 --opcode request -j mangle --mangle-ip-s 192.0.2.254",
}  # fmt: skip


@pytest.fixture(autouse=True)
def tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_names, "_FILES", (str(HERE / "rt_tables"),))


def routed_interface(scenario: str) -> str:
    """The interface that the scenario is about: the one that comes up by itself."""
    text = (HERE / scenario / "interfaces").read_text()
    (iface,) = re.findall(r"^auto (\S+)$", text, re.MULTILINE)
    return str(iface)


def facts(scenario: str) -> Facts:
    path = HERE / scenario / "facts"
    given = dict(word.split("=") for word in path.read_text().split()) if path.exists() else {}
    keep_ra, own_links = (tuple(filter(None, given.get(name, "").split(","))) for name in ("keep_ra", "own_links"))
    main_of = tuple(filter(None, given.get("main_of", "").split(",")))
    return Facts(given.get("force_forwarding", "yes") == "yes", keep_ra, own_links=own_links, main_of=main_of)


def planned(scenario: str) -> list[Change]:
    file = str(HERE / scenario / "interfaces")
    stanzas = reader.stanzas(routed_interface(scenario), file)
    return [change for one in stanzas for change in plan(one, facts(scenario))]


def document(scenario: str, direction: str) -> list[str]:
    """The commands of the document's `up` or `down` lines, as they are meant."""
    text = (HERE / scenario / "document").read_text()
    commands = re.findall(rf"^ +{direction} (.+)$", text, re.MULTILINE)
    return [MENDED_LINES.get(command, command) for command in commands]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_plan_prints_what_is_expected(
    scenario: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "read_facts", lambda *_: facts(scenario))

    code = main(["plan", routed_interface(scenario), "--file", str(HERE / scenario / "interfaces")])

    assert capsys.readouterr() == ((HERE / scenario / "expected").read_text(), "")
    assert code == 0


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_no_change_is_planned_twice(scenario: str) -> None:
    changes = planned(scenario)

    # Two stanzas of one interface both set its link up
    assert len([change for change in changes if change.remove()]) == len({c for c in changes if c.remove()})


@pytest.mark.parametrize("scenario", OF_THE_DOCUMENT)
def test_whatever_the_document_does_is_done(scenario: str) -> None:
    done = {MENDS.sub("", change.add()) for change in planned(scenario)}

    assert set(document(scenario, "up")) - done == set()


@pytest.mark.parametrize("scenario", OF_THE_DOCUMENT)
def test_whatever_the_document_undoes_is_undone(scenario: str) -> None:
    # The document's `down` lines insert the masquerading rule once more
    meant = {command.replace(" -I ", " -D ") for command in document(scenario, "down")}
    undone = {MENDS.sub("", change.remove()) for change in planned(scenario)}

    assert meant - undone == set()


def test_every_example_of_the_document_is_a_scenario() -> None:
    assert OF_THE_DOCUMENT == ["router", "router-vmc", "vmc", "vmc-ipv6"]
