"""Changes of one kind among others."""

from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TypeVar

    from snf_network_helper.changes.base import Change

    Kind = TypeVar("Kind", bound=Change)


def of_kind(kind: "type[Kind]", changes: "Iterable[Change]") -> "list[Kind]":
    """Those of the changes that are of one kind, or of one made of it."""
    return [change for change in changes if isinstance(change, kind)]
