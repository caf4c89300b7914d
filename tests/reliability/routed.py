"""A node that knows how it looks before a stanza is brought up, and how it looks when all went well."""

from __future__ import annotations

from lab.snapshot import Snapshot
from lab.stanzas import Stanza
from node import Outcome
from traced import TracedNode

LINK = "eth1"


class RoutedNode(TracedNode):
    """A node with a stanza, which knows how it looks before and how it looks when all is well."""

    def __init__(self, stanza: Stanza) -> None:
        super().__init__(LINK)
        self.interfaces(str(stanza))
        self.before = self.snapshot()
        self.succeeds("ifup", LINK)
        self.routed = self.snapshot()
        self.take_down()

    def succeeds(self, *command: str) -> None:
        """Run a command that must do its work without a word."""
        outcome = self.do(" ".join(command))
        assert (outcome.code, outcome.lines) == (0, ()), command

    def holds(self, expected: Snapshot, after: str) -> None:
        """Check what the kernel holds."""
        difference = expected.difference(self.snapshot())
        assert not difference, f"{after}:\n{difference[:2000]}"

    def take_down(self) -> None:
        """Take the link down, and check that nothing remains."""
        self.succeeds("ifdown", LINK)
        self.up_again(LINK)
        self.is_clean("ifdown")

    def is_clean(self, after: str) -> None:
        """Check that nothing of ours is there, neither in the kernel nor below /run."""
        self.holds(self.before, after)
        assert self.leftovers() == [], after

    def interfered_up(self, number: int, action: str) -> tuple[Outcome, str]:
        """An ifup that is interfered with, and the call where it was, "" where there are not so many."""
        self.interfere("up", number, action)
        outcome = self.ifup(LINK)
        self.leave_alone("up")
        return outcome, self.call(number)

    def interfered_down(self, number: int, action: str) -> tuple[Outcome, str]:
        """The same of an ifdown; the link is up again afterwards."""
        self.succeeds("ifup", LINK)
        self.interfere("down", number, action)
        outcome = self.ifdown(LINK)
        self.leave_alone("down")
        self.up_again(LINK)
        return outcome, self.call(number)

    def call(self, number: int) -> str:
        """The call at which the last traced hook was interfered with."""
        calls = self.calls()
        return calls[number - 1] if len(calls) >= number else ""

    def recover_by_ifup(self, after: str) -> None:
        """Bring the link up once more."""
        self.succeeds("ifup --force", LINK)
        self.holds(self.routed, f"{after}, then ifup")
        self.take_down()

    def recover_by_command(self, after: str) -> None:
        """Undo by the journal."""
        outcome = self.clean(LINK)
        assert outcome.code == 0, f"{after}: {outcome.lines}"
        self.up_again(LINK)
        self.is_clean(f"{after}, then snf-network-helper down")


def both_families(role: str) -> Stanza:
    """The stanza of a role in which everything there is happens."""
    return Stanza(role, nat=role != "vmc", nat6=role != "vmc", link=LINK)
