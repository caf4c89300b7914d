"""Asks the links who answers for the gateways and for the guests' addresses: all links at once, within 2 s."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from snf_network_helper.errors import KernelError
from snf_network_helper.findings.facts import Answers, Facts
from snf_network_helper.stanza.addresses import IPAddress
from snf_network_helper.stanza.network import Network
from snf_network_helper.wire.announce import answers
from snf_network_helper.wire.frames import ETH_P_ALL
from snf_network_helper.wire.packet_socket import open_link

_ROUNDS, _ROUND_SECONDS = 5, 0.3


def ask(facts: Facts) -> dict[str, Answers | str]:
    """Of each network's link who has answered, or why it could not be asked. Links that are down are left out."""
    asked = [network for iface, network in facts.networks.items() if facts.can_send(iface)]
    hosted: dict[str, list[IPAddress]] = {}
    for guest in facts.guests:
        hosted.setdefault(guest.attachment.network, []).extend(guest.here)
    with ThreadPoolExecutor(max_workers=max(1, len(asked))) as threads:
        at_work = {
            network.iface: threads.submit(_ask, network, facts.routers[network.iface], hosted.get(network.iface, []))
            for network in asked
        }
        return {iface: one.result() for iface, one in at_work.items()}


def _ask(network: Network, routers: Sequence[IPAddress], hosted: Sequence[IPAddress]) -> Answers | str:
    """Once more for those who have not answered: a frame may be lost, and a router is in no hurry to answer."""
    try:
        raw = open_link(network.iface, ETH_P_ALL)
    except KernelError as error:
        return str(error)
    found: Answers = {}
    try:
        for number in range(_ROUNDS):
            found |= answers(raw, [*routers, *hosted], network.asker)
            if number and found.keys() >= {*routers}:
                break
            time.sleep(_ROUND_SECONDS)
    except OSError as error:  # the link went down meanwhile
        return f"{network.iface}: {error.strerror}"
    finally:
        raw.close()
    return found
