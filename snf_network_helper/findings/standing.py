"""What has become of a journal's entry in the kernel."""

from snf_network_helper.changes.address import Address
from snf_network_helper.changes.base import AWAITED, KEPT, Change, Entry

MISSING = "missing"
REFUSED = "dadfailed"  # as `ip addr` shows it


def state_of(entry: Entry, marked: frozenset[Change]) -> str:
    """The entry's state, or how the kernel differs from it; `marked` is all in the kernel that bears our mark."""
    if isinstance(entry.change, Address) and entry.change.is_refused():
        return REFUSED
    try:
        stands = entry.state == AWAITED or entry.change.is_present(marked)
    except ValueError:  # the kernel can hold nothing of the kind
        stands = False
    return entry.state if stands or (entry.state == KEPT and entry.change.is_kept()) else MISSING
