"""Whom the journal trusts: what is not wholly as we write it, or not root's own, is set aside or refused."""

import fcntl
import os
import posix
from collections.abc import Callable
from pathlib import Path

import pytest

from snf_network_helper.errors import JournalError
from snf_network_helper.journal.journal import Journal
from snf_network_helper.kernel.background import in_background
from snf_network_helper.runtime import files
from snf_network_helper.runtime.files import make_directory
from snf_network_helper.runtime.lock import Lock

NAME = "eth0.222:inet"


def set_aside(run_directory: Path) -> str:
    """Why reading sets the journal aside; with that, that it did."""
    with pytest.raises(JournalError) as caught:
        Journal.read(NAME)
    path, aside = run_directory / "journal" / NAME, run_directory / "aside" / f"{NAME}.1"
    assert not os.path.lexists(path)
    assert os.path.lexists(aside)
    before, after = f"journal {path}: ", f"; set aside as {aside}, undo by hand what it lists"
    message = str(caught.value)
    assert message.startswith(before)
    assert message.endswith(after)
    return message.removeprefix(before).removesuffix(after)


def owned_by_another(monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """Has fstat or lstat find somebody else's files."""
    real: Callable[[int], os.stat_result] = getattr(posix, function)

    def foreign(file: int) -> os.stat_result:
        status = list(real(file))
        status[4] += 1  # st_uid
        return os.stat_result(status)

    monkeypatch.setattr(posix, function, foreign)


@pytest.mark.parametrize("cut", [0, 1, 20, 38, 60, 70, -10, -6, -2, -1])
def test_a_journal_that_is_cut_off_is_set_aside(written: Path, run_directory: Path, cut: int) -> None:
    written.write_text(written.read_text()[:cut])

    assert set_aside(run_directory).startswith("not understood: ")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("end 2\n", "", "it is cut off"),
        ("end 2\n", "end 3\n", "it is cut off"),
        ("end 2\n", "end 2\nend 2\n", "it is cut off"),
        ("end 2\n", "end 2\nmore", "it is cut off"),
        ("journal 1", "journal 2", "snf-network-helper journal 2 run=4711 since="),
        ("snf-network-helper journal", "diary", "diary 1 run=4711 since="),
        ("applied Link", "done Link", "done Link dev=eth0.222"),
        ("Link dev", "Link device", "applied Link device=eth0.222"),
        ("applied Link", "applied Teleport", "applied Teleport dev=eth0.222"),
        ("Link dev=eth0.222\n", "Dev dev=\x1b[2J\n", "applied Dev dev=\\x1b[2J"),
    ],
)
def test_a_journal_of_other_making_is_set_aside(
    written: Path, run_directory: Path, before: str, after: str, why: str
) -> None:
    written.write_text(written.read_text().replace(before, after, 1))

    assert set_aside(run_directory) == f"not understood: {why}"


def test_bytes_that_are_no_text_are_set_aside(written: Path, run_directory: Path) -> None:
    written.write_bytes(bytes(range(256)))

    assert set_aside(run_directory).isprintable()


def test_a_journal_of_somebody_elses_is_set_aside(
    written: Path, run_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned_by_another(monkeypatch, "fstat")

    assert written.exists()
    assert set_aside(run_directory) == "not a file that only root can write"


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_journal_that_others_can_write_is_set_aside(written: Path, run_directory: Path, mode: int) -> None:
    written.chmod(mode)

    assert set_aside(run_directory) == "not a file that only root can write"


def test_a_symbolic_link_is_set_aside_and_not_followed(written: Path, run_directory: Path) -> None:
    target = run_directory / "elsewhere"
    written.rename(target)
    written.symlink_to(target)

    assert set_aside(run_directory) == "Too many levels of symbolic links"
    assert target.read_text().endswith("end 2\n")


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_set_aside(run_directory: Path, make: Callable[[Path], None]) -> None:
    make_directory("journal")
    make(run_directory / "journal" / NAME)

    assert set_aside(run_directory) == "not a file that only root can write"


def test_what_was_set_aside_before_is_not_overwritten(written: Path, run_directory: Path) -> None:
    for text in ("first", "second", "third"):
        written.write_text(text)
        with pytest.raises(JournalError):
            Journal.read(NAME)

    aside = run_directory / "aside"
    assert {path.name: path.read_text() for path in aside.iterdir()} == {
        f"{NAME}.1": "first",
        f"{NAME}.2": "second",
        f"{NAME}.3": "third",
    }


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701])
def test_a_directory_that_others_can_enter_is_refused(run_directory: Path, mode: int) -> None:
    run_directory.mkdir()
    run_directory.chmod(mode)

    with pytest.raises(JournalError, match=f"^{run_directory}: expected a directory that is root's own, mode 0700$"):
        make_directory("journal")


def test_a_directory_of_somebody_elses_is_refused(run_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_directory("journal")
    files._made.clear()  # another process comes
    owned_by_another(monkeypatch, "lstat")

    with pytest.raises(JournalError, match=f"^{run_directory}: expected a directory that is root's own, mode 0700$"):
        make_directory("journal")


@pytest.mark.parametrize("in_the_way", ["link", "file"])
def test_what_is_no_directory_is_refused(run_directory: Path, tmp_path: Path, in_the_way: str) -> None:
    (tmp_path / "other").mkdir(0o700)
    if in_the_way == "link":
        run_directory.symlink_to(tmp_path / "other")
    else:
        run_directory.touch(0o600)

    with pytest.raises(JournalError, match=r": expected a directory that is root's own, mode 0700$"):
        make_directory("journal")


def test_a_lock_is_held_by_one_at_a_time(run_directory: Path) -> None:
    make_directory("lock")
    (run_directory / "lock" / "eth0.222").touch()

    with open(run_directory / "lock" / "eth0.222") as other:
        with Lock("eth0.222"), Lock("eth0.223"), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_lock_is_let_go_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), Lock("eth0.222"):
        raise ZeroDivisionError

    with Lock("eth0.222"):
        pass


def test_a_lock_that_is_a_symbolic_link_is_refused(run_directory: Path) -> None:
    make_directory("lock")
    (run_directory / "lock" / "eth0.222").symlink_to("/nonexistent")

    with (
        pytest.raises(JournalError, match=r"^cannot lock .*/lock/eth0\.222: Too many levels of symbolic links$"),
        Lock("eth0.222"),
    ):
        pass


def test_a_process_in_the_background_leaves_it_for_one_that_can_say_so(run_directory: Path, written: Path) -> None:
    written.write_text("spoilt")

    in_background(lambda: print(Journal.read(NAME)))
    os.wait()

    assert written.read_text() == "spoilt"
    assert set_aside(run_directory) == "not understood: spoilt"
