"""Waiting for a condition instead of for a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

PATIENCE = 20.0  # seconds; reached only when something is broken
PAUSE = 0.02


def comes_true(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Whether `condition` holds now or soon."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)
    return True


@contextmanager
def meanwhile(action: Callable[[], None]) -> Iterator[None]:
    """Do something again and again while something else happens."""
    enough = Event()

    def go_on() -> None:
        while not enough.wait(PAUSE / 10):
            action()

    thread = Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()
