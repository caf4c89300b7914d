"""What setup.py, stdeb.cfg and debian/ say about the package, held against each other."""

import configparser
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lab.root import ENVIRON
from machine import ROOT

DESCRIBE = """
import json, runpy, setuptools
setuptools.setup = lambda **declared: print(json.dumps(declared))
runpy.run_path("setup.py")
"""


@pytest.fixture(scope="module")
def setup() -> dict[str, Any]:
    """What setup.py declares."""
    command = ["/usr/bin/python3", "-c", DESCRIBE]
    done = subprocess.run(command, cwd=ROOT, env=ENVIRON, text=True, capture_output=True, check=True)
    described: dict[str, Any] = json.loads(done.stdout)
    return described


@pytest.fixture(scope="module")
def source() -> dict[str, str]:
    """The first paragraph of debian/control."""
    return control()[0]


@pytest.fixture(scope="module")
def binary() -> dict[str, str]:
    """The second and last paragraph of debian/control."""
    _, paragraph = control()
    return paragraph


@pytest.fixture(scope="module")
def stdeb() -> configparser.SectionProxy:
    """The settings of stdeb."""
    settings = configparser.ConfigParser()
    settings.read(ROOT / "stdeb.cfg", "utf-8")
    return settings["DEFAULT"]


def control() -> list[dict[str, str]]:
    """The paragraphs of debian/control, each with its fields."""
    text = (ROOT / "debian" / "control").read_text("utf-8")
    fields = re.compile(r"^(\S+):((?:.*)(?:\n .*)*)", re.MULTILINE)
    return [{name: value.strip() for name, value in fields.findall(part)} for part in text.split("\n\n")]


def packages(depends: str) -> set[str]:
    """The packages that a list names, without those found out while building."""
    return {name.strip() for name in depends.split(",")} - {"", "${misc:Depends}", "${python3:Depends}"}


def test_one_name(setup: dict[str, Any], source: dict[str, str], binary: dict[str, str], stdeb: Any) -> None:
    changelog = (ROOT / "debian" / "changelog").read_text("utf-8").split(" ", 1)[0]
    assert {setup["name"], source["Source"], binary["Package"], stdeb["Source"], stdeb["Package3"], changelog} == {
        "snf-network-helper"
    }


def test_one_version(setup: dict[str, Any]) -> None:
    command = ["dpkg-parsechangelog", "--show-field", "Version"]
    done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, check=True)
    assert setup["version"] == done.stdout.strip()


def test_one_description(setup: dict[str, Any], binary: dict[str, str]) -> None:
    assert setup["description"] == binary["Description"].splitlines()[0]


def test_one_section(source: dict[str, str], stdeb: Any) -> None:
    assert stdeb["Section"] == source["Section"]


def test_one_maintainer(setup: dict[str, Any], source: dict[str, str]) -> None:
    assert f"{setup['maintainer']} <{setup['maintainer_email']}>" == source["Maintainer"]
    assert f"{setup['author']} <{setup['author_email']}>" == source["Maintainer"]
    assert f"-- {source['Maintainer']}  " in (ROOT / "debian" / "changelog").read_text("utf-8")


def test_one_license(setup: dict[str, Any]) -> None:
    def words(path: Path) -> str:
        return " ".join(path.read_text("utf-8").replace("\n .\n", "\n").split())

    terms = words(ROOT / "LICENSE").partition("developers ")[2]
    assert terms
    assert words(ROOT / "debian" / "copyright").endswith(f"License: {setup['license']} {terms}")


def test_the_same_dependencies(setup: dict[str, Any], binary: dict[str, str], stdeb: Any) -> None:
    depends = packages(binary["Depends"])
    assert packages(stdeb["Depends3"]) == depends
    assert {f"python3-{name}" for name in setup["install_requires"]} == {
        name for name in depends if name.startswith("python3-")
    }


def test_nothing_to_install_is_forgotten(setup: dict[str, Any]) -> None:
    there = {
        str(path.relative_to(ROOT))
        for folder in ("etc", "ifupdown", "man", "sbin")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    } | {str(path.relative_to(ROOT)) for path in (ROOT / "share").iterdir() if path.is_file()}
    assert {name for _, names in setup["data_files"] for name in names} == there
    modules = {path.parent for path in (ROOT / "snf_network_helper").rglob("*.py")}
    assert {ROOT / name.replace(".", "/") for name in setup["packages"]} == modules
