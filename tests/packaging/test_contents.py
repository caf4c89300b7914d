"""What is in the package, whichever way it is built."""

import re
import shutil
import subprocess
from os.path import normpath
from pathlib import Path, PurePosixPath

import pytest
from machine import ROOT, build


@pytest.fixture(scope="module")
def stdeb_deb(tmp_path_factory: pytest.TempPathFactory, tree: Path) -> Path:
    """The package as stdeb builds it, with what setup.py and stdeb.cfg say and nothing else."""
    copy = tmp_path_factory.mktemp("stdeb") / "tree"
    shutil.copytree(tree, copy)
    build(copy, "/usr/bin/python3", "setup.py", "--command-packages=stdeb.command", "bdist_deb")
    (built,) = (copy / "deb_dist").glob("*.deb")
    return built


def query(deb: Path, *arguments: str) -> str:
    """What dpkg-deb says about a package."""
    return subprocess.run(["dpkg-deb", *arguments, deb], text=True, capture_output=True, check=True).stdout


def field(deb: Path, name: str) -> str:
    """A field of a package's control file."""
    return query(deb, "--show", f"--showformat=${{{name}}}")


def contents(deb: Path) -> dict[str, str]:
    """Every path in a package, with its mode and owner."""
    lines = (line.split(maxsplit=5) for line in query(deb, "--contents").splitlines())
    return {path.removeprefix("."): f"{mode} {owner}" for mode, owner, _, _, _, path in lines}


def shipped(deb: Path) -> dict[str, str]:
    """The contents but for what the builders themselves add: documentation, and words to lintian."""
    added = ("/usr/share/doc/", "/usr/share/lintian/")
    return {path: mode for path, mode in contents(deb).items() if not path.startswith(added)}


def test_the_hooks(deb: Path) -> None:
    for event in ("up", "down"):
        (hook,) = (path for path in contents(deb) if path.startswith(f"/etc/network/if-{event}.d/") and path[-1] != "/")
        assert contents(deb)[hook] == "-rwxr-xr-x root/root"
        assert hook.endswith("/routed"), "run-parts passes over names with a dot"


def test_every_file_in_etc_is_a_conffile(deb: Path, tmp_path: Path) -> None:
    subprocess.run(["dpkg-deb", "--control", deb, tmp_path / "control"], check=True)
    conffiles = (tmp_path / "control" / "conffiles").read_text("utf-8").split()
    assert sorted(conffiles) == sorted(p for p in contents(deb) if p.startswith("/etc/") and not p.endswith("/"))
    assert "/etc/iproute2/rt_tables.d/snf-network-helper.conf" not in conffiles


def test_every_module_is_there(deb: Path) -> None:
    modules = {path.relative_to(ROOT) for path in (ROOT / "snf_network_helper").rglob("*.py")}
    installed = {path for path in contents(deb) if path.endswith(".py")}
    addon = "/usr/share/ifupdown2/addons/routed.py"
    assert installed == {f"/usr/lib/python3/dist-packages/{module}" for module in modules} | {addon}


def test_documented(deb: Path) -> None:
    assert {
        "/usr/share/doc/snf-network-helper/README.md",
        "/usr/share/doc/snf-network-helper/changelog",
        "/usr/share/doc/snf-network-helper/copyright",
        "/usr/share/man/man5/snf-network-helper-interfaces.5",
        "/usr/share/man/man7/snf-network-helper-findings.7",
        "/usr/share/man/man8/snf-network-helper.8",
    } <= {path.removesuffix(".gz") for path in contents(deb)}


def test_every_document_is_there_under_its_name(deb: Path) -> None:
    documents = {path.relative_to(ROOT) for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.*"))}
    assert {f"/usr/share/doc/snf-network-helper/{document}" for document in documents} <= set(contents(deb))


def test_every_example_is_there_and_can_be_run(deb: Path) -> None:
    examples = {path.relative_to(ROOT / "share") for path in (ROOT / "share" / "examples").rglob("*") if path.is_file()}
    for example in examples:
        assert contents(deb)[f"/usr/share/doc/snf-network-helper/{example}"] == "-rwxr-xr-x root/root"


def test_no_link_of_a_document_leads_out_of_the_package(deb: Path) -> None:
    documentation = PurePosixPath("/usr/share/doc/snf-network-helper")
    installed = {path.rstrip("/") for path in contents(deb)}
    for document in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")):
        directory = documentation / document.relative_to(ROOT).parent
        for target in re.findall(r"\]\(([^):#]+)[)#]", document.read_text("utf-8")):
            assert normpath(directory / target) in installed, f"{document.name}: {target}"


def test_stdeb_ships_the_same(deb: Path, stdeb_deb: Path) -> None:
    assert shipped(stdeb_deb) == shipped(deb)


def test_stdeb_says_the_same(deb: Path, stdeb_deb: Path) -> None:
    for name in ("Package", "Architecture", "Section", "Maintainer", "binary:Synopsis"):
        assert field(stdeb_deb, name) == field(deb, name), name
    # stdeb asks no question when it is installed, so it needs no debconf.
    depends = set(field(deb, "Depends").split(", ")) - {"debconf (>= 0.5) | debconf-2.0"}
    assert set(field(stdeb_deb, "Depends").split(", ")) == depends
    assert field(stdeb_deb, "Version") == f"{field(deb, 'Version')}-1"
