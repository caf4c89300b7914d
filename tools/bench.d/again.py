"""Ifup --force of what is up, beside a fresh ifup: of a stanza with many subnets, and beside many interfaces."""

from collections.abc import Sequence

import node
import stanzas
from one import Variant, install
from report import middle, print_table, ratio

_ROUNDS = 5


def again(counts: Sequence[int], markdown: bool) -> None:
    """Measures each number of subnets, and of interfaces."""
    rows = []
    for count in counts:
        node.make_links([stanzas.LINK])
        install(Variant(stanzas.many_subnets(count), True))
        rows.append([f"{count} subnets", *_measured(stanzas.LINK)])
        node.delete_links()
    for count in counts:
        links = [stanzas.numbered(number)[0] for number in range(1, count + 1)]
        node.make_links(links)
        texts = [f"auto {link}\n{stanzas.vmc(*stanzas.numbered(number))}" for number, link in enumerate(links, 1)]
        install(Variant("".join(texts), True))
        node.cost("ifup", "-a")
        node.cost("ifdown", links[0])
        rows.append([f"{count} interfaces", *_measured(links[0])])
        node.cost("ifdown", "-a")
        node.delete_links()
    print_table("ifup --force of one interface that is up", ["ms", "ifup", "--force", "ratio"], rows, markdown)


def _measured(link: str) -> list[str]:
    fresh, forced = [], []
    for _ in range(_ROUNDS):
        fresh.append(node.cost("ifup", link)[0])
        forced.append(node.cost("ifup", "--force", link)[0])
        node.cost("ifdown", link)
    return [middle(fresh), middle(forced), ratio(forced, fresh)]
