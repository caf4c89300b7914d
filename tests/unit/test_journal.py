"""The journal: what is written is read again."""

import posix
from pathlib import Path

import pytest
from samples import EVERYWHERE, SETUPS, planned

from snf_network_helper.changes.base import APPLIED, KEPT, PENDING, Change, Entry
from snf_network_helper.changes.link import Link
from snf_network_helper.changes.masquerade import Masquerade
from snf_network_helper.changes.proxy_neighbour import ProxyNeighbour
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.errors import JournalError
from snf_network_helper.journal.journal import Journal, names
from snf_network_helper.runtime.files import make_directory, remove

NAME = "eth0.222:inet"
LINK = Link("eth0.222")
FORWARDING = Sysctl("net/ipv4/conf/eth0.222/forwarding", "1")
EVERY_CHANGE: list[Change] = list(
    dict.fromkeys(
        [change for options in SETUPS.values() for change in planned(options, facts=EVERYWHERE)]
        + [change for options in SETUPS.values() for change in planned(options)]
        + [
            ProxyNeighbour("2001:db8::7", "eth0.222"),
            Masquerade("6", "eth0", "2001:db8::/64", "eth1", "2001:db8:1::/48"),
        ]
    )
)


def contents(name: str = NAME) -> tuple[str, list[str]]:
    read = Journal.read(name)
    return read.run, [entry.line() for entry in read.entries]


@pytest.mark.parametrize("change", EVERY_CHANGE, ids=repr)
@pytest.mark.parametrize(("state", "prior"), [(PENDING, ""), (APPLIED, "0"), (KEPT, "1,eth0,eth1")])
def test_an_entry_is_read_as_it_was_written(change: Change, state: str, prior: str) -> None:
    line = Entry(change, state, prior).line()
    again = Entry.parse(line)

    assert (again.change, again.state, again.prior) == (change, state, prior)
    assert again.line() == line


def test_an_entry_is_one_line_of_plain_text() -> None:
    assert Entry(LINK).line() == "pending Link dev=eth0.222"
    assert Entry(FORWARDING, APPLIED, "0").line() == (
        "applied Sysctl path=net/ipv4/conf/eth0.222/forwarding value=1 prior=0"
    )


@pytest.mark.parametrize(
    "line",
    ["", "applied", "applied Link", "applied Link eth0", "applied Link dev=", "applied Link dev=a dev=b",
     "applied Link dev=a name=b", "applied Link dev=a ", "applied  Link dev=a", "done Link dev=a", "applied Dev dev=a",
     "applied Sysctl value=1 path=a", "applied Change", "applied IpChange", "applied Link self=a dev=b"],
)  # fmt: skip
def test_a_line_that_no_entry_writes_is_a_value_error(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the journal says the rest
        Entry.parse(line)


def test_a_journal_is_read_as_it_was_written(written: Path) -> None:
    assert contents() == ("4711", [Entry(LINK, APPLIED).line(), Entry(FORWARDING, APPLIED, "0").line()])
    assert written.read_text() == (
        "snf-network-helper journal 1 run=4711 since=\n"
        "applied Link dev=eth0.222\n"
        "applied Sysctl path=net/ipv4/conf/eth0.222/forwarding value=1 prior=0\n"
        "end 2\n"
    )


@pytest.mark.parametrize("parts", [(0, 0), (1, 0)])
def test_a_journal_knows_the_number_of_its_link(written: Path, parts: tuple[int, int]) -> None:
    journal = Journal.read(NAME)
    assert journal.link == ""  # as earlier versions have written it
    journal.link = "17"
    journal.former, journal.first = parts
    journal.write()

    read = Journal.read(NAME)
    assert (read.link, read.former, read.first, len(read.entries)) == ("17", *parts, 2)


def test_a_journal_that_was_never_written_is_empty() -> None:
    assert contents() == ("", [])


def test_a_journal_without_entries_is_no_file(written: Path) -> None:
    Journal(NAME).write()

    assert not written.exists()
    assert contents() == ("", [])


def test_a_journal_and_its_directories_are_roots_alone(written: Path, run_directory: Path) -> None:
    assert written.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (run_directory, written.parent)} == {0o700}


def test_no_draft_is_left(written: Path, run_directory: Path) -> None:
    assert [path for path in run_directory.rglob("*") if path.is_file()] == [written]


def test_a_draft_that_a_kill_left_is_in_nobodys_way(run_directory: Path) -> None:
    make_directory("journal")
    (run_directory / f"draft-{NAME}").write_text("half a jour")

    Journal(NAME, "", [Entry(LINK)]).write()

    assert contents() == ("", [Entry(LINK).line()])


def test_a_journal_that_cannot_be_written_leaves_the_old_one(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(posix, "fsync", full)
    before = written.read_text()

    with pytest.raises(JournalError) as caught:
        Journal(NAME, "", [Entry(LINK)]).write()

    assert str(caught.value) == f"cannot write {written}: No space left on device"
    assert written.read_text() == before


def test_the_journals_of_an_interface_are_those_of_its_families_the_latest_first() -> None:
    for name in ("eth0.222:inet", "eth0.222:inet6", "eth0.22:inet", "eth0.2222:inet", "eth0:inet", "0.222:inet"):
        Journal(name, "", [Entry(LINK)]).write()

    assert list(names("eth0.222")) == ["eth0.222:inet6", "eth0.222:inet"]
    assert len(list(names())) == 6


def test_removing_what_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove(str(tmp_path / "nothing"))

    with pytest.raises(JournalError, match=f"^cannot remove {tmp_path}: "):
        remove(str(tmp_path))
