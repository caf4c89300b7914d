"""No unit test reaches the host."""

import posix
from pathlib import Path

import pytest

import snf_network_helper
from snf_network_helper.commands.main import main
from snf_network_helper.errors import KernelError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.kernel import ip, sysctl
from snf_network_helper.runtime import shared


def test_the_package_of_this_checkout_is_tested() -> None:
    assert Path(snf_network_helper.__file__).parents[1] == Path(__file__).resolve().parents[2]


def test_no_program_is_run() -> None:
    with pytest.raises(AssertionError, match="a unit test is about to run"):
        ip.batch(["ip link set lo up"], keep_going=False)


def test_no_setting_of_the_host_is_seen() -> None:
    with pytest.raises(KernelError, match="No such file or directory"):
        sysctl.read("net/ipv4/ip_forward")


def test_no_setting_of_the_host_is_written() -> None:
    with pytest.raises(KernelError, match="No such file or directory"):
        sysctl.write("net/ipv4/conf/all/forwarding", "1")


def test_no_journal_of_the_host_is_seen(tmp_path: Path) -> None:
    assert Journal("eth0:inet").path.startswith(str(tmp_path))
    assert (list(names()), shared.settings()) == ([], frozenset())


@pytest.mark.parametrize("command", ["status", "down"])
def test_a_command_that_needs_root_says_so_to_others(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(posix, "geteuid", lambda: 1000)

    assert main([command, "eth0.222"]) == 1
    assert capsys.readouterr() == ("", f"snf-network-helper {command}: expected to be run by root\n")
