"""The commands for virtual machines: attach, detach and announce."""

from __future__ import annotations

import os

from snf_network_helper import kernel
from snf_network_helper.command_line import PROGRAM
from snf_network_helper.errors import RoutedError
from snf_network_helper.names import check_interface
from snf_network_helper.signals import heed_signals

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only
    from types import SimpleNamespace


def attach(arguments: SimpleNamespace) -> int:
    from snf_network_helper import guests
    from snf_network_helper.attachment import Attachment
    from snf_network_helper.network import Network

    need_root("attach")
    kernel.verbose = arguments.verbose
    network = Network.of(check_interface(arguments.network))
    attachment = Attachment.checked(
        arguments.tap,
        network,
        arguments.ip,
        arguments.mac,
        arguments.hostname,
        arguments.serve,
        arguments.dns,
        arguments.subnet,
        arguments.gateway,
    )
    heed_signals(bringing_up=True)
    try:
        moves_in = arguments.role == "migrate-in"
        guests.attach(attachment, network, probe=not moves_in and not arguments.no_probe, moves_in=moves_in)
    except RoutedError as error:
        raise RoutedError(f"{arguments.tap}: {error}") from None
    return 0


def detach(arguments: SimpleNamespace) -> int:
    from snf_network_helper import guests

    need_root("detach")
    kernel.verbose = arguments.verbose
    tap = check_interface(arguments.tap)
    heed_signals(bringing_up=False)
    try:
        if arguments.migrate_out:
            guests.leave(tap)
        else:
            guests.detach(tap, only_if_gone=arguments.if_gone)
    except RoutedError as error:
        raise RoutedError(f"{tap}: {error}") from None
    return 0


def announce(arguments: SimpleNamespace) -> int:
    from snf_network_helper.address import Address
    from snf_network_helper.announce import announce

    need_root("announce")
    try:
        addresses = [Address.parse(text) for text in arguments.addresses]
    except ValueError as error:
        raise RoutedError(f"{arguments.iface}: {error}: expected an IPv4 or IPv6 address") from None
    announce(check_interface(arguments.iface), addresses)
    return 0


def need_root(command: str) -> None:
    """RoutedError for anybody else."""
    if os.geteuid():
        raise RoutedError(f"{PROGRAM} {command}: expected to be run by root")
