"""Journals that can't be trusted are set aside, whole, and nothing is guessed from them."""

from collections.abc import Iterator

import pytest
from node import JOURNAL
from routed import LINK, RoutedNode, both_families

FILE = f"{JOURNAL}/journal/{LINK}:inet"

# Shell commands that spoil a journal.
SPOILERS = {
    "empty": f": > {FILE}",
    "garbage": f"head -c 300 /dev/urandom > {FILE}",
    "without its end": f"sed -i '$d' {FILE}",
    "a line too few": f"sed -i 3d {FILE}",
    "a line too many": f"sed -i '3p' {FILE}",
    "of the future": f"sed -i '1s/journal [0-9]*/journal 99/' {FILE}",
    "of an unknown kind": f"sed -i '3s/ [A-Z][A-Za-z]* / Teapot /' {FILE}",
    "of an unknown state": f"sed -i '3s/^[a-z]*/brewing/' {FILE}",
    "with an unknown field": f"sed -i '3s/$/ milk=yes/' {FILE}",
    "somebody else's": f"chown nobody {FILE}",
    "writable for others": f"chmod 666 {FILE}",
    "a symbolic link": f"mv {FILE} /run/elsewhere; ln -s /run/elsewhere {FILE}",
    "a pipe": f"mv {FILE} /run/elsewhere; mkfifo {FILE}",
    "a directory": f"mv {FILE} /run/elsewhere; mkdir {FILE}",
}


@pytest.fixture(scope="module")
def routed_node() -> Iterator[RoutedNode]:
    """A router with its link up, for which each test puts the journal back."""
    with RoutedNode(both_families("router")) as node:
        node.succeeds("ifup", LINK)
        node.run(f"cp -p {FILE} /run/good")
        yield node


def aside(node: RoutedNode) -> list[str]:
    """What has been set aside."""
    return node.run(f"ls {JOURNAL}/aside 2>/dev/null || :").split()


def put_back(node: RoutedNode) -> None:
    """Restore the good journal."""
    node.run(f"rm -rf {FILE} {JOURNAL}/aside /run/elsewhere; cp -p /run/good {FILE}")


@pytest.mark.parametrize("command", ["ifup --force", "ifdown --force", "snf-network-helper down"])
@pytest.mark.parametrize("spoiler", SPOILERS)
def test_it_is_set_aside(routed_node: RoutedNode, spoiler: str, command: str) -> None:
    routed_node.run(SPOILERS[spoiler])
    content = routed_node.run(f"if [ -f {FILE} ]; then md5sum < {FILE}; else ls -ld {FILE} | cut -c1; fi")
    outcome = routed_node.do(f"exec {command} {LINK}")
    routed_node.up_again(LINK)
    (line,) = outcome.of_the_hook()
    assert f"journal {FILE}: " in line
    assert "set aside as" in line
    assert "Traceback" not in line
    (kept,) = aside(routed_node)
    kept = f"{JOURNAL}/aside/{kept}"
    assert content == routed_node.run(f"if [ -f {kept} ]; then md5sum < {kept}; else ls -ld {kept} | cut -c1; fi")
    assert routed_node.journals() == []
    put_back(routed_node)


def test_a_journal_cut_off_anywhere_is_known(routed_node: RoutedNode) -> None:
    routed_node.succeeds("ifup --force", LINK)
    size = int(routed_node.run(f"stat -c %s {FILE}"))
    for length in range(0, size, 53):
        routed_node.run(f"truncate -s {length} {FILE}")
        outcome = routed_node.clean(LINK)
        assert outcome.code == 1, length
        assert len(outcome.lines) == 1, length
        assert "set aside as" in outcome.lines[0], length
        put_back(routed_node)
    routed_node.holds(routed_node.routed, "reading journals that are cut off")


def test_the_kernel_holds_what_it_held(routed_node: RoutedNode) -> None:
    routed_node.succeeds("ifup --force", LINK)  # ifdown, without a word to us, has flushed the link's addresses
    routed_node.run(f"cp -p {FILE} /run/good")
    for spoil in SPOILERS.values():
        routed_node.run(spoil)
        routed_node.clean(LINK)
        put_back(routed_node)
    routed_node.holds(routed_node.routed, "reading spoilt journals")
    routed_node.take_down()
    routed_node.succeeds("ifup", LINK)
    routed_node.run(f"cp -p {FILE} /run/good")


def test_only_root_reads_and_writes_it(routed_node: RoutedNode) -> None:
    assert routed_node.run(f"find {JOURNAL} -type d -printf '%m %u\\n' | sort -u") == "700 root\n"
    assert routed_node.run(f"find {JOURNAL} -type f -perm /022") == ""


@pytest.mark.parametrize(
    "spoil",
    [
        f"mkdir -m 700 /run/theirs; ln -s /run/theirs {JOURNAL}",
        f"mkdir -m 777 {JOURNAL}",
        f"mkdir -m 700 {JOURNAL}; chown nobody {JOURNAL}",
        f": > {JOURNAL}",
        f"mkdir -m 700 {JOURNAL} /run/theirs; ln -s /run/theirs {JOURNAL}/journal",
        f"mkdir -m 700 {JOURNAL} {JOURNAL}/journal; ln -s /run/theirs '{JOURNAL}/draft-{LINK}:inet'",
    ],
    ids=["a link", "for all", "somebody's", "a file", "a link inside", "a link as draft"],
)
def test_a_directory_prepared_by_others_is_not_written_to(spoil: str) -> None:
    with RoutedNode(both_families("vmc")) as node:
        node.run(f"rm -rf {JOURNAL}; {spoil}")
        outcome = node.ifup(LINK)
        if outcome.code:
            (line,) = outcome.of_the_hook()
            assert line.startswith(f"{LINK}: "), line
            node.holds(node.before, spoil)
        else:
            node.holds(node.routed, spoil)
        assert node.run("find /run/theirs -type f 2>/dev/null || :") == ""
