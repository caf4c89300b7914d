"""Rules in an order that does harm.

Packets between guests of two networks go round, until their TTL ends; or the node's own addresses are not reached.
"""

from snf_network_helper.changes.base import PROTOCOL, Change
from snf_network_helper.changes.guest_subnet import GuestSubnet
from snf_network_helper.changes.guests_rule import GuestsRule
from snf_network_helper.changes.local_rule import is_local
from snf_network_helper.changes.main_link_rule import MainLinkRule
from snf_network_helper.changes.rule import Rule
from snf_network_helper.changes.shared_rule import SharedRule
from snf_network_helper.kernel.view import View
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


def disorder(marked: frozenset[Change]) -> "Iterator[tuple[Change, str]]":
    """Each rule of ours that catches what it should not; and what is to be said of it."""
    view = View(PROTOCOL)
    yield from _before_local(view)
    yield from _before_links(view, marked)


def _before_local(view: View) -> "Iterator[tuple[Rule, str]]":
    """The rules of links that come before the look-up of the node's own addresses, which a VRF has moved meanwhile."""
    ours, local = view.rules(), set()
    for pair in view.all_rules():
        if is_local(pair[1]):
            local.add(pair[0])
        elif pair[0] not in local and pair in ours:
            rule = Rule.read(*pair) or MainLinkRule.read(*pair)
            if rule is not None and rule.iif not in ("", "lo"):
                remedy = f"run snf-network-helper up {rule.iif}"
                yield rule, f"before lookup local: the node's own addresses are cut off; {remedy}"


def _before_links(view: View, marked: frozenset[Change]) -> "Iterator[tuple[SharedRule, str]]":
    """The rules for what guests send that catch what is for another network's link.

    The kernel shows rules as it tries them. One that passes by what bears the mark does no harm anywhere, as long as
    the guard has its subnet.
    """
    shown = view.rules()
    shown_links = (Rule.read(*pair) or MainLinkRule.read(*pair) for pair in shown)
    shown_guests = (SharedRule.read(*pair) or GuestsRule.read(*pair) for pair in shown)
    rules = [rule for pair in zip(shown_links, shown_guests, strict=True) for rule in pair if rule is not None]
    of_links = [rule for rule in rules if isinstance(rule, Rule) and rule.iif not in ("", "lo")]
    for at, rule in enumerate(rules):
        if not isinstance(rule, SharedRule) or _is_marked(rule, marked):
            continue
        after = (one for one in of_links if one in rules[at:] and one.family == rule.family and one.table != rule.table)
        if (passed := next(after, None)) is not None:
            own = next((one.iif for one in of_links if one.family == rule.family and one.table == rule.table), "")
            remedy = f"run snf-network-helper up {own}" if own else "detach its guests"
            before = f"before iif {passed.iif} lookup {passed.table}"
            yield rule, f"{before}: packets between guests may go round; {remedy}"


def _is_marked(rule: SharedRule, marked: frozenset[Change]) -> bool:
    return isinstance(rule, GuestsRule) and GuestSubnet(rule.family, rule.source).is_present(marked)
