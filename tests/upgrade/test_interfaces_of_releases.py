"""An interface that a released version brought up is taken down exactly, also after one more ifup."""

from __future__ import annotations

import pytest
from laying import laid
from releases import HOOKS, Case, cases

CASES = [case for case in cases() if not case.guests]
each_case = pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])


@each_case
@pytest.mark.parametrize("xtables", ["nft", "legacy"])
def test_ifdown_leaves_the_kernel_as_the_release_found_it(case: Case, xtables: str) -> None:
    with laid(case, xtables) as node:
        assert node.differs(node.before)
        node.command(f"ifdown {case.link}")
        assert node.has_nothing()


@each_case
def test_status_finds_nothing_wrong(case: Case) -> None:
    with laid(case) as node:
        assert node.status() == []


@each_case
def test_ifup_again_makes_it_this_version_s(case: Case) -> None:
    with laid(case) as node:
        node.command(f"ifup --force {case.link}")
        assert node.status() == []
        node.command(f"ifdown {case.link}")
        assert node.has_nothing()


@each_case
def test_the_hooks_of_the_release_run_this_version(case: Case) -> None:
    """dpkg keeps hooks that somebody edited, and has all of them replaced later than the modules."""
    with laid(case) as node:
        for directory in HOOKS:
            node.host.run(f"cp {case.folder.parent}/{directory}/routed /etc/network/{directory}/routed")
        node.ifdown_and_up()
        assert node.status() == []
        node.command(f"ifdown {case.link}")
        assert node.has_nothing()
