"""One interface, brought up and down in turns by different stanzas."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

import node
import stanzas
from report import difference, middle, print_table, ratio


class Variant(NamedTuple):
    """One side of a comparison: a file of interfaces(5), with or without the hooks of the package."""

    text: str
    hooks: bool


class Runs(NamedTuple):
    """What the runs of ifup, or of ifdown, took, in milliseconds: by the clock, and of the processor."""

    wall: list[float]
    cpu: list[float]

    def time(self, command: str, what: str) -> None:
        """Runs the command once more."""
        wall, cpu = node.cost(command, what)
        self.wall.append(wall)
        self.cpu.append(cpu)


def compare(variants: Sequence[Variant], rounds: int) -> list[tuple[Runs, Runs]]:
    """The runs of ifup and ifdown for each variant, in turns: whatever else the machine does hits all of them alike."""
    for variant in variants:
        check(variant)
    measured = [(variant, (Runs([], []), Runs([], []))) for variant in variants]
    for number in range(rounds):
        for variant, (up, down) in measured if number % 2 else reversed(measured):
            install(variant)
            up.time("ifup", stanzas.LINK)
            down.time("ifdown", stanzas.LINK)
    return [runs for _, runs in measured]


def install(variant: Variant) -> None:
    """Has ifup read the variant's file and find the hooks it wants."""
    node.configure(variant.text)
    node.set_hooks(variant.hooks)


def check(variant: Variant) -> None:
    """Warms up, and makes sure that ifup does something to the kernel and that ifdown undoes exactly that."""
    install(variant)
    states = []
    for command in ("ifup", "ifdown", "ifup", "ifdown"):
        node.cost(command, stanzas.LINK)
        states.append(node.snapshot())
    if states[1] == states[2] or states[1] != states[3]:
        differing = "\n".join(sorted(states[1] ^ states[3]))
        sys.exit(f"bench: ifdown does not undo exactly what ifup does for:\n{variant.text}\n{differing}")


def roles(rounds: int, markdown: bool) -> None:
    """Each role by its compact stanza, beside the stanzas written by hand."""
    rows = []
    for pair in stanzas.PAIRS:
        by_hand, compact = compare([Variant(pair.by_hand, False), Variant(pair.compact, True)], rounds)
        for direction, theirs, ours in zip(("up", "down"), by_hand, compact, strict=True):
            rows.append([
                f"{pair.role}: {direction}",
                middle(theirs.wall), middle(ours.wall), ratio(ours.wall, theirs.wall),
                middle(theirs.cpu), middle(ours.cpu), ratio(ours.cpu, theirs.cpu),
            ])  # fmt: skip
    head = ["ms", "by hand", "compact", "ratio", "CPU by hand", "CPU compact", "CPU ratio"]
    print_table("The compact stanza and the one written by hand", head, rows, markdown)


def unrelated(rounds: int, markdown: bool) -> None:
    """An interface that asks for nothing, without and with the hooks."""
    without, present = compare([Variant(stanzas.plain(), False), Variant(stanzas.plain(), True)], rounds)
    rows = [
        [direction, middle(theirs.wall), middle(ours.wall), difference(ours.wall, theirs.wall)]
        for direction, theirs, ours in zip(("up", "down"), without, present, strict=True)
    ]
    print_table("An interface without any routed option", ["ms", "no package", "package", "more"], rows, markdown)


def memory(markdown: bool) -> None:
    """What the hook's Python takes to bring each role up."""
    rows = []
    for pair in stanzas.PAIRS:
        node.configure(pair.compact)
        rows.append([pair.role, f"{node.peak_memory(stanzas.LINK) / 1024:.1f}"])
    print_table("Peak memory of the hook", ["role", "MiB"], rows, markdown)
