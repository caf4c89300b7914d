"""Undoing what a transaction made: backwards, past whatever fails, and sparing what others have."""

from snf_network_helper.changes.base import PENDING, Entry, Left, Outcomes, User, finish
from snf_network_helper.changes.by_ip import LOOKED_UP
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.transaction.making import runs, user_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from snf_network_helper.changes.base import Change
    from snf_network_helper.journal.journal import Journal
    from snf_network_helper.kernel.process import Query


def revert(name: str, entries: "Sequence[Entry]", plan: "Sequence[Change]" = (), gone: str = "") -> Left:
    """Undoes what was or may have been done, the last first and past whatever fails; returns what would not go.

    The end of a table goes only when no guest's rule looks the table up any more; the kernel is asked meanwhile. But
    where a plan that comes next uses the table, it is that plan's to say how it ends. What belonged to the link `gone`
    has gone with it, and nothing is done to another link of that name.
    """
    user = user_of(name)
    todo = [entry for entry in reversed(entries) if _is_to_undo(user, entry, gone)]
    rules = _Rules(name, todo, used={change.looks_up() for change in plan})
    left: Left = []
    outcomes: Outcomes = []
    for together in runs(todo):
        run = []
        for entry in together:
            if rules.look_up(entry):
                left.append((entry.change, LOOKED_UP))
            else:
                run.append(entry)
        if run:
            outcomes += run[0].change.undo_run(run, user)
    return left + finish(outcomes)


def gone_link(journal: "Journal") -> str:
    """The name of a journal's link where that has gone, be there another link of its name or not; "" for all others."""
    number = _number(journal)
    if not number:
        return ""
    from snf_network_helper.kernel import sysctl

    return journal.owner if sysctl.number(journal.owner) != number else ""


def renamed(journal: "Journal") -> str:
    """The name that a journal's link has now, "" for none, or where it is attached, or up, by that name.

    The name alone says nothing: two links may have swapped theirs.
    """
    now, others = _by_present_name(journal)
    return "" if others else now


def other_name(journal: "Journal") -> "tuple[str, set[Change]]":
    """The name that a journal's link has now, and which changes of the link are by that name in others' journals, too.

    A TAP that is attached by the name that it has now is wholly that attachment's.
    """
    now, others = _by_present_name(journal)
    if journal.is_attachment and others:
        return "", set()
    theirs = {entry.change for other in others for entry in other.entries}
    own = [entry.change for entry in journal.entries if entry.change.goes_with(journal.owner)]
    return now, {change for change in own if _moved(change, journal.owner, now) in theirs}


def _by_present_name(journal: "Journal") -> "tuple[str, list[Journal]]":
    """The name that a journal's link has now, "" for none or the same, and the journals that it has by that name."""
    number = _number(journal)
    if not number:
        return "", []
    from snf_network_helper.journal.journal import ATTACHED, Journal, names
    from snf_network_helper.kernel import sysctl

    now = sysctl.name_of(number)
    if now in ("", journal.owner):
        return "", []
    others = [f"{now}:{ATTACHED}"] if journal.is_attachment else names(now)
    return now, [other for other in map(Journal.read, others) if _number(other) == number]


def _number(journal: "Journal") -> str:
    """The number of the link that a journal is of; "" for one that is empty, or of an earlier version."""
    if not (journal.is_attachment and journal.request):
        return journal.link
    from snf_network_helper.stanza.attachment import Attachment

    return Attachment.parse(journal.owner, journal.request).link


def by_present_name(entries: "Iterable[Entry]", link: str, now: str) -> list[Entry]:
    """The entries, those of a link by the name that it has now."""
    return [Entry(_moved(entry.change, link, now), entry.state, entry.prior) for entry in entries]


def _moved(change: "Change", link: str, now: str) -> "Change":
    if not change.goes_with(link):
        return change
    fields = {name: value.replace(f"/{link}/", f"/{now}/") for name, value in change.fields()}
    return type(change)(**fields | ({"dev": now} if "dev" in fields else {}))


def still_standing(entries: "Iterable[Entry]", left: Left) -> list[Entry]:
    """The entries of what could not be undone."""
    standing = {change for change, _ in left}
    return [entry for entry in entries if entry.change in standing]


def _is_to_undo(user: User, entry: Entry, gone: str) -> bool:
    """False for what was not made, and for what a killed process left pending and another stanza has made since."""
    if not entry.was_made() or not entry.change.remove() or (gone and entry.change.goes_with(gone)):
        return False
    return entry.state != PENDING or not user.other_owner(entry.change)


class _Rules:
    """Says of the end of a table whether the rule of a guest still looks the table up.

    The kernel is asked when this is made, and each table once; the answers are waited for as late as possible. An end
    of a table of `used` is not asked about.
    """

    __slots__ = ("_answers", "_name", "_queries", "_used")

    def __init__(self, name: str, entries: "Sequence[Entry]", used: set[str]) -> None:
        self._name = name
        self._used = used
        self._answers: dict[tuple[str, str], bool] = {}
        self._queries: dict[str, Query] = {}
        ends = [entry.change for entry in entries if self._is_end(entry.change)]
        if ends:
            from snf_network_helper.kernel import process

            self._queries = {command: process.Query(command) for command in {end.looked_up_by() for end in ends}}

    def look_up(self, entry: Entry) -> bool:
        """True for the end of a table that the rule of a guest still looks up."""
        if not self._is_end(entry.change):
            return False
        asked = (entry.change.looked_up_by(), entry.prior)
        if asked not in self._answers:
            from snf_network_helper.changes.foreign import has_guest_rule

            shown = self._queries[asked[0]].answer()
            self._answers[asked] = has_guest_rule(shown, entry.prior, self._name.rpartition(":")[0])
        return self._answers[asked]

    def _is_end(self, change: "Change") -> bool:
        return bool(change.ends()) and change.ends() not in self._used
