"""Nodes whose hooks run under the tracer, and sweeps over every call of theirs that changes something."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from node import Node

TRACER = Path(__file__).with_name("tracer.py")
LOG = "/run/traced/log"
WORKERS = 2

# Every point both ways instead of one way in turn, more examples, larger fuzz runs.
THOROUGH = os.environ.get("SNF_RELIABILITY") == "thorough"


class TracedNode(Node):
    """A node on which ifup runs the installed hook as it is, but under a tracer."""

    def __init__(self, *links: str) -> None:
        super().__init__(*links)
        self.run("mkdir /run/traced; cp /etc/network/if-up.d/routed /run/traced/up")
        self.run("cp /etc/network/if-down.d/routed /run/traced/down")

    def interfere(self, hook: str, number: int, action: str) -> None:
        """From now on the hook, `up` or `down`, is interfered with at its n-th change."""
        self.write(
            f"/etc/network/if-{hook}.d/routed",
            f"#!/bin/sh\nexec /usr/bin/python3 -I {TRACER} {number} {action} {LOG} /run/traced/{hook}",
        )

    def leave_alone(self, hook: str) -> None:
        """From now on the hook runs by itself."""
        self.run(f"cp /run/traced/{hook} /etc/network/if-{hook}.d/routed")

    def calls(self) -> list[str]:
        """The calls that the last traced hook made or tried to make."""
        return self.run(f"cat {LOG}").splitlines()


Kind = TypeVar("Kind", bound=TracedNode)


def sweep(make: Callable[[], Kind], attempt: Callable[[Kind, int], bool]) -> int:
    """Attempts point after point, on several nodes at once, until there are no more calls; how many there were.

    `attempt` interferes at the n-th call, checks what has come of it, leaves the node as it was, and tells whether
    there was such a call. What goes wrong at one point does not hide what goes wrong at another.
    """
    wrong: dict[int, str] = {}

    def some(first: int) -> int:
        number = first
        while True:
            with make() as node:
                try:
                    while attempt(node, number):
                        number += WORKERS
                    return len(range(first, number, WORKERS))
                except AssertionError as error:
                    wrong[number] = str(error)
                    number += WORKERS

    with ThreadPoolExecutor(WORKERS) as workers:
        points = sum(workers.map(some, range(1, WORKERS + 1)))
    assert not wrong, f"wrong at {len(wrong)} of {points} points:\n" + "\n".join(
        f"{number}: {message}" for number, message in sorted(wrong.items())
    )
    print(f"{points} points")
    return points
