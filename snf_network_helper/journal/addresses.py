"""The addresses that links have because of us, for a program that takes away those that it does not know."""

from snf_network_helper.changes.address import Address
from snf_network_helper.errors import JournalError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.runtime import files


def run() -> None:
    """Prints each that stands, after the name of its interface; a journal that cannot be read is left to others."""
    files.looks_only = True
    for name in sorted(names()):
        try:
            changes = [entry.change for entry in Journal.read(name).entries]
        except JournalError:
            continue
        for change in changes:
            if isinstance(change, Address) and change.is_present(frozenset()):
                print(change.dev, change.address)
