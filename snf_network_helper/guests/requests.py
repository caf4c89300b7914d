"""What is asked for each guest, as the journals keep it."""

from snf_network_helper.changes.base import APPLIED, AWAITED, PENDING
from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import ATTACHED, Journal, attached
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime.lock import Lock
from snf_network_helper.stanza.attachment import Attachment
from snf_network_helper.transaction.undoing import revert

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from snf_network_helper.changes.base import Entry


def journal_name(tap: str) -> str:
    """The name of a guest's journal."""
    return f"{tap}:{ATTACHED}"


def journal_of(tap: str) -> Journal:
    """A guest's journal, an empty one where the TAP is not attached."""
    return Journal.read(journal_name(tap))


def attached_to(iface: str) -> tuple[list[tuple[Attachment, Journal]], list[str]]:
    """What is attached to a network, with the journals; and of each journal that cannot be read, why."""
    found, errors = [], []
    for tap in attached():
        try:
            journal = journal_of(tap)
            if journal.request:
                attachment = Attachment.parse(tap, journal.request)
                if attachment.network == iface:
                    found.append((attachment, journal))
        except RoutedError as error:
            errors.append(f"{tap}: {error}")
    return found, errors


def change_request(tap: str, before: str, after: str) -> bool:
    """Writes down another request for an attachment, of which nothing else changes; False where `before` is not its."""
    with Lock(tap):
        journal = journal_of(tap)
        if journal.request != before:
            return False
        journal.request = after
        journal.write()
    return True


def make_awaited(tap: str, request: str, make: "Callable[[Sequence[Entry]], None]") -> bool:
    """Has `make` make what an attachment awaits, and writes down that it has; False where nothing is awaited.

    What can't be made is undone, and goes on being awaited.
    """
    with Lock(tap):
        journal = journal_of(tap)
        awaited = [entry for entry in journal.entries if entry.state == AWAITED]
        if not awaited or journal.request != request:
            return False
        for entry in awaited:
            entry.state = PENDING
        journal.write()
        try:
            make(awaited)
        except (RoutedError, OSError):
            left = [change for change, _ in revert(journal.name, awaited)]
            for entry in awaited:
                entry.state = APPLIED if entry.change in left else AWAITED
            raise
        finally:
            journal.write()
    return True
