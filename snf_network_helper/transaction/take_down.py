"""Take down: backward, past whatever fails."""

from snf_network_helper.errors import JournalError, RoutedError
from snf_network_helper.journal.journal import ATTACHED, Journal, names
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime.lock import Lock
from snf_network_helper.transaction.undoing import by_present_name, gone_link, other_name, revert, still_standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from snf_network_helper.changes.base import Left


class StillStandingError(RoutedError):
    """Take-down finished, but some changes still stand: each with the reason why."""


def take_down(iface: str, since: str = "", first: "Callable[[], bool]" = lambda: True) -> None:
    """Undoes everything that the journals of an interface's stanzas hold, with `since` only what that ifup made.

    `first` is asked with the lock held, and may say that nothing is to be undone. Raises StillStandingError when
    something would not go; the journal then holds exactly that.
    """
    with Lock(iface):
        if first():
            _take_down(list(names(iface)), since)


def take_down_guest(tap: str, first: "Callable[[Journal], bool]" = lambda _: True) -> None:
    """Undoes an attachment; StillStandingError as for an interface.

    `first` is called with the lock held. It does what is most urgent, or says that nothing is to be undone.
    """
    with Lock(tap):
        if first(Journal.read(f"{tap}:{ATTACHED}")):
            _take_down([f"{tap}:{ATTACHED}"])


def _take_down(journals: "Sequence[str]", since: str = "") -> None:
    left: list[str] = []
    for name in journals:
        try:
            journal = Journal.read(name)
            if not since or journal.since == since:
                left += [f"{change.remove()}: {reason}" for change, reason in _take_down_one(journal)]
        except JournalError as error:
            left.append(str(error))
    if left:
        raise StillStandingError("; ".join(left))


def _take_down_one(journal: Journal) -> "Left":
    gone, stays = gone_link(journal), []
    if gone:
        now, both = other_name(journal)
        stays = [entry for entry in journal.entries if entry.change in both and entry.was_made()]
        journal.entries = [entry for entry in journal.entries if entry not in stays]
        if now:
            journal.entries = by_present_name(journal.entries, gone, now)
    left = revert(journal.name, journal.entries, gone=gone)
    journal.since = journal.run = ""  # what is left is no ifup's setup any more
    journal.entries = stays + still_standing(journal.entries, left)
    journal.write()
    return left + [(entry.change, f"kept, the link is up as {now}: take that down first") for entry in stays]
