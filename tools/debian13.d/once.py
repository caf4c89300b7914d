"""A plugin of pytest: of each test that has parameters only the first case runs."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Takes the further cases out."""
    first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    others = [item for item in items if first[item.nodeid.partition("[")[0]] is not item]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if first[item.nodeid.partition("[")[0]] is item]
