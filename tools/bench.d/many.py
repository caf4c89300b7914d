"""Many interfaces, brought up and down by one ifup -a and one ifdown -a."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import node
import stanzas
from one import Runs, Variant, install
from report import middle, print_table

# Each a function of an interface's number: what its stanza is.
_KINDS: dict[str, tuple[Callable[[int], str], bool]] = {
    "no option": (lambda number: stanzas.plain(stanzas.numbered(number)[0]), False),
    "by hand": (lambda number: stanzas.vmc_by_hand(*stanzas.numbered(number)), False),
    "compact": (lambda number: stanzas.vmc(*stanzas.numbered(number)), True),
}
_OURS = "compact"
# Of few interfaces there are several runs, of this many interfaces in all; of at least so many there is one.
_INTERFACES = 60
_ONCE = 1000


class Result(NamedTuple):
    """Of one kind and number of interfaces: the runs of ifup and ifdown, and the times of every hook in one of each."""

    runs: tuple[Runs, Runs]
    hooks: list[list[float]]


def many(counts: Sequence[int], markdown: bool) -> None:
    """Measures each number of interfaces, the small ones before and after the large ones."""
    results = {(kind, count): Result((Runs([], []), Runs([], [])), []) for kind in _KINDS for count in counts}
    for count in (*counts, *(count for count in counts if count < _ONCE)):
        links = [stanzas.numbered(number)[0] for number in range(1, count + 1)]
        node.make_links(links)
        for _ in range(max(1, _INTERFACES // count // 2)):
            for kind, (stanza, hooks) in _KINDS.items():
                text = "".join(f"auto {link}\n{stanza(number)}" for number, link in enumerate(links, 1))
                install(Variant(text, hooks))
                for command, runs in zip(("ifup", "ifdown"), results[kind, count].runs, strict=True):
                    runs.time(command, "-a")
        results[_OURS, count].hooks[:] = _hooks(count)
        node.delete_links()
    rows = []
    for index, direction in enumerate(("up", "down")):
        reference = results[_OURS, min(10, counts[-1])].runs[index].wall
        for count in counts:
            walls = [results[kind, count].runs[index].wall for kind in _KINDS]
            rows.append([
                f"{count}: {direction}",
                *(middle([wall / count for wall in times]) for times in walls),
                f"{float(middle(walls[-1])) / count / (float(middle(reference)) / min(10, counts[-1])):.2f}",
                middle(results[_OURS, count].hooks[index]),
                f"{max(results[_OURS, count].hooks[index]):.1f}",
            ])  # fmt: skip
    head = ["ms an interface", *_KINDS, "of that at 10", "median hook", "longest"]
    print_table("ifup -a and ifdown -a of interfaces of role vmc", head, rows, markdown)


def _hooks(count: int) -> list[list[float]]:
    """What the hooks of an ifup -a and of an ifdown -a took, in a run of its own: timing them takes time, too."""
    with node.timed_hooks() as times:
        node.cost("ifup", "-a")
        node.cost("ifdown", "-a")
    return [times[:count], times[count:]]
