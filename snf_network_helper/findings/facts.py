"""What findings are pure functions of: the node as it was when it was read, each table of the kernel once."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from snf_network_helper.changes.base import Change
from snf_network_helper.changes.link import Link
from snf_network_helper.findings.finding import NotKnown
from snf_network_helper.journal.journal import Journal
from snf_network_helper.stanza.addresses import IPAddress
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.stanza.network import Network


@dataclass(frozen=True)
class Gone:
    """A journalled change that the kernel does not hold: of whom, and which `up` makes it again."""

    owner: str
    network: str
    change: Change

    @property
    def object(self) -> str:
        """What of the kernel's it is: route, rule, addr, nft, a setting's name, or the program that makes it."""
        words = self.change.add().split()
        if words[0] == "ip":
            return words[2] if words[1] == "-6" else words[1]
        return words[-1].rpartition("/")[2] if words[0] == "echo" else words[0]

    @property
    def is_ipv6(self) -> bool:
        """True for what a link without IPv6 cannot have."""
        command = self.change.add()
        return command.startswith("ip -6 ") or "/net/ipv6/" in command


@dataclass(frozen=True)
class Guest:
    """An attachment as its journal has it, and for how many seconds it has stood so."""

    attachment: Attachment
    awaits: bool
    seconds: int

    @property
    def here(self) -> Sequence[IPAddress]:
        """The addresses that nobody else should have: none of a guest that moves."""
        return () if self.awaits or self.attachment.leaves else self.attachment.addresses


Answers = dict[IPAddress, str]  # who answers for it: a MAC address


def interfaces_of(journals: Sequence[Journal]) -> list[str]:
    """The interfaces that are up: what stays in the journal of one that went down, for its guests, has no link up."""
    up = (journal for journal in journals if any(type(entry.change) is Link for entry in journal.entries))
    return list(dict.fromkeys(journal.owner for journal in up))


@dataclass(frozen=True)
class Facts:
    """All of it; `about` is the interface or the TAP that is asked about, "" for all."""

    about: str = ""
    links: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    journals: Sequence[Journal] = ()
    unread: Sequence[str] = ()
    networks: Mapping[str, Network] = field(default_factory=dict)
    routers: Mapping[str, Sequence[IPAddress]] = field(default_factory=dict)  # the gateways that are other hosts
    answers: Mapping[str, Answers | str] = field(default_factory=dict)  # of each link that was asked, or why it was not
    guests: Sequence[Guest] = ()
    gone: Sequence[Gone] = ()
    refused: Sequence[Gone] = ()
    orphans: Sequence[Change] = ()
    disorder: Sequence[tuple[Change, str]] = ()
    failed: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    default_link: str = ""
    ruleset: Sequence[Mapping[str, Any]] | str = ()  # or why it is not known
    legacy: Mapping[str, str] = field(default_factory=dict)  # by program, the rules of the kind before nftables
    edited: Mapping[str, str] = field(default_factory=dict)  # "edited", "gone", or why it is not known

    @property
    def interfaces(self) -> list[str]:
        """The routed interfaces that are up, by their journals."""
        return interfaces_of(self.journals)

    def flags(self, link: str) -> Sequence[str]:
        """The flags of a link as ip(8) names them, none of one that is not there."""
        found: Sequence[str] = self.links.get(link, {}).get("flags", ())
        return found

    def in_trouble(self, link: str) -> bool:
        """True where a link is missing or down: what the kernel dropped with it is no finding of its own."""
        return "UP" not in self.flags(link)

    def can_send(self, link: str) -> bool:
        """True where frames leave by a link."""
        return not self.in_trouble(link) and "NO-CARRIER" not in self.flags(link)

    def without_ipv6(self, link: str) -> bool:
        """True where IPv6 is switched off on a link."""
        return self.settings.get(f"net/ipv6/conf/{link}/disable_ipv6") == "1"

    def lost(self, *objects: str) -> Iterator[tuple[str, str, list[str]]]:
        """Of each owner, its network and the commands of what is gone of these objects.

        What went with a link that is down, or with its IPv6, is left out: that is the finding.
        """
        owners: dict[tuple[str, str], list[str]] = {}
        for one in self.gone:
            links = {one.owner, one.network}
            if one.object not in objects or (one.object != "nft" and any(map(self.in_trouble, links))):
                continue
            if not (one.is_ipv6 and any(map(self.without_ipv6, links))):
                owners.setdefault((one.owner, one.network), []).append(one.change.add())
        for (owner, network), commands in owners.items():
            yield owner, network, commands

    def answered(self) -> Iterator[tuple[str, Answers]]:
        """Of each link that was asked who answers; NotKnown where one could not be asked."""
        for iface, answers in self.answers.items():
            if isinstance(answers, str):
                raise NotKnown(answers)
            yield iface, answers
