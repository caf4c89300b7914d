"""A bring-up that fails undoes all that it did, and brings back what it had taken down for it."""

import re

import pytest
from fake_kernel import REFUSED, FakeKernel
from samples import EVERYWHERE, IFACE, NAT, SETUPS, VMC, planned

from snf_network_helper.changes import arp_source
from snf_network_helper.changes.base import Change, Entry
from snf_network_helper.errors import JournalError, RoutedError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import process
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import Plan
from snf_network_helper.runtime import shared
from snf_network_helper.transaction.bring_up import bring_up
from snf_network_helper.transaction.take_down import take_down

NAME = f"{IFACE}:inet"
PLANS = {
    f"{role}-{where}": planned(options, facts=facts)
    for role, options in SETUPS.items()
    for where, facts in (("link", Facts()), ("everywhere", EVERYWHERE))
}
EVERY_STEP = pytest.mark.parametrize(
    ("plan", "step"),
    [(plan, step) for plan in PLANS.values() for step in range(1, len(plan) + 1)],
    ids=[f"{name}-{change!r}" for name, plan in PLANS.items() for change in plan],
)
EVERY_ROLE = pytest.mark.parametrize("role", SETUPS)
# What a stanza is edited from
FORMER = planned(
    {
        **NAT, "routed-role": "router-vmc", "routed-subnet": "198.51.100.0/24 2001:db8::/64",
        "routed-gateway": "198.51.100.1 2001:db8::1", "routed-priority": "31000",
    }
)  # fmt: skip
EVERY_NEW_STEP = pytest.mark.parametrize(
    ("plan", "change"),
    [(plan, change) for plan in PLANS.values() for change in plan if change not in FORMER],
    ids=[f"{name}-{change!r}" for name, plan in PLANS.items() for change in plan if change not in FORMER],
)


def fails(plan: Plan, name: str = NAME) -> str:
    """The one line that an administrator reads."""
    with pytest.raises(RoutedError) as caught:
        bring_up(name, plan, "")
    return str(caught.value)


@EVERY_STEP
def test_whichever_step_fails_nothing_is_left(plan: Plan, step: int, host: FakeKernel) -> None:
    before = host.snapshot()
    command = plan[step - 1].add()
    host.refused = command.replace('"', "")  # the number of a command is not its place in the plan: some begin early

    message = fails(plan)

    assert message.startswith(f"{command}: ")
    assert re.search(rf"{REFUSED} \(\d+ changes? undone\)$", message)
    assert (host.snapshot(), list(names()), shared.settings()) == (before, [], frozenset())


@EVERY_STEP
def test_a_signal_at_whichever_step_leaves_nothing(plan: Plan, step: int, host: FakeKernel) -> None:
    before = host.snapshot()
    host.interrupts_at = step

    if step < len(plan):
        assert re.fullmatch(r"interrupted \(\d+ changes? undone\)", fails(plan))
    else:  # it is all done, so it stays
        bring_up(NAME, plan, "")
        process.interrupted = False
        take_down(IFACE)

    assert (host.snapshot(), list(names()), shared.settings()) == (before, [], frozenset())


@EVERY_NEW_STEP
def test_whichever_step_fails_the_former_setup_is_back(plan: Plan, change: Change, host: FakeKernel) -> None:
    bring_up(NAME, FORMER, "4711")
    before = host.snapshot()
    host.refused = change.add().replace('"', "")

    message = fails(plan)

    assert message.startswith(f"{change.add()}: ")
    assert re.search(rf"{REFUSED} \(\d+ changes? undone, the former setup is back\)$", message)
    assert host.snapshot() == before
    journal = Journal.read(NAME)
    assert journal.run == "4711"
    assert {entry.change for entry in journal.entries} == set(FORMER)


def test_the_message_counts_what_was_undone(host: FakeKernel) -> None:
    host.refused = "ip route add 192.0.2.0/24 dev eth0.222 proto snf"
    assert fails(planned(VMC)) == f"{host.refused}: {REFUSED} (1 change undone)"

    host.refused = "ip rule add iif lo"
    assert fails(planned(VMC)) == (
        f"ip rule add iif lo to 192.0.2.0/24 lookup 222 priority 32000 protocol snf: {REFUSED} (3 changes undone)"
    )

    host.refused = "ip link set"
    assert fails(planned(VMC)) == f"ip link set eth0.222 up: {REFUSED} (0 changes undone)"


@EVERY_ROLE
def test_undoing_is_in_the_exact_reverse_order(role: str, host: FakeKernel) -> None:
    plan = planned(SETUPS[role])
    host.fails_at = len(plan)

    fails(plan)

    undoing = [re.sub(r"^echo \d+ ", "echo PRIOR ", command) for command in host.commands[len(plan) :]]
    expected = [change.remove().replace('"', "") for change in reversed(plan[:-1])]
    expected = [command for command in expected if command and not re.search("unreachable default|^nft ", command)]
    assert [command for command in undoing if command in expected] == expected


@pytest.mark.parametrize("kept", [f"ip route add 192.0.2.0/24 dev {IFACE}", f"ip addr add 192.0.2.1/24 dev {IFACE}"])
def test_what_was_there_before_is_not_undone(kept: str, host: FakeKernel) -> None:
    host.state.append(kept)
    before = host.snapshot()
    host.refused = "/forwarding"

    fails(planned(SETUPS["router" if "addr" in kept else "vmc"]))

    assert host.snapshot() == before


def test_what_will_not_go_stays_in_the_journal(host: FakeKernel) -> None:
    before = host.snapshot()
    host.refused = "ip rule del iif eth0.222"
    host.fails_at = 6

    fails(planned(VMC))

    assert (
        [entry.change.add() for entry in Journal.read(NAME).entries]
        == sorted(host.state)
        == [
            "ip route add unreachable default table 222 metric 4294967295 proto snf",
            "ip rule add iif eth0.222 lookup 222 priority 32000 protocol snf",
        ]
    )
    host.refused = ""
    take_down(IFACE)
    assert host.snapshot() == before


def test_an_edited_stanza_first_loses_what_it_no_longer_asks_for(host: FakeKernel) -> None:
    old, new = planned(VMC), planned({**VMC, "routed-gateway": "192.0.2.2", "routed-arp-ip": "192.0.2.77"})
    bring_up(NAME, old, "")
    host.commands.clear()

    bring_up(NAME, new, "")

    gone = [change.remove() for change in reversed(old) if change not in new]
    come = [change.add() for change in new if change not in old]
    assert len(come) == 2  # of which arptables is begun early
    assert [command for command in host.commands if command in gone + come] == gone + come[::-1]
    assert tuple(entry.change for entry in Journal.read(NAME).entries) == new


def test_an_edited_stanza_leaves_nothing_of_either(host: FakeKernel) -> None:
    before = host.snapshot()

    for plan in (planned(VMC), FORMER, *PLANS.values(), FORMER):
        bring_up(NAME, plan, "")
    take_down(IFACE)

    assert host.snapshot() == before


def test_a_stanza_that_lost_its_options_loses_its_setup(host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, planned(VMC), "")

    bring_up(NAME, (), "")

    assert host.snapshot() == before
    assert list(names()) == []


def test_what_was_kept_and_then_removed_by_others_is_undone_if_this_run_made_it(host: FakeKernel) -> None:
    plan = planned(SETUPS["router"])
    host.state.append(f"ip addr add 192.0.2.1/24 dev {IFACE}")
    bring_up(NAME, plan, "")
    host.state.clear()
    host.refused = "iptables -w -t nat -I"

    fails(plan)

    host.refused = ""
    take_down(IFACE)
    assert host.state == []


def test_a_setting_that_the_kernel_lacks_is_found_before_anything_is_done(host: FakeKernel) -> None:
    (host.proc_sys / f"net/ipv4/conf/{IFACE}/proxy_arp").unlink()

    message = fails(planned(VMC))

    assert message.endswith("/proxy_arp: No such file or directory (0 changes undone)")
    assert not any(" add " in command for command in host.commands)


def test_a_journal_that_is_not_understood_stops_everything(host: FakeKernel) -> None:
    Journal(NAME, "", [Entry(change) for change in planned(VMC)]).write()
    with open(Journal(NAME).path, "a") as file:
        file.write("more")

    with pytest.raises(JournalError, match="it is cut off"):
        bring_up(NAME, planned(VMC), "")

    assert host.commands == []
    bring_up(NAME, planned(VMC), "")  # it is out of the way now


def test_a_journal_that_cannot_be_written_leaves_the_kernel_alone(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_journal: Journal) -> None:
        raise JournalError("cannot write: No space left on device")

    before = host.snapshot()
    with monkeypatch.context() as context:
        context.setattr(Journal, "write", full)
        message = fails(planned(VMC))

    assert message.startswith("cannot write: No space left on device (0 changes undone")
    assert host.snapshot() == before


def test_what_is_begun_before_its_turn_is_undone_with_the_rest(host: FakeKernel) -> None:
    before = host.snapshot()
    host.refused = "ip rule add"

    message = fails(planned(VMC))

    added, removed = (
        [number for number, command in enumerate(host.commands) if command.startswith(f"arptables -{letter}")]
        for letter in "ID"
    )
    assert len(added) == len(removed) == 1
    assert added[0] < host.commands.index("ip link set eth0.222 up") < removed[0]
    assert message.endswith("(2 changes undone)")  # it had no turn
    assert host.snapshot() == before


def test_arptables_legacy_is_begun_in_its_turn(host: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arp_source, "_PROGRAM", "/usr/sbin/xtables-legacy-multi")

    bring_up(NAME, planned(VMC), "")

    assert [command for command in host.commands if command in {change.add() for change in planned(VMC)}] == [
        change.add() for change in planned(VMC)
    ]
