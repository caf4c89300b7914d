"""down: undo what no stanza describes any more."""

from snf_network_helper.commands.privilege import need_root
from snf_network_helper.errors import RoutedError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import link, process
from snf_network_helper.kernel.process import heed_signals
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import failed, files
from snf_network_helper.stanza.names import check_interface
from snf_network_helper.transaction.take_down import take_down

if TYPE_CHECKING:
    from types import SimpleNamespace


def run(arguments: "SimpleNamespace") -> int:
    """Undoes from the journal all that was done for an interface."""
    iface = check_interface(arguments.iface)
    need_root("down")
    process.verbose = arguments.verbose
    had_failed = bool(failed.lines(iface))
    failed.forget(iface)
    if not list(names(iface)):
        if not had_failed and (why := link.absence(iface)):
            raise RoutedError(f"{why}, and no journal in {files.DIRECTORY}")
        if known := _name_when_up(iface):
            raise RoutedError(f"{iface}: was brought up as {known}, expected that name")
        forgotten = "the bring-up that failed is forgotten, " if had_failed else ""
        print(f"{iface}: {forgotten}nothing to undo, no journal in {files.DIRECTORY}")
        return 0
    heed_signals(bringing_up=False)
    try:
        take_down(iface)
    except RoutedError as error:
        raise RoutedError(f"{iface}: {error}") from None
    print(f"{iface}: undone")
    return 0


def _name_when_up(iface: str) -> str:
    """The name by which a link was brought up that has been renamed, "" for none."""
    mark = f" link={link.number(iface)}".encode()
    for name in names():
        header = (files.content(Journal(name).path) or b"").partition(b"\n")[0]
        if header.endswith(mark):
            return Journal(name).owner
    return ""
