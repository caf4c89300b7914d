"""A guest that moves in has not been heard, or one that was told to leave is still here."""

from collections.abc import Iterator

from snf_network_helper.findings.facts import Facts
from snf_network_helper.findings.finding import WARNING, Finding

ID = "migration-waits"
SEVERITY = WARNING


def look(facts: Facts) -> Iterator[Finding]:
    """Nothing is wrong for as long as the migration lasts: the age tells."""
    for guest in facts.guests:
        asked = guest.attachment
        if guest.awaits or asked.leaves:
            what = "waits for the guest's first frame" if guest.awaits else "was told to leave, and is still here"
            addresses = " ".join(map(str, (*asked.addresses, *asked.prefixes)))
            again = f"snf-network-helper attach {asked.tap} --network {asked.network} --ip {addresses} --no-probe"
            yield Finding(asked.tap, f"{asked.tap} {what}, for {guest.seconds} s", (again,),
                          "only if the migration has ended, and the guest runs here")  # fmt: skip
