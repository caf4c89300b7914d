"""Detach a TAP, at once or when another node answers for its guest."""

from snf_network_helper.changes.base import of_kind
from snf_network_helper.changes.shared_rule import SharedRule
from snf_network_helper.errors import KernelError, NetworkDownError
from snf_network_helper.guests.network import network_of
from snf_network_helper.guests.requests import change_request, journal_of
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import link
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.transaction.take_down import take_down, take_down_guest

if TYPE_CHECKING:
    from collections.abc import Callable

    from snf_network_helper.wire.claims import Claims


def detach(tap: str, first: "Callable[[Journal], bool]" = lambda _: True) -> None:
    """Undoes an attachment, also of a TAP that is gone, and what an earlier ifdown had to leave for it.

    `first` does what is most urgent, or says that nothing is to be undone.
    """
    journal = journal_of(tap)
    if not journal.entries:
        return
    attachment = Attachment.parse(tap, journal.request)
    take_down_guest(tap, first)
    rules = of_kind(SharedRule, [entry.change for entry in journal.entries])
    left = [entry.change for name in names(attachment.network) for entry in Journal.read(name).entries]
    if left and all(change.ends() for change in left) and not any(rule.is_used() for rule in rules):
        take_down(attachment.network)


def detach_if_gone(tap: str) -> None:
    """Undoes the attachment of a TAP that has vanished, be there another one of its name or not."""
    request = journal_of(tap).request
    if not request or link.number(tap) != Attachment.parse(tap, request).link:
        detach(tap)


def leave(tap: str) -> None:
    """Undoes an attachment as soon as another node answers for its guest; until then it goes on being reachable here.

    At once where another one does so already, where the guest has not moved in yet, and where there is no network.
    """
    from snf_network_helper.kernel.background import in_background

    journal = journal_of(tap)
    if not journal.entries:
        return
    attachment = Attachment.parse(tap, journal.request)
    claims = None
    if not journal.awaits and link.number(tap) == attachment.link:
        claims = _claims_unless_moved(attachment)
    if claims is None:
        detach(tap)
        return
    attachment.leaves = True
    if change_request(tap, journal.request, attachment.request()):
        in_background(_departure(attachment, claims), keep=claims.files())
    claims.close()


def _departure(attachment: Attachment, claims: "Claims") -> "Callable[[], None]":
    from snf_network_helper.guests.migration import wait_for_departure

    return lambda: wait_for_departure(attachment, claims, lambda first: detach(attachment.tap, first))


def _claims_unless_moved(attachment: Attachment) -> "Claims | None":
    """What others claim from now on; None where another node answers for the guest already, or no network is up."""
    from snf_network_helper.wire.announce import in_use
    from snf_network_helper.wire.claims import Claims

    try:
        asker = network_of(attachment.network).asker
        claims = Claims(attachment.network)
        if not in_use(attachment.network, attachment.addresses, asker):
            return claims
    except (NetworkDownError, KernelError):
        return None
    claims.close()
    return None
