"""Every test has a kernel, a journal and settings of its own: the host's are out of its reach, root's test or not."""

import posix
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the package of this checkout, not an installed one

from fake_kernel import FakeKernel
from samples import IFACE, give_links

from snf_network_helper import hook
from snf_network_helper.changes import arp_source, seen
from snf_network_helper.changes.base import APPLIED, Entry
from snf_network_helper.changes.link import Link
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.commands import attach, detach, down
from snf_network_helper.journal.journal import Journal
from snf_network_helper.kernel import link, link_addresses, nfnetlink, process, rtnetlink, sysctl, table_names
from snf_network_helper.runtime import files
from snf_network_helper.transaction import host as facts


@pytest.fixture(autouse=True)
def out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns whatever would read or change the host to a place of the test's own, and starting a program to an error."""

    def spawn(*words: object, **_: object) -> None:
        raise AssertionError(f"a unit test is about to run {words[1]}")

    run = str(tmp_path / "run")
    monkeypatch.setattr(files, "DIRECTORY", run)
    monkeypatch.setattr(files, "looks_only", False)
    monkeypatch.setattr(sysctl, "_PROC_SYS", f"{tmp_path}/sys/")
    monkeypatch.setattr(arp_source, "_PROGRAM", "/usr/sbin/xtables-nft-multi")
    monkeypatch.setattr(process, "verbose", False)
    monkeypatch.setattr(process, "interrupted", False)
    monkeypatch.setattr(posix, "posix_spawnp", spawn)
    monkeypatch.setattr(nfnetlink, "socket", None)
    monkeypatch.setattr(rtnetlink, "_open", None)
    monkeypatch.setattr(nfnetlink, "has_rule_with", lambda *_: False)
    monkeypatch.setattr(posix, "fsync", lambda file: None)  # nobody cuts the power here
    monkeypatch.setattr(files, "_made", set())
    monkeypatch.setattr(rtnetlink, "learnt_default_links", set)
    monkeypatch.setattr(rtnetlink, "is_nodes_own", lambda link: not link.startswith("port"))
    monkeypatch.setattr(rtnetlink, "own_addresses", list)
    monkeypatch.setattr(rtnetlink, "default_link", lambda family: "")
    monkeypatch.setattr(rtnetlink, "is_local_first", lambda family, priority, protocol: True)
    monkeypatch.setattr(seen, "marked", frozenset)
    monkeypatch.setattr(link, "absence", lambda name: "")
    monkeypatch.setattr(link, "trouble", lambda dev: "")
    monkeypatch.setattr(facts, "SETTINGS", str(tmp_path / "settings"))
    monkeypatch.setattr(table_names, "_FILES", (str(tmp_path / "rt_tables"),))
    monkeypatch.setattr(hook, "_run", lambda _: "")
    for module in (hook, attach, detach, down):
        monkeypatch.setattr(module, "heed_signals", lambda bringing_up: None)



@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    """A host with an uplink and the link of the examples."""
    fake = FakeKernel(tmp_path / "sys")
    give_links(fake, "eth0", IFACE)
    monkeypatch.setattr(sysctl, "write", fake.write)
    monkeypatch.setattr(sysctl, "number", fake.number)
    monkeypatch.setattr(sysctl, "name_of", fake.name_of)
    monkeypatch.setattr(link_addresses, "has_address", fake.has_address)
    monkeypatch.setattr(link_addresses, "count", fake.count)
    monkeypatch.setattr(posix, "posix_spawnp", fake.spawn)
    monkeypatch.setattr(posix, "waitpid", fake.wait)
    monkeypatch.setattr(nfnetlink, "_delete", fake.delete_table)
    return fake


@pytest.fixture
def run_directory(tmp_path: Path) -> Path:
    """Where the journals are."""
    return tmp_path / "run"


@pytest.fixture
def written(run_directory: Path) -> Path:
    """The file of a journal with two entries."""
    forwarding = Sysctl(f"net/ipv4/conf/{IFACE}/forwarding", "1")
    entries = [Entry(Link(IFACE), APPLIED), Entry(forwarding, APPLIED, "0")]
    Journal(f"{IFACE}:inet", "4711", entries).write()
    return run_directory / "journal" / f"{IFACE}:inet"
