"""Who may run a command."""

from snf_network_helper.commands.arguments import PROGRAM
from snf_network_helper.errors import RoutedError
from snf_network_helper.lean import posix


def need_root(command: str) -> None:
    """RoutedError for anybody else."""
    if posix.geteuid():
        raise RoutedError(f"{PROGRAM} {command}: expected to be run by root")
