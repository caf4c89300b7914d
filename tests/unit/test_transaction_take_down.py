"""Take down goes on past whatever fails, and says and remembers what is left."""

import pytest
from fake_kernel import REFUSED, FakeKernel
from samples import IFACE, SETUPS, VMC, planned

from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.plan.routed import Plan
from snf_network_helper.transaction.bring_up import bring_up
from snf_network_helper.transaction.take_down import StillStandingError, take_down

NAME = f"{IFACE}:inet"
TAP = "ip rule add iif tap0 lookup 222"
END = "ip route del unreachable default table 222 metric 4294967295 proto snf"
UNDOABLE = [
    (role, change.remove().replace('"', "").replace("echo PRIOR", "echo"))
    for role, options in SETUPS.items()
    for change in planned(options)
    if change.remove() and "PRIOR" not in change.remove()
]


def left() -> str:
    """What take-down says is left."""
    with pytest.raises(StillStandingError) as caught:
        take_down(IFACE)
    return str(caught.value)


@pytest.mark.parametrize(("role", "command"), UNDOABLE)
def test_whichever_step_fails_all_others_are_undone(role: str, command: str, host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, planned(SETUPS[role]), "")
    host.refused = command

    assert f": {REFUSED}" in left()

    standing = [entry.change for entry in Journal.read(NAME).entries]
    assert command in {change.remove().replace('"', "") for change in standing}
    assert set(host.state) <= {change.add().replace('"', "") for change in standing}

    host.refused = ""
    take_down(IFACE)
    assert host.snapshot() == before
    assert list(names()) == []


def test_a_setting_that_will_not_go_back_is_left_and_remembered(host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, planned(SETUPS["router-vmc"]), "")
    host.refused = "echo 0 > /proc/sys/net/ipv4/conf/"

    said = left()

    settings = (f"{IFACE}/forwarding", f"{IFACE}/medium_id", f"{IFACE}/proxy_arp", "eth0/forwarding")
    stuck = {f"net/ipv4/conf/{setting}" for setting in settings}
    assert {dict(entry.change.fields())["path"] for entry in Journal.read(NAME).entries} == stuck
    assert all(f"echo PRIOR > /proc/sys/{path}: {REFUSED}" in said for path in stuck)

    host.refused = ""
    take_down(IFACE)
    assert host.snapshot() == before


def test_what_is_left_is_said_in_one_line(host: FakeKernel) -> None:
    bring_up(NAME, planned(VMC), "")
    host.refused = "ip rule del"

    assert left().splitlines() == [
        f"ip rule del iif lo to 192.0.2.0/24 lookup 222 priority 32000 protocol snf: {REFUSED}; "
        f"ip rule del iif {IFACE} lookup 222 priority 32000 protocol snf: {REFUSED}; "
        f"{END}: kept, rules still look the table up"
    ]


def test_the_end_of_a_table_stays_while_others_look_it_up(host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, planned(SETUPS["vmc"]), "")
    host.state.append(TAP)

    assert left() == f"{END}: kept, rules still look the table up"

    assert host.state == [END.replace(" del ", " add "), TAP]
    assert [entry.change.remove() for entry in Journal.read(NAME).entries] == [END]

    host.state.remove(TAP)
    take_down(IFACE)
    assert host.snapshot() == before


def test_it_also_stays_when_ifup_ran_again_in_between(host: FakeKernel) -> None:
    bring_up(NAME, planned(VMC), "")
    host.state.append(TAP)
    bring_up(NAME, planned(VMC), "")

    assert left() == f"{END}: kept, rules still look the table up"


def test_a_rule_that_was_there_before_is_no_reason_to_keep_it(host: FakeKernel) -> None:
    host.state.append(TAP)
    before = host.snapshot()

    bring_up(NAME, planned(VMC), "")
    bring_up(NAME, planned(VMC), "")
    take_down(IFACE)

    assert host.snapshot() == before


def test_a_rule_for_another_table_is_no_reason_to_keep_it(host: FakeKernel) -> None:
    bring_up(NAME, planned(VMC), "")
    host.state.append(TAP.replace("222", "2222"))

    take_down(IFACE)

    assert host.state == [TAP.replace("222", "2222")]


def test_a_rule_of_the_other_family_is_no_reason_to_keep_it(host: FakeKernel) -> None:
    bring_up(NAME, planned(SETUPS["vmc"]), "")
    host.state.append(f"{TAP.replace('ip rule', 'ip -6 rule')} ")

    assert left() == f"{END.replace('ip route', 'ip -6 route')}: kept, rules still look the table up"
    assert END.replace(" del ", " add ") not in host.state


def test_what_is_left_is_taken_over_by_the_next_ifup(host: FakeKernel) -> None:
    before = host.snapshot()
    bring_up(NAME, planned(VMC), "")
    host.state.append(TAP)
    left()

    bring_up(NAME, planned(VMC), "")
    host.state.remove(TAP)
    take_down(IFACE)

    assert host.snapshot() == before


def test_taking_down_what_was_never_up_does_nothing(host: FakeKernel) -> None:
    take_down(IFACE)

    assert host.commands == []


def both() -> tuple[Plan, Plan]:
    """The plans of one interface's two stanzas."""
    six = planned({"routed-subnet": "2001:db8::/64", "routed-gateway": "2001:db8::1"})
    return planned(VMC), six


def test_both_stanzas_of_an_interface_are_taken_down_the_latest_first(host: FakeKernel) -> None:
    before = host.snapshot()
    four, six = both()
    bring_up(NAME, four, "")
    bring_up(f"{IFACE}:inet6", six, "")
    host.commands.clear()

    take_down(IFACE)

    families = [command.startswith("ip -6") for command in host.commands if command.startswith("ip ")]
    assert families == sorted(families, reverse=True)
    assert host.snapshot() == before


def test_only_what_one_run_did_is_taken_down_when_asked(host: FakeKernel) -> None:
    four, six = both()
    bring_up(NAME, four, "1")
    only_first = host.snapshot()
    bring_up(f"{IFACE}:inet6", six, "2", to_come=lambda: [None])

    take_down(IFACE, "2")

    assert host.snapshot() == only_first
    assert list(names()) == [NAME]


def test_a_journal_that_is_not_understood_does_not_keep_the_other_one(host: FakeKernel) -> None:
    four, six = both()
    bring_up(NAME, four, "")
    only_first = host.snapshot()
    bring_up(f"{IFACE}:inet6", six, "")
    with open(Journal(NAME).path, "a") as file:
        file.write("more")

    with pytest.raises(RoutedError, match=r"it is cut off; set aside as .*, undo by hand what it lists$"):
        take_down(IFACE)

    assert host.snapshot() == only_first
    assert list(names()) == []
