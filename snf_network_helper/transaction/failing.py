"""After a bring-up that failed: what is undone, and who is told."""

from snf_network_helper.errors import RoutedError, StanzaError, say
from snf_network_helper.journal.journal import names
from snf_network_helper.kernel.background import complain
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import failed
from snf_network_helper.transaction.causes import explained
from snf_network_helper.transaction.take_down import take_down

if TYPE_CHECKING:
    from snf_network_helper.stanza.stanza import Stanza


def give_up(iface: str, run: str, error: RoutedError, stanza: "Stanza | None") -> None:
    """Undoes what this ifup did for other stanzas of the interface. Says in one line why, also to status and the log.

    To ifup the interface is down now, and no down hook will run.
    """
    others: list[RoutedError] = []
    try:
        if run and any(names(iface)):
            take_down(iface, since=run)
    except RoutedError as other:
        others.append(other)
    if stanza is not None:
        error = explained(error, stanza)
    named = str(error) if isinstance(error, StanzaError) else f"{iface}: {error}"  # the former names it itself
    line = "; then ".join([named, *map(str, others)])
    say(line)
    failed.note(iface, line)
    complain(line)
