"""What an interface of the node's own gets when it comes up beside routed ones."""

from snf_network_helper.changes.shared_sysctl import follow, follow_medium
from snf_network_helper.errors import RoutedError
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.facts import medium_id
from snf_network_helper.runtime.lock import SHARED, Lock
from snf_network_helper.runtime.shared import settings
from snf_network_helper.transaction.host import answering_beside, links_to_keep
from snf_network_helper.wire.announce import ask_routers

if TYPE_CHECKING:
    from collections.abc import Iterator


def see_to(iface: str) -> "Iterator[RoutedError]":
    """Does what the networks that are up need of such an interface; what goes wrong is no error of its ifup."""
    for work in (keep_heeding, join_medium):
        try:
            work(iface)
        except RoutedError as error:
            yield error


def keep_heeding(iface: str) -> None:
    """A link that ifup has just had heed advertisements as a host does so also while it forwards because of us."""
    if links_to_keep([iface], settings()):
        with Lock(SHARED):
            follows = follow(iface)
        if follows:
            ask_routers(iface)  # the kernel has asked none of them, for it would not have heeded the answer


def join_medium(iface: str) -> None:
    """No routed link is to answer for a network of the node's own, also one that has its first address only now."""
    with Lock(SHARED):
        follow_medium(medium_id(iface), answering_beside(iface, settings()))
