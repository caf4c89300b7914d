"""Announcing guests on their network's link for as long as they are here."""

from snf_network_helper.guests.requests import journal_of
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.wire.announce import announce

if TYPE_CHECKING:
    from _socket import socket

    from snf_network_helper.stanza.addresses import IPAddress


def announce_guests(iface: str, attachments: list[Attachment], raw: "socket | None" = None) -> None:
    """Announces the addresses, and later only those of guests that still are here, and not about to leave."""
    taps = {address: one.tap for one in attachments for address in one.addresses}

    def is_here(address: "IPAddress") -> bool:
        journal = journal_of(taps[address])
        if not journal.request or journal.awaits:
            return False
        attachment = Attachment.parse(taps[address], journal.request)
        return address in attachment.addresses and not attachment.leaves

    announce(iface, list(taps), is_here, raw)
