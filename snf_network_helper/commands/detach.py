"""detach: undo what attach did."""

from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import RoutedError
from snf_network_helper.guests.detach import detach, detach_if_gone, leave
from snf_network_helper.guests.requests import journal_of
from snf_network_helper.kernel import link, process
from snf_network_helper.kernel.process import heed_signals
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.names import check_interface

if TYPE_CHECKING:
    from types import SimpleNamespace


def run(arguments: "SimpleNamespace") -> int:
    """Detaches at once, when the guest has moved, or only where the TAP has gone."""
    need_root("detach")
    process.verbose = arguments.verbose
    tap = check_interface(arguments.tap)
    if arguments.if_gone and arguments.migrate_out:
        raise RoutedError(f"{tap}: --migrate-out: expected without --if-gone, a TAP that has gone is detached at once")
    if not arguments.if_gone and not journal_of(tap).entries and (why := link.absence(tap)):
        raise RoutedError(f"{why}, and no guest is attached by this name")
    heed_signals(bringing_up=False)
    try:
        if arguments.migrate_out:
            leave(tap)
        elif arguments.if_gone:
            detach_if_gone(tap)
        else:
            detach(tap)
    except RoutedError as error:
        raise RoutedError(f"{tap}: {error}") from None
    return 0
