"""What a finding is: a value that says what is wrong, with this node's real names, and what mends it."""

from dataclasses import dataclass

BAD = "bad"  # packets of somebody are lost
WARNING = "warning"  # they are not, or not yet


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with `about`, an interface or a TAP; `remedy` has command lines, in their order.

    `advice` is what a person is to do where no command can.
    """

    about: str
    cause: str
    remedy: tuple[str, ...] = ()
    advice: str = ""


class NotKnown(Exception):
    """It cannot be known whether a finding holds; `str()` says why."""


def some(commands: "list[str]", shown: int = 3) -> str:
    """A few commands in one sentence, and how many more there are."""
    more = f" and {len(commands) - shown} more" if len(commands) > shown else ""
    return ", ".join(f"`{command}`" for command in commands[:shown]) + more
