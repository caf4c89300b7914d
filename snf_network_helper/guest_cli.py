"""The commands for virtual machines: attach, detach and announce."""

from __future__ import annotations

import os

from snf_network_helper import kernel
from snf_network_helper.errors import RoutedError
from snf_network_helper.names import check_interface
from snf_network_helper.signals import heed_signals

TYPE_CHECKING = False
if TYPE_CHECKING:  # for annotations only
    import argparse

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands = object

PROGRAM = "snf-network-helper"


def add_attach(commands: Commands) -> None:
    command = commands.add_parser("attach", help="make the virtual machine behind TAP reachable")
    command.add_argument("tap", metavar="TAP")
    command.add_argument("--network", metavar="IFACE", required=True, help="the routed interface, as eth0.222")
    command.add_argument("--ip", metavar="ADDR", nargs="+", default=[], help="the machine's addresses, IPv4 and IPv6")
    command.add_argument("--mac", default="", help="its MAC address; without an IPv6 ADDR it gets the EUI-64 address")
    for name, value in (("subnet", "PREFIX"), ("gateway", "ADDR")):
        about = f"what the caller believes: refused unless it is a {name} of IFACE"
        command.add_argument(f"--{name}", metavar=value, nargs="+", action="extend", default=[], help=about)
    command.add_argument("--hostname", default="", help="its name, for whoever tells it its addresses")
    command.add_argument("--serve", action="store_true", help="tell it its addresses by DHCP and advertisements")
    command.add_argument("--dns", metavar="ADDR", nargs="+", default=[], help="with --serve, its name servers too")
    command.add_argument("--role", choices=("start", "migrate-in"), default="start", help="(default: %(default)s)")
    command.add_argument("--no-probe", action="store_true", help="do not ask the link first whether ADDR is in use")
    command.add_argument("-v", "--verbose", action="store_true", help="print each command as it is run")
    command.set_defaults(command=_attach)


def add_detach(commands: Commands) -> None:
    command = commands.add_parser("detach", help="undo what attach did for TAP")
    command.add_argument("tap", metavar="TAP")
    command.add_argument("--migrate-out", action="store_true", help="once another node answers for the machine")
    command.add_argument("--if-gone", action="store_true", help="only if there is no such interface any more")
    command.add_argument("-v", "--verbose", action="store_true", help="print each command as it is run")
    command.set_defaults(command=_detach)


def add_announce(commands: Commands) -> None:
    command = commands.add_parser("announce", help="tell the neighbours on IFACE that the addresses are here")
    command.add_argument("iface", metavar="IFACE")
    command.add_argument("addresses", metavar="ADDR", nargs="+")
    command.set_defaults(command=_announce)


def _attach(arguments: argparse.Namespace) -> int:
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


def _detach(arguments: argparse.Namespace) -> int:
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


def _announce(arguments: argparse.Namespace) -> int:
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
