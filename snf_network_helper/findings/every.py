"""All findings there are, those that bring others about first, and what has come of looking for each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from snf_network_helper.findings import (
    accept_ra_lost,
    address_refused,
    address_taken,
    bring_up_failed,
    change_missing,
    forward_drop,
    forwarding_off,
    gateway_silent,
    guard_missing,
    guest_outside,
    ipv6_disabled,
    link_down,
    link_missing,
    migration_waits,
    network_down,
    no_carrier,
    orphan,
    proxy_missing,
    route_missing,
    rp_filter,
    rule_missing,
    rule_order,
    stanza_edited,
    stanza_gone,
    tap_down,
    tap_in_bridge,
    tap_missing,
)
from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import Finding, NotKnown

_MODULES = (
    link_missing, link_down, no_carrier, bring_up_failed, network_down, gateway_silent, address_taken, tap_missing,
    tap_down, tap_in_bridge, guest_outside, guard_missing, rule_missing, rule_order, route_missing, proxy_missing,
    ipv6_disabled, forwarding_off, forward_drop, rp_filter, address_refused, accept_ra_lost, change_missing,
    stanza_gone, stanza_edited, orphan, migration_waits,
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """One of the closed list."""

    id: str
    severity: str
    look: Callable[[Facts], Iterator[Finding]]
    is_active: bool  # the links are asked for it


KINDS = tuple(Kind(module.ID, module.SEVERITY, module.look, hasattr(module, "ACTIVE")) for module in _MODULES)


@dataclass(frozen=True)
class Check:
    """What has come of looking for a kind; `unknown` says why that is not known, "" where it is."""

    kind: Kind
    findings: Sequence[Finding]
    unknown: str = ""


def check(facts: Facts, asked: bool) -> list[Check]:
    """Looks for every kind; unless the links were `asked`, for those that need no asking."""
    return [_check(kind, facts) for kind in KINDS if asked or not kind.is_active]


def _check(kind: Kind, facts: Facts) -> Check:
    try:
        return Check(kind, tuple(kind.look(facts)), "; ".join(facts.unread))
    except NotKnown as error:
        return Check(kind, (), str(error))
