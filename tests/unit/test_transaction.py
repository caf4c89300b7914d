"""Bring up makes the plan; take down leaves nothing of it and everything else."""

from pathlib import Path

import pytest
from fake_kernel import FakeKernel
from samples import EVERYWHERE, IFACE, NAT, SETUPS, give_links, planned

from snf_network_helper.changes.arp_source import ArpSource
from snf_network_helper.changes.base import APPLIED, Change, Entry
from snf_network_helper.changes.neighbour_probes import NeighbourProbes
from snf_network_helper.changes.route import Route
from snf_network_helper.changes.shared_rule import SharedRule
from snf_network_helper.changes.shared_sysctl import SharedSysctl
from snf_network_helper.errors import KernelError, RoutedError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel.rule import SourceRule
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import Plan
from snf_network_helper.transaction.bring_up import Goal, attach_guest, bring_up
from snf_network_helper.transaction.take_down import take_down

NAME = f"{IFACE}:inet"
EVERY_PLAN = pytest.mark.parametrize(
    "plan",
    [planned(options, facts=facts) for options in SETUPS.values() for facts in (Facts(), EVERYWHERE)],
    ids=[f"{role}-{where}" for role in SETUPS for where in ("link", "everywhere")],
)


def shell(commands: list[str]) -> list[str]:
    """Commands without the quotes that only a shell needs."""
    return [command.replace('"', "") for command in commands]


def ends_table(plan: Plan) -> Plan:
    return tuple(c for c in plan if isinstance(c, Route) and c.kind and c.prefix == "default")


def last_of_all(plan: Plan) -> list[Change]:
    """What has to wait for all others to be undone."""
    return [*ends_table(plan), *(change for change in plan if isinstance(change, NeighbourProbes))]


@EVERY_PLAN
def test_bringing_up_runs_exactly_the_plan_in_its_order(plan: Plan, host: FakeKernel) -> None:
    bring_up(NAME, plan, "")

    begun_early = [change for change in plan if isinstance(change, ArpSource)]
    in_turn = [change for change in plan if change not in begun_early]
    assert host.commands == shell([change.add() for change in begun_early + in_turn])


@EVERY_PLAN
def test_taking_down_leaves_nothing_and_no_journal(plan: Plan, host: FakeKernel, run_directory: Path) -> None:
    before = host.snapshot()

    bring_up(NAME, plan, "")
    assert host.snapshot() != before
    take_down(IFACE)

    assert host.snapshot() == before
    left = [path for path in run_directory.rglob("*") if path.is_file() and path.parent.name != "lock"]
    assert left == []


@pytest.mark.parametrize("role", SETUPS)
def test_taking_down_is_the_exact_reverse_but_for_what_has_to_wait(role: str, host: FakeKernel) -> None:
    plan = planned(SETUPS[role])
    undone = [change for change in reversed(plan) if change.remove() and change not in last_of_all(plan)]
    bring_up(NAME, plan, "")
    host.commands.clear()

    take_down(IFACE)

    ends = [change.remove() for change in last_of_all(plan)]
    priors = shell([change.remove() for change in undone])
    ran = [command for command in host.commands if command not in ends]
    assert [command.partition("/proc")[2] or command for command in ran] == [
        command.partition("/proc")[2] or command for command in priors
    ]
    assert sorted(command for command in host.commands if command in ends) == sorted(ends)


@EVERY_PLAN
def test_the_end_of_a_table_goes_after_every_rule_that_looks_it_up(plan: Plan, host: FakeKernel) -> None:
    bring_up(NAME, plan, "")
    host.commands.clear()
    take_down(IFACE)

    for end in ends_table(plan):
        ip = end.door()
        rules = [number for number, command in enumerate(host.commands) if command.startswith(f"{ip} rule del ")]
        assert max(rules) < host.commands.index(end.remove())


@EVERY_PLAN
def test_the_journal_says_what_was_done(plan: Plan, host: FakeKernel) -> None:
    bring_up(NAME, plan, "4711")
    journal = Journal.read(NAME)

    assert host.commands
    assert journal.run == "4711"
    assert tuple(entry.change for entry in journal.entries) == plan
    assert {entry.state for entry in journal.entries} == {APPLIED}


@EVERY_PLAN
def test_the_journal_is_written_before_the_kernel(
    plan: Plan, host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    journalled: list[Plan] = []
    run = host.run

    def look(argv: list[str], stdin: str = "") -> tuple[int, str, str]:
        if argv[-1] == "-":
            journalled.append(tuple(entry.change for entry in Journal.read(NAME).entries))
        return run(argv, stdin)

    monkeypatch.setattr(host, "run", look)
    bring_up(NAME, plan, "")

    assert set(journalled) == {plan}


@EVERY_PLAN
def test_bringing_up_twice_is_bringing_up_once(plan: Plan, host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, plan, "")
    once, journal = host.snapshot(), Path(Journal(NAME).path).read_text()

    bring_up(NAME, plan, "")

    assert (host.snapshot(), Path(Journal(NAME).path).read_text()) == (once, journal)
    take_down(IFACE)
    assert host.snapshot() == before


@EVERY_PLAN
def test_bringing_up_again_makes_whole_what_is_missing(plan: Plan, host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, plan, "")
    whole = host.snapshot()
    host.state.clear()
    for path, value in before[1].items():
        host.sysctl(path, value)

    bring_up(NAME, plan, "")

    assert host.snapshot() == whole
    take_down(IFACE)
    assert host.snapshot() == before


@EVERY_PLAN
def test_a_link_that_vanished_is_no_error(plan: Plan, host: FakeKernel) -> None:
    bring_up(NAME, plan, "")
    host.state = [line for line in host.state if f"dev {IFACE}" not in line]
    for path in [path for path in host.proc_sys.rglob("*") if path.parent.name == IFACE]:
        path.unlink()
    elsewhere = {path: value for path, value in host.sysctls().items() if IFACE not in path}

    take_down(IFACE)

    assert host.state == []
    assert set(host.sysctls()) == set(elsewhere)
    assert list(names()) == []


def test_two_interfaces_come_and_go_by_themselves(host: FakeKernel) -> None:
    give_links(host, "eth0", IFACE, "eth0.223")
    second = {
        **NAT, "routed-role": "router-vmc", "routed-subnet": "198.51.100.0/24 2001:db8:1::/64",
        "routed-gateway": "198.51.100.1 2001:db8:1::1",
    }  # fmt: skip
    before = host.snapshot()
    bring_up("eth0.223:inet", planned(second, "eth0.223"), "")
    only_second = host.snapshot()

    bring_up(NAME, planned(SETUPS["router-vmc"]), "")
    take_down(IFACE)
    assert host.snapshot() == only_second

    bring_up(NAME, planned(SETUPS["router-vmc"]), "")
    take_down("eth0.223")
    take_down(IFACE)
    assert host.snapshot() == before


@EVERY_PLAN
def test_what_a_killed_run_may_have_done_is_undone(plan: Plan, host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, plan, "")
    priors = {entry.change: entry.prior for entry in Journal.read(NAME).entries}
    Journal(NAME, "", [Entry(change, prior=priors[change]) for change in plan]).write()
    host.state = host.state[: len(host.state) // 2]

    take_down(IFACE)

    assert host.snapshot() == before


def test_a_setup_of_a_former_version_of_the_package_becomes_one_of_this(host: FakeKernel) -> None:
    plan = planned(SETUPS["vmc"])
    everywhere = SharedSysctl("net/ipv6/conf/all/proxy_ndp", "1")
    former = tuple(everywhere if isinstance(change, NeighbourProbes) else change for change in plan)
    before = host.snapshot()
    bring_up(NAME, former, "1")
    assert "applied SharedSysctl path=net/ipv6/conf/all/proxy_ndp value=1" in Path(Journal(NAME).path).read_text()

    bring_up(NAME, plan, "2")

    assert host.sysctls()["net/ipv6/conf/all/proxy_ndp"] == "0"
    assert NeighbourProbes(IFACE) in [entry.change for entry in Journal.read(NAME).entries]
    take_down(IFACE)
    assert host.snapshot() == before


OLD_RULE, NEW_RULE = (SharedRule("4", "222", priority, "192.0.2.0/24") for priority in ("32000", "32001"))


@pytest.fixture
def rule_commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands about rules that guests share, after two guests have got the old one; "refused" refuses all."""
    commands: list[str] = []

    def run(_: SourceRule, command: str) -> None:
        if commands[:1] == ["refused"]:
            raise KernelError(command, commands.pop())
        commands.append(command)

    monkeypatch.setattr(SourceRule, "add", run)
    monkeypatch.setattr(SourceRule, "delete", run)
    for tap in ("tap0", "tap1"):
        attach_guest(f"{tap}:attached", Goal((OLD_RULE,)))
    assert commands == [OLD_RULE.add()]
    commands.clear()
    return commands


def test_an_outdated_rule_of_guests_goes_when_the_new_one_stands(rule_commands: list[str]) -> None:
    for tap in ("tap0", "tap1"):
        attach_guest(f"{tap}:attached", Goal((NEW_RULE,)))
        assert [entry.line() for entry in Journal.read(f"{tap}:attached").entries] == [Entry(NEW_RULE, APPLIED).line()]
    assert rule_commands == [NEW_RULE.add(), OLD_RULE.remove()]


def test_it_stays_where_the_new_one_cannot_be_made(rule_commands: list[str]) -> None:
    rule_commands.append("refused")

    with pytest.raises(RoutedError):
        attach_guest("tap0:attached", Goal((NEW_RULE,)))

    assert OLD_RULE.remove() not in rule_commands
    assert [entry.change for entry in Journal.read("tap0:attached").entries] == [OLD_RULE]
