"""Tables of what was measured, for a terminal or, in Markdown, for docs/performance.md."""

from collections.abc import Sequence
from statistics import median


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], markdown: bool) -> None:
    """Prints a table, its first column aligned to the left."""
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        return f"| {' | '.join(cells)} |" if markdown else "  ".join(cells)

    lines = [line(head), *map(line, rows)]
    if markdown:
        lines.insert(1, line(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]))
    print("", f"### {title}\n" if markdown else title, *lines, sep="\n", flush=True)


def middle(values: Sequence[float]) -> str:
    """The median."""
    return f"{median(values):.1f}"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The median of the ratios of paired runs."""
    return f"{median(our / their for our, their in zip(ours, theirs, strict=True)):.2f}"


def difference(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """The median of the differences of paired runs."""
    return f"{median(our - their for our, their in zip(ours, theirs, strict=True)):+.1f}"
