"""Several stanzas of one family: ifup brings them up one after another, and undoes nothing before the last turn."""

import pytest
from fake_kernel import FakeKernel
from samples import IFACE

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.rule import Rule
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.errors import UndoneError
from snf_network_helper.journal.journal import Journal
from snf_network_helper.transaction.bring_up import bring_up, finish_others

NAME, OTHER = f"{IFACE}:inet", f"{IFACE}:inet6"
COMMON = Sysctl(f"net/ipv4/conf/{IFACE}/forwarding", "1")


def rule(number: int) -> Rule:
    return Rule("4", "222", "32000", to=f"10.{number}.0.0/16")


def ifup(run: str, *numbers: int) -> None:
    """Each number is a stanza, with a rule of its own and one setting that all have."""
    to_come = [*numbers]
    for number in numbers:
        to_come.remove(number)
        bring_up(NAME, (COMMON, rule(number)), run, to_come=lambda: to_come)


def journalled(name: str = NAME) -> list[Change]:
    return sorted((entry.change for entry in Journal.read(name).entries), key=repr)


def stands(*numbers: int) -> list[Change]:
    return sorted([COMMON, *map(rule, numbers)], key=repr)


@pytest.mark.parametrize("numbers", [(1,), (1, 2), (1, 2, 3)])
def test_the_same_again_undoes_nothing(host: FakeKernel, numbers: tuple[int, ...]) -> None:
    for run in ("1", "2", "3"):
        ifup(run, *numbers)
        assert journalled() == stands(*numbers)
    assert not [command for command in host.commands if " del " in command]


def test_what_a_later_stanza_has_stands_until_it_has_had_its_turn(host: FakeKernel) -> None:
    ifup("1", 1, 2, 3)
    bring_up(NAME, (COMMON, rule(4)), "2", to_come=lambda: [2, 3])
    assert journalled() == stands(2, 3, 4)  # it comes in the place of the first one
    bring_up(NAME, (COMMON, rule(5)), "2", to_come=lambda: [3])
    assert journalled() == stands(2, 3, 4, 5)
    bring_up(NAME, (COMMON, rule(3)), "2", to_come=list)
    assert journalled() == stands(3, 4, 5)
    assert Journal.read(NAME).former == 0


@pytest.mark.parametrize(("then", "left"), [((1,), (1,)), ((2,), (2,)), ((1, 3), (1, 3))])
def test_a_stanza_that_is_gone_is_undone(host: FakeKernel, then: tuple[int, ...], left: tuple[int, ...]) -> None:
    ifup("1", 1, 2, 3)
    ifup("2", *then)
    assert journalled() == stands(*left)


def test_after_an_error_the_next_ifup_goes_on(host: FakeKernel) -> None:
    ifup("1", 1, 2)
    bring_up(NAME, (COMMON, rule(1)), "2", to_come=lambda: [2])
    with pytest.raises(UndoneError):
        bring_up(NAME, (Sysctl("net/ipv4/nonsense", "1"),), "2", to_come=list)
    assert journalled() == stands(1, 2)
    ifup("3", 1, 3)
    assert journalled() == stands(1, 3)


def test_what_was_left_for_a_stanza_of_another_family_is_undone_at_the_end(host: FakeKernel) -> None:
    ifup("1", 1, 2)
    bring_up(NAME, (COMMON, rule(1)), "2", to_come=lambda: ["of inet6"])
    assert journalled() == stands(1, 2)
    bring_up(OTHER, (rule(6),), "2", to_come=list)
    finish_others(OTHER, "2", lambda: ["one more"])
    assert journalled() == stands(1, 2)
    finish_others(OTHER, "2", list)
    assert journalled() == stands(1)
    assert journalled(OTHER) == [rule(6)]
