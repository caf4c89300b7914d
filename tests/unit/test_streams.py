"""Nobody has to read what is said: work is done, and counts as done, where the streams are closed, full or broken."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import pytest
from fake_kernel import FakeKernel
from samples import IFACE

from snf_network_helper import hook
from snf_network_helper.commands import down
from snf_network_helper.commands.main import main
from snf_network_helper.journal.journal import Journal, names

Console = pytest.CaptureFixture[str]
UP = {
    "IFACE": IFACE,
    "ADDRFAM": "inet",
    "MODE": "start",
    "VERBOSITY": "1",
    "IF_ROUTED_SUBNET": "192.0.2.0/24",
    "IF_ROUTED_GATEWAY": "192.0.2.1",
    "IF_ROUTED_UPLINK": "eth0",  # of which it warns
}


def full(buffering: int = 1) -> TextIO:
    return Path("/dev/full").open("w", buffering=buffering)


def broken() -> TextIO:
    """A pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", buffering=1)


def closed() -> None:
    """What Python makes of a stream that was closed when it started."""


streams = pytest.mark.parametrize("stream", [full, broken, closed])


@pytest.fixture(autouse=True)
def root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(down, "need_root", lambda command: None)


@streams
def test_ifup_and_ifdown(
    stream: Callable[[], TextIO | None], host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream())
    assert hook.main(UP) == 0
    assert all(entry.state == "applied" for entry in Journal.read(f"{IFACE}:inet").entries)
    assert hook.main({**UP, "MODE": "stop"}) == 0
    assert not [*names(IFACE)]


@streams
def test_a_command_that_only_works(
    stream: Callable[[], TextIO | None], host: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    hook.main({**UP, "VERBOSITY": "0"})
    monkeypatch.setattr(sys, "stderr", stream())
    assert main(["down", IFACE, "-v"]) == 0
    assert not [*names(IFACE)]


def test_a_command_without_standard_output(host: FakeKernel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    assert main(["status"]) == 0


def test_an_output_that_cannot_be_written_is_one_line(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    monkeypatch.setattr(sys, "stdout", full(buffering=-1))
    for words in (["down", IFACE], ["--help"], ["attach", "--help"], ["--version"]):
        assert main(words) == 1
        assert capsys.readouterr().err == "cannot write the output: No space left on device\n"


def test_an_error_is_not_said_on_standard_output(monkeypatch: pytest.MonkeyPatch, capsys: Console) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["down", "lo"]) == 1
    assert capsys.readouterr().out == ""
