"""Detach a TAP, at once or when another node answers for its guest."""

from snf_network_helper.changes.selection import of_kind
from snf_network_helper.changes.shared_rule import SharedRule
from snf_network_helper.errors import KernelError, NetworkDownError
from snf_network_helper.guests.network import network_of
from snf_network_helper.guests.requests import change_request, journal_of
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import link
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.transaction.take_down import take_down, take_down_guest
from snf_network_helper.transaction.undoing import gone_link

if TYPE_CHECKING:
    from collections.abc import Callable

    from snf_network_helper.wire.claims import Claims


def detach(tap: str, first: "Callable[[Journal], bool]" = lambda _: True) -> None:
    """Undoes an attachment, also of a TAP that is gone, and what an earlier ifdown had to leave for it.

    `first` is called with the TAP's lock held. It does what is most urgent, or says that nothing is to be undone.
    """
    if not journal_of(tap).entries:
        return
    network = ""
    rules: list[SharedRule] = []

    def begin(journal: Journal) -> bool:
        nonlocal network
        if not journal.entries or not first(journal):
            return False
        network = Attachment.parse(tap, journal.request).network
        rules.extend(of_kind(SharedRule, [entry.change for entry in journal.entries]))
        return True

    take_down_guest(tap, begin)
    if network and _is_only_an_end(network, rules):  # and so it must still be once nobody else is at work on it
        take_down(network, first=lambda: _is_only_an_end(network, rules))


def _is_only_an_end(network: str, rules: "list[SharedRule]") -> bool:
    """Whether ends of tables are all that is left of a network, and no guest needs them."""
    left = [entry.change for name in names(network) for entry in Journal.read(name).entries]
    return bool(left) and all(change.ends() for change in left) and not any(rule.is_used() for rule in rules)


def detach_if_gone(tap: str) -> None:
    """Undoes the attachment of a TAP that has vanished, be there another one of its name or not."""
    detach(tap, lambda journal: gone_link(journal) != "")


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
