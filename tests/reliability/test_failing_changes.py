"""The kernel refuses the k-th change of a plan, for every k of every role and family."""

import pytest
from lab.stanzas import Stanza
from node import Planned, stanzas_of_all_roles
from obstacles import missing, refused
from routed import LINK, RoutedNode

SETTINGS = ("Sysctl", "SharedSysctl")
STANZAS = [pytest.param(stanza, id=stanza.title) for stanza in stanzas_of_all_roles(LINK)]
EACH_STANZA = pytest.mark.parametrize("stanza", STANZAS)


def plan(node: RoutedNode) -> list[Planned]:
    """The changes that are not in the kernel already."""
    return [
        change
        for change in node.plan(LINK)
        if change.kind not in SETTINGS or node.sysctl(change.fields["path"][4:]) != change.fields["value"]
    ]


def undone(number: int) -> str:
    """How a line of error ends."""
    return f"({number} change{'' if number == 1 else 's'} undone)"


@EACH_STANZA
def test_ifup_fails_and_leaves_nothing(stanza: Stanza) -> None:
    with RoutedNode(stanza) as node:
        before = 0
        for change in plan(node):
            with refused(node, change, change.add):
                outcome = node.ifup(LINK)
            assert outcome.code != 0, change
            line, *others = outcome.of_the_hook()
            assert not others, change
            assert line.startswith(f"{LINK}: {change.add}: "), change
            assert line.endswith(f" {undone(before)}"), change
            reason = line.removeprefix(f"{LINK}: {change.add}: ").removesuffix(undone(before)).strip()
            assert reason not in ("", "failed"), change
            node.is_clean(change.add)
            before += change.remove != ""
        assert before > 3


@EACH_STANZA
def test_ifdown_leaves_only_what_is_refused(stanza: Stanza) -> None:
    with RoutedNode(stanza) as node:
        for change in plan(node):
            if not change.remove:
                continue
            node.succeeds("ifup", LINK)
            written = {line.partition(" ")[2].partition(" prior=")[0] for line in node.entries(f"{LINK}:inet")}
            with refused(node, change, change.remove):
                outcome = node.ifdown(LINK)
            assert outcome.code == 0, change
            line, *others = outcome.of_the_hook()
            assert not others, change
            assert line.startswith(f"{LINK}: {change.remove}: "), change
            (journal,) = node.journals()
            entries = [entry.split(" ") for entry in node.entries(journal)]
            left = [entry for entry in entries if "kind=unreachable" not in entry or change.fields.get("kind")]
            assert len(left) == 1, f"{change}: {entries}"
            kind, *fields = [word for word in left[0][1:] if not word.startswith("prior=")]
            assert (kind, fields) == (change.kind, [f"{name}={value}" for name, value in change.fields.items()])
            assert " ".join([kind, *fields]) in written
            node.up_again(LINK)
            node.recover_by_command(f"refused: {change.remove}")


@pytest.mark.parametrize("program", ["arptables", "iptables", "ip6tables"])
def test_a_missing_program_undoes_all(program: str) -> None:
    role = "vmc" if program == "arptables" else "router"
    with RoutedNode(Stanza(role, nat=role != "vmc", nat6=role != "vmc", link=LINK)) as node:
        with missing(node, program):
            outcome = node.ifup(LINK)
        assert outcome.code != 0
        (line,) = outcome.of_the_hook()
        assert line.startswith(f"{LINK}: {program} ")
        assert f": {program}: No such file or directory (" in line
        node.is_clean(line)


@pytest.mark.parametrize("program", ["arptables", "iptables", "ip6tables"])
def test_take_down_goes_on_without_a_missing_program(program: str) -> None:
    role = "vmc" if program == "arptables" else "router"
    with RoutedNode(Stanza(role, nat=role != "vmc", nat6=role != "vmc", link=LINK)) as node:
        node.succeeds("ifup", LINK)
        with missing(node, program):
            outcome = node.ifdown(LINK)
        assert outcome.code == 0
        (line,) = outcome.of_the_hook()
        assert f"{program}: No such file or directory" in line
        entries = node.entries(f"{LINK}:inet")
        assert {entry.split()[1] for entry in entries} == {"ArpSource" if program == "arptables" else "Masquerade"}
        node.up_again(LINK)
        node.recover_by_command(line)
