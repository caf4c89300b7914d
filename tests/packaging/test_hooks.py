"""The hooks of ifupdown: they start Python where there is something to do, alone, and nowhere else."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from machine import Machine, never_installed

HOOK = "/usr/lib/python3/dist-packages/snf_network_helper/hook.py"
JOURNAL = "/run/snf-network-helper/journal"

# Stands in for the real one, and tells what it was started with.
REPORT = """
import os, sys

def run() -> None:
    print(os.environ["MODE"], os.environ["IFACE"], os.environ["PATH"], os.environ["LC_ALL"])
    print(*sys.path, sep="\\n")
    sys.exit(7)
"""
STARTED, NOT_STARTED = 7, 0

ROUTED = {"IF_ROUTED_SUBNET": "192.0.2.0/24"}


@pytest.fixture(scope="module")
def shared(deb: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A machine with the package on it, for all tests of this module."""
    with never_installed(tmp_path_factory.mktemp("machine")) as machine:
        machine.install(deb)
        yield machine


@pytest.fixture
def reporting(shared: Machine) -> Iterator[Machine]:
    """A machine whose hooks tell about themselves where they would change the kernel."""
    shared.write(HOOK, REPORT)
    yield shared
    shared.run("rm", "-rf", "/run/snf-network-helper")


def hook(machine: Machine, event: str, **environ: str) -> int:
    """Runs if-up.d/routed or if-down.d/routed as ifup and ifdown do."""
    usual = {"IFACE": "eth0.222", "LOGICAL": "eth0.222", "ADDRFAM": "inet", "METHOD": "manual", "VERBOSITY": "0"}
    phase = {"up": {"MODE": "start", "PHASE": "post-up"}, "down": {"MODE": "stop", "PHASE": "pre-down"}}[event]
    done = machine.run(f"/etc/network/if-{event}.d/routed", check=False, environ=usual | phase | environ)
    assert done.stderr == ""
    assert (done.stdout != "") == (done.returncode != 0)
    return done.returncode


@pytest.mark.parametrize(
    "options", [ROUTED, {"IF_ROUTED_SUBNET": ""}, {"IF_ROUTED_SUBNT": "192.0.2.0/24"}, {"IF_ROUTED_ROLE": "router"}]
)
def test_up_starts_for_any_option(reporting: Machine, options: dict[str, str]) -> None:
    assert hook(reporting, "up", **options) == STARTED


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"IF_ADDRESS": "192.0.2.1"},
        {**ROUTED, "ADDRFAM": "meta", "IFACE": "--all"},
        {**ROUTED, "IFACE": "lo"},
        {**ROUTED, "IFACE": ""},
        {**ROUTED, "MODE": "stop"},
        {**ROUTED, "ADDRFAM": "NetworkManager"},
    ],
)
def test_up_starts_for_nothing_else(reporting: Machine, environ: dict[str, str]) -> None:
    assert hook(reporting, "up", **environ) == NOT_STARTED


@pytest.mark.parametrize(
    ("setting", "value", "expected"),
    [
        ("net:ipv6:conf:all:forwarding", "1", STARTED),
        ("net:ipv6:conf:veth0:forwarding", "1", STARTED),
        ("net:ipv6:conf:all:forwarding", "0", NOT_STARTED),
        ("net:ipv6:conf:all:forwarding", "2", NOT_STARTED),
        ("net:ipv6:conf:eth9:forwarding", "1", NOT_STARTED),
        ("net:ipv6:conf:default:accept_ra", "1", NOT_STARTED),
    ],
)
def test_up_starts_where_a_link_would_heed_no_advertisements_because_of_us(
    reporting: Machine, setting: str, value: str, expected: int
) -> None:
    reporting.write(f"/run/snf-network-helper/shared/{setting}/prior", "0")
    reporting.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    reporting.run("sh", "-c", f"echo {value} > /proc/sys/net/ipv6/conf/veth0/accept_ra")
    assert hook(reporting, "up", IFACE="veth0") == expected
    assert hook(reporting, "up", IFACE="none") == NOT_STARTED
    reporting.run("ip", "link", "del", "veth0")
    reporting.run("rm", "-r", "/run/snf-network-helper/shared")


def test_a_journal_starts_the_down_hook_only(reporting: Machine) -> None:
    reporting.write(f"{JOURNAL}/eth0.222:inet6", "what ifup did\n")
    assert hook(reporting, "up") == NOT_STARTED
    assert hook(reporting, "down") == STARTED


def test_a_journal_of_another_interface_starts_neither(reporting: Machine) -> None:
    for name in ("eth0:inet", "eth0.22:inet", "eth0x222:inet", "xeth0.222:inet"):
        reporting.write(f"{JOURNAL}/{name}", "what ifup did\n")
    assert hook(reporting, "up") == NOT_STARTED
    assert hook(reporting, "down", **ROUTED) == NOT_STARTED
    assert hook(reporting, "down", IFACE="*") == NOT_STARTED


@pytest.mark.parametrize("environ", [{"ADDRFAM": "meta"}, {"MODE": "start"}, {"ADDRFAM": "NetworkManager"}])
def test_down_starts_for_no_other_event(reporting: Machine, environ: dict[str, str]) -> None:
    reporting.write(f"{JOURNAL}/eth0.222:inet", "what ifup did\n")
    assert hook(reporting, "down", **environ) == NOT_STARTED


def test_neither_starts_without_the_package(reporting: Machine) -> None:
    reporting.write(f"{JOURNAL}/eth0.222:inet", "what ifup did\n")
    reporting.path(HOOK).unlink()
    assert hook(reporting, "up", **ROUTED) == NOT_STARTED
    assert hook(reporting, "down") == NOT_STARTED


@pytest.mark.parametrize("event", ["up", "down"])
def test_root_imports_only_what_is_the_systems(reporting: Machine, event: str) -> None:
    mode = {"up": "start", "down": "stop"}[event]
    planted = "raise SystemExit('planted code ran')\n"
    reporting.write("/tmp/planted/snf_network_helper/__init__.py", planted)
    reporting.write("/tmp/planted/sys.py", planted)
    reporting.write("/tmp/planted/os.py", planted)
    reporting.write("/usr/lib/python3/dist-packages/planted.pth", f"import sys; {planted}")
    reporting.write(f"{JOURNAL}/eth0.222:inet", "what ifup did\n")
    program = f"cd /tmp/planted && PATH=/tmp/planted exec /etc/network/if-{event}.d/routed"
    environ = {**ROUTED, "IFACE": "eth0.222", "ADDRFAM": "inet", "MODE": mode, "PYTHONPATH": "/tmp/planted"}
    done = reporting.run("sh", "-c", program, check=False, environ=environ)
    reporting.path("/usr/lib/python3/dist-packages/planted.pth").unlink()
    first, *path = done.stdout.splitlines()
    assert first == f"{mode} eth0.222 /usr/sbin:/usr/bin:/sbin:/bin C"
    assert path[-1] == "/usr/lib/python3/dist-packages"
    assert all(entry.startswith("/usr/lib/python3") for entry in path)


def test_ifup_and_ifdown_run_them(reporting: Machine) -> None:
    """ifup fails with the hook, ifdown does not; both pass on what it says."""
    reporting.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    reporting.write("/tmp/interfaces", "iface veth0 inet manual\n    routed-subnet 192.0.2.0/24\n")
    up = reporting.run("ifup", "-i", "/tmp/interfaces", "veth0", check=False)
    assert up.returncode == 1
    assert up.stdout.startswith("start veth0 ")
    reporting.write(HOOK, f"{REPORT.replace('sys.exit(7)', 'sys.exit(0)')}# not taken for the one before\n")
    reporting.run("ifup", "-i", "/tmp/interfaces", "veth0")
    reporting.write(f"{JOURNAL}/veth0:inet", "what ifup did\n")
    down = reporting.run("ifdown", "-i", "/tmp/interfaces", "veth0")
    assert down.stdout.startswith("stop veth0 ")
