"""The one question of the package: the names of routing tables, and the file that holds them."""

from pathlib import Path

import pytest
from machine import Machine

ALIASES = "/etc/iproute2/rt_tables.d/snf-network-helper.conf"


def aliases(machine: Machine) -> list[str]:
    """The file without its comments."""
    return [line for line in machine.path(ALIASES).read_text("utf-8").splitlines() if not line.startswith("#")]


def reconfigure(machine: Machine, answer: str | None = None) -> str:
    """Runs dpkg-reconfigure, with an administrator who gives this answer; returns the complaint."""
    environ = {}
    if answer is not None:
        machine.write("/tmp/answer", f"""sed -i 's/^\\(snf-network-helper.tables\\)=.*/\\1="{answer}"/' "$1"\n""")
        environ = {"DEBIAN_FRONTEND": "editor", "EDITOR": "sh /tmp/answer"}
    done = machine.run("dpkg-reconfigure", "--priority=low", "snf-network-helper", environ=environ)
    return "".join(line for line in done.stderr.splitlines() if line.startswith("snf-network-helper: "))


def test_the_default(installed: Machine) -> None:
    assert aliases(installed) == ["222\tsnf_routed"]
    assert installed.path(ALIASES).stat().st_mode & 0o777 == 0o644
    installed.run("ip", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1")
    installed.run("ip", "link", "set", "veth0", "up")
    installed.run("ip", "route", "add", "192.0.2.0/24", "dev", "veth0", "table", "snf_routed", "proto", "snf")
    assert "table snf_routed proto snf" in installed.run("ip", "route", "show", "table", "all").stdout


def test_preseeded_with_several(machine: Machine, deb: Path) -> None:
    machine.preseed("222 snf_routed,  300   snf_public ,2147483647 last")
    assert machine.install(deb).stderr == ""
    assert aliases(machine) == ["222\tsnf_routed", "300\tsnf_public", "2147483647\tlast"]
    machine.run("ip", "rule", "add", "lookup", "last", "priority", "300")
    assert "lookup last" in machine.run("ip", "rule").stdout


def test_preseeded_with_none(machine: Machine, deb: Path) -> None:
    machine.preseed("")
    assert machine.install(deb).stderr == ""
    assert not machine.path(ALIASES).exists()


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ("snf_routed", '"snf_routed" is not a number and a name'),
        ("222 snf routed", '"222\tsnf\trouted" is not a number and a name'),
        ("0 snf_routed", '"0" is no number from 1 to 252 or from 256 to 2147483647'),
        ("222 good, 254 snf_routed", '"254" is no number from 1 to 252 or from 256 to 2147483647'),
        ("2147483648 snf_routed", '"2147483648" is no number from 1 to 252 or from 256 to 2147483647'),
        ("snf_routed 222", '"snf_routed" is no number from 1 to 252 or from 256 to 2147483647'),
        ("222 main", '"main" is a reserved name'),
        ("222 333", '"333" is no name of letters, digits and _ . -'),
        ("222 $(reboot)", '"$(reboot)" is no name of letters, digits and _ . -'),
        ("222 twice, 223 twice", '"twice" names two tables'),
    ],
)
def test_preseeded_with_a_mistake(machine: Machine, deb: Path, answer: str, complaint: str) -> None:
    machine.preseed(answer)
    done = machine.install(deb)
    assert done.stderr == f"snf-network-helper: names of routing tables: {complaint}; {ALIASES} stays as it is\n"
    assert not machine.path(ALIASES).exists()
    assert "ok installed" in machine.run("dpkg-query", "--status", "snf-network-helper").stdout


def test_another_answer(installed: Machine) -> None:
    assert reconfigure(installed, "300 customers, 301 guests") == ""
    assert aliases(installed) == ["300\tcustomers", "301\tguests"]
    assert reconfigure(installed, "") == ""
    assert not installed.path(ALIASES).exists()
    assert reconfigure(installed, "222 snf_routed") == ""
    assert aliases(installed) == ["222\tsnf_routed"]


def test_a_wrong_answer_leaves_the_file(installed: Machine) -> None:
    assert '"255" is no number' in reconfigure(installed, "255 customers")
    assert aliases(installed) == ["222\tsnf_routed"]
    assert reconfigure(installed) == ""


EDITED = [
    "# customers have numbers of their own\n300 customers # since May\n\n\t301\tguests\n",
    "0x12c customers\n",
    "300 customers",
    "# none at the moment\n",
    "",
]


@pytest.mark.parametrize("edited", EDITED)
def test_an_edited_file_is_left_as_it_is(installed: Machine, newer_deb: Path, edited: str) -> None:
    installed.write(ALIASES, edited)
    assert reconfigure(installed) == ""
    assert installed.install(newer_deb).stderr == ""
    assert installed.path(ALIASES).read_text() == edited


def test_a_file_that_was_there_before_the_package(machine: Machine, deb: Path) -> None:
    machine.write(ALIASES, "# ours\n300 customers\n")
    machine.install(deb)
    assert machine.path(ALIASES).read_text() == "# ours\n300 customers\n"


def test_a_deleted_file_stays_deleted(installed: Machine, newer_deb: Path) -> None:
    installed.path(ALIASES).unlink()
    reconfigure(installed)
    installed.install(newer_deb)
    assert not installed.path(ALIASES).exists()


def test_an_answer_given_while_upgrading(installed: Machine, newer_deb: Path) -> None:
    """apt asks before unpacking; the question is then gone through once more before it is acted on."""
    installed.write("/tmp/unseen", "snf-network-helper snf-network-helper/tables seen false\n")
    installed.run("debconf-set-selections", "/tmp/unseen")
    installed.write("/tmp/priority", "debconf debconf/priority select low\n")
    installed.write("/tmp/answer", """sed -i 's/^\\(snf-network-helper.tables\\)=.*/\\1="300 customers"/' "$1"\n""")
    installed.path("/tmp/newer.deb").write_bytes(newer_deb.read_bytes())
    asking = {"DEBIAN_FRONTEND": "editor", "DEBIAN_PRIORITY": "low", "EDITOR": "sh /tmp/answer"}
    installed.run("dpkg-preconfigure", "/tmp/newer.deb", environ=asking)
    installed.run("dpkg", "--install", "/tmp/newer.deb", environ=asking)
    assert aliases(installed) == ["300\tcustomers"]


def test_purge_forgets_the_answer(installed: Machine, deb: Path) -> None:
    reconfigure(installed, "300 customers")
    installed.run("dpkg", "--purge", "snf-network-helper")
    installed.install(deb)
    assert aliases(installed) == ["222\tsnf_routed"]
