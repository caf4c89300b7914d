"""plan: the commands that ifup would run."""

import json

from snf_network_helper.errors import RoutedError, one_line, say
from snf_network_helper.interfaces import reader
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.plan.routed import plan
from snf_network_helper.runtime.shared import settings
from snf_network_helper.stanza.names import check_interface
from snf_network_helper.transaction.host import read_facts

if TYPE_CHECKING:
    from types import SimpleNamespace

    from snf_network_helper.changes.base import Change


def run(arguments: "SimpleNamespace") -> int:
    """Prints them in their order."""
    check_interface(arguments.iface.partition("=")[0])  # ifquery also takes IFACE=LOGICAL
    stanzas = reader.stanzas(arguments.iface, arguments.file)
    if not stanzas:
        raise RoutedError(f"{one_line(arguments.iface)}: no routed-* option in {one_line(arguments.file)}")
    for stanza in stanzas:
        for warning in stanza.warnings:
            say(warning)
    changes = [change for stanza in stanzas for change in plan(stanza, read_facts(stanza, settings()))]
    if arguments.json:
        print(json.dumps([_as_json(change) for change in changes], indent=2))
    else:
        for change in changes:
            print(change.add())
    return 0


def _as_json(change: "Change") -> dict[str, object]:
    return {
        "kind": type(change).__name__,
        "fields": dict(change.fields()),
        "add": change.add(),
        "remove": change.remove(),
    }
