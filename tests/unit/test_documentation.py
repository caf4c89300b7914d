"""README, manual pages and design say what the code does: every option, every command, and stanzas that are right."""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from snf_network_helper.commands.parser import parser
from snf_network_helper.findings.every import KINDS
from snf_network_helper.interfaces import reader
from snf_network_helper.kernel import table_names
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import plan
from snf_network_helper.stanza.options import OPTIONS
from snf_network_helper.stanza.stanza import ROLES, Stanza

ROOT = Path(__file__).resolve().parents[2]
README, MAN5, MAN8 = "README.md", "man/snf-network-helper-interfaces.5", "man/snf-network-helper.8"
MAN7 = "man/snf-network-helper-findings.7"
DOCS = [str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md"))]
DOCUMENTS = [README, MAN5, MAN8, *DOCS, "CONTRIBUTING.md"]

IFACE = re.compile(r"^auto (\S+)$", re.MULTILINE)
OPTION = re.compile(r"\brouted-[a-z0-9-]*[a-z0-9]")
PLAN = "# snf-network-helper plan "


def text(document: str) -> str:
    """A document as its reader sees it, but for a manual page's macros."""
    written = (ROOT / document).read_text("utf-8")
    if document.endswith(".md"):
        return written
    return re.sub(r"\\f[BIPR]", "", written).replace("\\-", "-").replace("\\(dq", '"')


def examples(document: str) -> list[str]:
    """The examples of a document, in order: code blocks of Markdown, .EX to .EE of a manual page."""
    fence = r"^```\n(.*?)^```$" if document.endswith(".md") else r"^\.EX\n(.*?)^\.EE$"
    return re.findall(fence, text(document), re.MULTILINE | re.DOTALL)


def compact_stanzas() -> list[tuple[str, str]]:
    """Every example with routed-* options, and the document it is from."""
    return [
        (document, example)
        for document in DOCUMENTS
        for example in examples(document)
        if re.search(r"^ +routed-", example, re.MULTILINE)
    ]


@pytest.fixture(autouse=True)
def as_on_a_host_with_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    aliases = tmp_path / "rt_tables"
    aliases.write_text("222 snf_routed\n")
    monkeypatch.setattr(table_names, "_FILES", (str(aliases),))
    monkeypatch.setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")


def parsed(example: str, directory: Path) -> list[Stanza]:
    """The stanzas that ifup would find, were the example a file."""
    file = directory / "interfaces"
    file.write_text(example)
    return [stanza for iface in IFACE.findall(example) for stanza in reader.stanzas(iface, str(file))]


def stanzas_of(document: str, directory: Path) -> list[Stanza]:
    """The stanzas in all examples of a document."""
    return [
        stanza for found, example in compact_stanzas() if found == document for stanza in parsed(example, directory)
    ]


@pytest.mark.parametrize("document", [README, MAN5])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_is_documented(document: str, option: str) -> None:
    assert option in OPTION.findall(text(document))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_other_option_is_mentioned(document: str) -> None:
    lines = [line for line in text(document).splitlines() if "unknown option" not in line]
    assert set(OPTION.findall("\n".join(lines))) <= {*OPTIONS}


def test_every_option_has_its_heading_in_the_manual_page() -> None:
    headings = re.findall(r"^\.TP\n\.B\w? (routed-\S+)", text(MAN5), re.MULTILINE)
    assert headings == list(OPTIONS)


def test_every_option_has_its_row_in_the_readme() -> None:
    rows = re.findall(r"^\| `(routed-\S+)` \|", text(README), re.MULTILINE)
    assert rows == list(OPTIONS)


@pytest.mark.parametrize("document", [README, MAN8])
def test_every_command_is_documented(document: str) -> None:
    (commands,) = [action for action in parser()._actions if isinstance(action, argparse._SubParsersAction)]
    assert commands.choices
    for name, command in commands.choices.items():
        assert f"snf-network-helper {name}" in text(document) or f'.BI {name} "' in text(document), name
        for option in re.findall(r"--[a-z]+", command.format_usage()):
            assert option in text(document), f"{name} {option}"


@pytest.mark.parametrize(("document", "example"), compact_stanzas())
def test_every_stanza_is_right(document: str, example: str, tmp_path: Path) -> None:
    stanzas = parsed(example, tmp_path)
    assert stanzas, document
    assert [stanza.warnings for stanza in stanzas] == [()] * len(stanzas)
    assert all(plan(stanza, Facts()) for stanza in stanzas)


def test_readme_has_examples_of_every_role(tmp_path: Path) -> None:
    assert {stanza.role for stanza in stanzas_of(README, tmp_path)} == {*ROLES}


def test_manual_page_has_examples_of_every_role_and_family(tmp_path: Path) -> None:
    found = {(stanza.role, stanza.families) for stanza in stanzas_of(MAN5, tmp_path)}
    assert found >= {(role, families) for role in ROLES for families in [("4",), ("6",), ("4", "6")]}


@pytest.mark.parametrize("document", [README, MAN8])
def test_the_plan_shown_is_that_of_the_first_stanza(document: str, tmp_path: Path) -> None:
    (shown,) = [example for example in examples(document) if example.startswith(PLAN)]
    example = next(example for found, example in compact_stanzas() if found == document)
    (stanza,) = parsed(example, tmp_path)
    expected = [PLAN + stanza.iface, *(change.add() for change in plan(stanza, Facts(own_links=("eth0",))))]
    assert shown.splitlines() == expected


def anchors(document: Path) -> set[str]:
    """What a link can name in a document: its headings, as GitHub spells them."""
    headings = re.findall(r"^#+ (.*)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9_ -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", [README, "CONTRIBUTING.md", *DOCS])
def test_links_lead_somewhere(document: str) -> None:
    for target, anchor in re.findall(r"\]\(([^):#]*)(?:#([^)]+))?\)", text(document)):
        file = (ROOT / document).parent / target if target else ROOT / document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), f"{target}#{anchor}"


def run(words: list[str], directory: Path) -> int:
    """The exit code of a command of ours that a document names, as this tree has it."""
    program = "from snf_network_helper.commands.main import main; import sys; sys.exit(main(sys.argv[1:]))"
    assert words[0] == "snf-network-helper"
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, *words[1:]]
    return subprocess.run(command, cwd=directory, env=environ, capture_output=True, check=False).returncode


GOOD = "auto eth0.222\niface eth0.222 inet manual\n    routed-subnet 192.0.2.0/24\n    routed-gateway 192.0.2.1\n"
WARNED = GOOD.partition("\n")[2]
WRONG = GOOD.replace("2.1", "3.1")


def test_the_hook_of_pre_commit_refuses_a_wrong_file(tmp_path: Path) -> None:
    """As the framework calls it: the entry, and the names of the files that match."""
    (config,) = [example for example in examples("docs/checking.md") if example.startswith("repos:")]
    settings = dict(re.findall(r"^ +(\w+): (.*)$", config, re.MULTILINE))
    names = ["nodes/a/etc/network/interfaces", "nodes/b/etc/network/interfaces"]
    assert all(re.search(settings["files"], name) for name in names)
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True)
    for text, code in ((GOOD, 0), (WARNED, 1), (WRONG, 1)):
        (tmp_path / names[0]).write_text(GOOD)
        (tmp_path / names[1]).write_text(text)
        assert run([*settings["entry"].split(), *names], tmp_path) == code


def test_the_hook_of_git_refuses_a_wrong_file(tmp_path: Path) -> None:
    (hook,) = [example for example in examples("docs/checking.md") if example.startswith("#!/bin/sh")]
    program = tmp_path / "bin" / "snf-network-helper"
    program.parent.mkdir()
    program.write_text(
        f"#!/bin/sh\nexec env PYTHONPATH={ROOT} {sys.executable} -c "
        "'import sys; from snf_network_helper.commands.main import main; sys.exit(main())' \"$@\"\n"
    )
    program.chmod(0o755)
    environ = {"PATH": f"{program.parent}:/usr/bin:/bin", "HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": "/dev/null"}
    tree = tmp_path / "tree"

    def git(*words: str) -> int:
        named = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", *words]
        return subprocess.run(named, cwd=tree, env=environ, capture_output=True, check=False).returncode

    (file := tree / "nodes/a/etc/network/interfaces").parent.mkdir(parents=True)
    assert git("init") == 0
    (tree / ".git/hooks/pre-commit").write_text(hook)
    (tree / ".git/hooks/pre-commit").chmod(0o755)
    for text, is_right in ((WRONG, False), (WARNED, False), (GOOD, True)):
        file.write_text(text)
        assert git("add", ".") == 0
        assert (git("commit", "-m", "x") == 0) == is_right


def test_ansible_refuses_a_wrong_file(tmp_path: Path) -> None:
    """As its module calls it: the words of `validate`, without a shell, with the name of the draft."""
    (task,) = [example for example in examples("docs/checking.md") if "validate:" in example]
    validate = re.findall(r"^ +validate: (.*)$", task, re.MULTILINE)[0]
    draft = tmp_path / ".ansible_tmp7xinterfaces"
    real = GOOD.replace("eth0.222", "lo.222").replace("iface", "iface lo inet loopback\niface", 1)
    for text, code in ((real, 0), (real.partition("\n")[2], 0), (real.replace("2.1", "3.1"), 1)):
        draft.write_text(text)
        assert run((validate % draft).split(), tmp_path) == code, text


@pytest.mark.skipif(shutil.which("man") is None, reason="man-db is not installed")
@pytest.mark.parametrize("document", [MAN5, MAN7, MAN8])
def test_manual_pages_are_formatted_without_warnings(document: str) -> None:
    command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", document]
    environ = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "MANROFFSEQ": "", "MANWIDTH": "80"}
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""


def test_every_finding_has_its_section_in_their_order() -> None:
    assert re.findall(r"^\.SS (\S+)$", text(MAN7), re.MULTILINE) == [kind.id for kind in KINDS]
