"""Real conflicts at every step: somebody else's route or address in the way, and a link that vanishes in between."""

import pytest
from lab.stanzas import Stanza
from node import Planned, stanzas_of_all_roles
from obstacles import DIRECTORY, refused_ip
from routed import LINK, RoutedNode

STANZAS = [pytest.param(stanza, id=stanza.title) for stanza in stanzas_of_all_roles(LINK)]
VANISH = "/run/vanish"


def in_the_way(change: Planned) -> str:
    """What an administrator may have that the kernel can't hold beside a change of ours, "" where there is nothing."""
    fields = change.fields
    ip = "ip" if fields.get("family") == "4" else "ip -6"
    if change.kind == "Route":
        table = f"table {fields['table']}" if "table" in fields else ""
        metric = f"metric {fields['metric']}" if "metric" in fields else ""
        kind = "prohibit" if "kind" in fields else ""
        other = "" if kind else "dev other"
        return f"{ip} route add {kind} {fields['prefix']} {other} {table} {metric}"
    if change.kind == "Address" and ip == "ip -6":
        return f"{ip} addr add {fields['address'].partition('/')[0]}/99 dev {LINK}"
    return ""


@pytest.mark.parametrize("stanza", STANZAS)
def test_what_is_in_the_way_stays_and_nothing_else_does(stanza: Stanza) -> None:
    with RoutedNode(stanza) as node:
        node.add_link("other")
        for change in node.plan(LINK):
            if not (conflict := in_the_way(change)):
                continue
            node.run(conflict)
            before = node.snapshot()
            outcome = node.ifup(LINK)
            assert outcome.code != 0, conflict
            (line,) = outcome.of_the_hook()
            assert line.startswith(f"{LINK}: {change.add}: "), conflict
            assert any(reason in line for reason in ("File exists: ", "address already assigned (")), conflict
            node.holds(before, conflict)
            assert node.leftovers() == [], conflict
            node.run(conflict.replace(" add ", " del "))


@pytest.mark.parametrize("stanza", STANZAS)
def test_a_link_that_vanishes_in_between_takes_all_with_it(stanza: Stanza) -> None:
    with RoutedNode(stanza) as node:
        changes = [change for change in node.plan(LINK) if change.add.startswith("ip ")]
        node.run(f"ip link del {LINK}")
        without = node.snapshot()
        node.write(VANISH, f'#!/bin/sh\n{DIRECTORY}/ip link del {LINK}\nexec "$@"')
        node.run(f"chmod +x {VANISH}")
        for change in changes:
            node.add_link(LINK)
            with refused_ip(node, change.add, instead=VANISH):
                outcome = node.ifup(LINK)
            assert outcome.code != 0, change
            (line,) = outcome.of_the_hook()
            assert line.startswith(f"{LINK}: no such interface"), change
            node.holds(without, f"{change.add}, as the link vanishes: {line}")
            assert node.leftovers() == [], change
