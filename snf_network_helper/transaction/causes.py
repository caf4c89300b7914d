"""Why a stanza could not be brought up, where the kernel's own words hide it; asked only after a failure."""

from snf_network_helper.errors import Interrupted, JournalError, RoutedError, StanzaError, UndoneError
from snf_network_helper.kernel import link, sysctl
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV6

if TYPE_CHECKING:
    from snf_network_helper.stanza.stanza import Stanza

_CONF = "net/ipv6/conf"
_NOTHING_DONE = "0 changes undone"


def explained(error: RoutedError, stanza: "Stanza") -> RoutedError:
    """The error that names the cause, where there is one that an administrator can see; else the error itself."""
    if isinstance(error, (StanzaError, JournalError, Interrupted)) or "interrupted" in str(error):
        return error
    if not (cause := _cause(error, stanza)):
        return error
    outcome = error.outcome if isinstance(error, UndoneError) else _NOTHING_DONE
    return StanzaError(cause if outcome == _NOTHING_DONE else f"{cause} ({outcome})")


def _cause(error: RoutedError, stanza: "Stanza") -> str:
    iface = stanza.iface
    if why := link.absence(iface):
        return why
    if IPV6 in stanza.families and ("ip -6 " in str(error) or "net/ipv6" in str(error)):
        if not sysctl.exists(_CONF):
            return f"{iface}: this kernel has no IPv6, expected it to be started without ipv6.disable=1"
        for conf in (iface, "all"):
            if sysctl.reads(f"{_CONF}/{conf}/disable_ipv6", "1"):
                return f"{iface}: IPv6 is switched off: /proc/sys/{_CONF}/{conf}/disable_ipv6 is 1, expected 0"
    return ""
