"""What the kernel holds now, read once for a command that looks; nobody else imports it: pyroute2 takes 0.1 s."""

import json
import socket
from functools import cache
from typing import Any

from pyroute2 import IPRoute

from snf_network_helper.kernel.process import query
from snf_network_helper.kernel.rtnetlink import protocol_number
from snf_network_helper.stanza.addresses import IPV4, IPV6

_FAMILIES = {IPV4: socket.AF_INET, IPV6: socket.AF_INET6}


class View:
    """Rules, routes and nftables; each is read when it is first asked for."""

    def __init__(self, protocol: str) -> None:
        self._number = protocol_number(protocol)

    @cache  # noqa: B019  # a view lives as long as the command
    def all_rules(self) -> list[tuple[str, Any]]:
        """The family and pyroute2's message of each rule, in the order in which the kernel tries those of a family."""
        with IPRoute() as netlink:
            return [
                (family, message) for family, code in _FAMILIES.items() for message in netlink.get_rules(family=code)
            ]

    def rules(self) -> list[tuple[str, Any]]:
        """Those of our protocol."""
        return [pair for pair in self.all_rules() if pair[1].get_attr("FRA_PROTOCOL") == self._number]

    @cache  # noqa: B019
    def routes(self) -> list[tuple[str, Any, str]]:
        """The family, pyroute2's message and the link of each route of our protocol, in any table."""
        with IPRoute() as netlink:
            names = {link["index"]: link.get_attr("IFLA_IFNAME") for link in netlink.get_links()}
            return [
                (family, message, names.get(message.get_attr("RTA_OIF"), ""))
                for family, code in _FAMILIES.items()
                for message in netlink.get_routes(family=code)
                if message["proto"] == self._number
            ]

    @cache  # noqa: B019
    def nft_table(self, family: str, name: str) -> list[dict[str, Any]]:
        """The objects of a table, as nft(8) prints them in JSON; none where there is no such table."""
        shown = query(f"nft -j list table {family} {name}")
        return list(json.loads(shown)["nftables"]) if shown else []

    @cache  # noqa: B019
    def nft_ruleset(self, family: str) -> str:
        """All tables of a family, as nft(8) prints them."""
        return query(f"nft list ruleset {family}")
