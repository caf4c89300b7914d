"""Whole files as ifupdown reads them: the same stanzas and options as the real ifquery, and the place of each word."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from snf_network_helper.interfaces import including
from snf_network_helper.interfaces.document import Document, Interface

Printed = list[tuple[str, str]]


def document(path: Path, text: str) -> Document:
    path.write_bytes(text.encode())
    return including.read(str(path), including.content(str(path)))[0]


def shown(one: Interface) -> Printed:
    """The options as ifquery prints those of one stanza: values of one name together, commands each for itself."""
    found: dict[object, list[str]] = {}
    for number, option in enumerate(one.all_options()):
        found.setdefault(number if option.phase else option.name.text, []).append(option.value)
    names = {number: option.phase for number, option in enumerate(one.all_options())}
    return [(names[key] if isinstance(key, int) else str(key), "\n".join(values)) for key, values in found.items()]


def ours(found: Document, name: str) -> str:
    stanzas = [shown(one) for one in found.interfaces if one.name.text == name]
    return "".join(f"{option}: {value}\n" for stanza in stanzas for option, value in stanza)


def ifquery(path: Path, name: str) -> str | None:
    """What the real one prints; None for a file that it refuses."""
    done = subprocess.run(["/sbin/ifquery", "-i", str(path), name], capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout


CASES = {
    "joined lines": "iface q inet manual\n a b\\\n c d\n # x \\\n e f\n",
    "a carriage return after a backslash": "iface q inet manual\r\n a b\\\r\n c d\r\n",
    "several values": "iface q inet manual\n a b\n c x\n a d\n up x\n post-up x\n pre-down y\n",
    "a comment that is a value": "iface q inet manual\n a b \\\n # c\n d e\n",
    "an empty name": "iface q inet manual\n\\\n a b\n",
    "inherited": "iface t inet manual\n a b\niface q inet manual inherits t\n a c\niface z inet manual\n z z\n",
    "inherited without a family": "iface t inet6 manual\n a b\niface q inherits t\n a c\n",
    "inherited from the one of the family": "iface t inet manual\n a b\niface t inet6 manual\n a c\n"
    "iface q inet6 manual inherits t\n x y\n",
    "a joined empty line": "iface q inet manual\n a x\\\n\n b c\n",
    "a backslash at the end": "iface q inet manual\n a x\\",
    "two stanzas": "iface q inet manual\n a b\nauto q\niface q inet6 manual\n a c\n",
    "blank lines": "iface q inet manual\n\n\t a \t b  c \n\n  \n d\v e\n",
    "lists end a stanza": "iface q inet manual\n a b\nno-scripts q\nno-auto-down q\nallow-hotplug q\nrename x=y\n",
    "an extra word": "iface q inet manual foo\n a b\n",
    "a mapping": "mapping x*\n script /bin/echo\n map a b\niface q inet manual\n a b\n",
    "sourced": "source sub*\niface q inet manual\n b c\n",
    "sourced with quotes and a variable": 'source "sub1" $NOTHING\n',
    "braces are refused": "source {sub1,sub2}\niface q inet manual\n a b\n",
    "a joined source": "source sub1 \\\n sub1\n",
    "a directory": "source-directory d.d\n",
    "a directory by a pattern": "source-dir d.*\n",
    "a file once": "source sub1\nsource sub1\nsource ./sub1\n",
}


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "sub1").write_text("iface q inet manual\n sub 1\n")
    (tmp_path / "d.d").mkdir()
    for name in ("a", "a.b", "b-1", ".c"):
        (tmp_path / "d.d" / name).write_text(f"iface q inet manual\n sub {name}\n")
    return tmp_path / "interfaces"


@pytest.mark.parametrize("name", CASES)
def test_stanzas_and_options_are_those_of_ifquery(files: Path, name: str) -> None:
    found = document(files, CASES[name])

    assert ours(found, "q") == ifquery(files, "q")
    assert [one for one in found.problems if one.severity == "error"] == []


@pytest.mark.parametrize(
    "line",
    ["template x", "allow-", "iface", "iface e", "iface e inet", "iface e inet nothing", "iface e inherits x", "foo",
     "iface e inet manual inherits", "mapping x\n script a\n script b", "mapping x\n foo", "iface e inet manual\n a"],
)  # fmt: skip
def test_what_ifupdown_refuses_is_said_in_its_words(files: Path, line: str) -> None:
    found = document(files, f"{line}\niface q inet manual\n a b\n")
    done = subprocess.run(["/sbin/ifquery", "-i", str(files), "q"], capture_output=True, text=True, check=False)

    assert done.returncode
    (problem,) = found.problems
    assert done.stderr.splitlines()[0] == f"ifquery: {files}:{problem.word.line}: {problem.text}"
    assert ours(found, "q") == "a: b\n"


def test_each_word_has_its_place(files: Path) -> None:
    text = "# x\niface q inet manual\n\trouted-subnet  192.0.2.0/24 \\\n   10.0.0.0/8\n"
    (one,) = document(files, text).interfaces
    (option,) = one.options

    assert (one.name.line, one.name.column) == (2, 7)
    assert (option.name.line, option.name.column) == (3, 2)
    assert [(word.text, word.line, word.column) for word in option.words] == [
        ("192.0.2.0/24", 3, 17),
        ("10.0.0.0/8", 4, 4),
    ]


def test_files_that_source_each_other_have_an_end(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / str(number)).write_text(f"source {number + 1}\n")

    found = document(tmp_path / "interfaces", "source 0\n")

    assert [one.text for one in found.problems] == ["expected 100 files at most that source each other"]


def test_a_file_is_read_as_if_it_stood_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "more").write_text("iface q inet manual\n")
    path = tmp_path / "draft"
    path.write_text("source more\n")

    found, _ = including.read(str(path), "source more\n", str(tmp_path / "etc" / "interfaces"))

    assert [one.name.text for one in found.interfaces] == ["q"]


word = st.sampled_from(["a", "b", "routed-subnet", "192.0.2.0/24", "up", "post-up", "down", "x\\y", "'", "#", "$IFACE"])
blank = st.sampled_from([" ", "\t", "  ", " \\\n", "\\\n  "])
option = st.builds(
    lambda name, parts: str(" " + name + "".join(gap + part for gap, part in parts) + "\n"),
    word.filter(lambda one: one[0] not in "#"),
    st.lists(st.tuples(blank, word), min_size=1, max_size=4),
)
head = st.sampled_from(
    ["iface q inet manual", "iface q inet6 manual", "iface r inet static", "iface q inet manual inherits r"]
)
filler = st.sampled_from(["", "\n", "# c\n", "   \n", "# c \\\n", "\r\n"])
stanza = st.builds(
    lambda first, rest: str(first + "\n" + "".join(a + b for a, b in rest)),
    head,
    st.lists(st.tuples(option, filler), max_size=5),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(stanza, max_size=4))
def test_well_formed_files_read_as_ifquery_reads_them(tmp_path: Path, stanzas: list[str]) -> None:
    path = tmp_path / "interfaces"
    found = document(path, "iface r inet manual\n a z\nauto q\n" + "".join(stanzas) + "iface q inet manual\n")

    printed = ifquery(path, "q")
    assert (printed is None) == any(one.severity == "error" for one in found.problems)
    assert printed is None or printed == ours(found, "q")
