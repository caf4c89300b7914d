"""Every line that a release wrote into a journal is an entry, and would be written so again."""

from __future__ import annotations

import pytest
from releases import Case, every_case

from snf_network_helper.changes.base import Entry

CASES = every_case()


@pytest.mark.parametrize("case", CASES, ids=[case.title for case in CASES])
def test_every_line_is_an_entry(case: Case) -> None:
    assert case.journals
    for journal in case.journals:
        header, *lines = journal.read_text("utf-8").splitlines()
        assert header.startswith("snf-network-helper journal ")
        *lines, end = [line for line in lines if not line.startswith("asked ")]
        assert end.startswith("end ")
        assert lines
        assert [Entry.parse(line).line() for line in lines] == lines
