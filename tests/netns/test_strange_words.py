"""What a word holds never spoils a terminal: no word of Python, no control character, one line of error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lab.node import Node, lone_node
from lab.stanzas import Stanza

COMMAND = "snf-network-helper"
LINK = "eth1"
# In printf's words, and how they are shown
STRANGE = {r"x\377": r"x\xff", r"\377": r"\xff", r"a\nb": r"a\nb", r"\033[2J": r"\x1b[2J", r"a\tb": r"a\tb"}
NAMES = [
    "{}", "status {}", "down {}", "attach {} --network eth1 --ip 192.0.2.9", "detach {}", "announce {} 192.0.2.9",
    "attach tap0 --network {} --ip 192.0.2.9", "attach tap0 --network eth1 --ip {}", "announce eth1 {}", "plan {}",
    "attach tap0 --network eth1 --mac {}", "attach tap0 --network eth1 --ip 192.0.2.9 --hostname {}",
    "attach tap0 --network eth1 --ip 192.0.2.9 --mtu {}", "attach tap0 --network eth1 --ip 192.0.2.9 --subnet {}",
    "attach tap0 --network eth1 --ip 192.0.2.9 --gateway {}", "attach tap0 --network eth1 --ip 192.0.2.9 --role {}",
    "attach tap0 --network eth1 --ip 192.0.2.9 --serve --mac 52:54:00:00:00:01 --dns {}", "plan eth1 --file {}",
    "status eth1 {}", "status --{}", "plan eth1={}",
]  # fmt: skip
# An option with nothing is as good as none, and argparse has its own words
MAY_BE_EMPTY = ("--mac {}", "--hostname {}", "--mtu {}", "={}", "--{}", "status eth1 {}")


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with lone_node() as node:
        node.segment.run("ip link set bridge up")
        node.plug(LINK)
        node.host.interfaces(str(Stanza(link=LINK)))
        node.host.run(f"ifup {LINK}; ip link add tap0 type veth peer name far0")
        yield node


def said(node: Node, words: str, locale: str) -> str:
    """The line of error of a command line that is none."""
    done = node.host.attempt(f"LC_ALL={locale} {COMMAND} {words}")
    assert done.returncode in (1, 2), done
    assert done.stdout == ""
    lines = done.stderr.removesuffix("\n").split("\n")
    if done.returncode == 2:  # the usage comes first
        lines = lines[next(number for number, line in enumerate(lines) if ": error: " in line) :]
    assert len(lines) == 1, done
    assert "Traceback" not in done.stderr
    assert lines[0].isprintable()
    return lines[0]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("words", NAMES)
def test_a_strange_word_is_shown_in_one_line(node: Node, words: str, locale: str) -> None:
    for word, shown in STRANGE.items():
        line = said(node, words.format(f"\"$(printf '{word}')\""), locale)
        assert shown in line.replace("\\\\", "\\"), line
        assert r"\udc" not in line


@pytest.mark.parametrize("words", [words for words in NAMES if not words.endswith(MAY_BE_EMPTY)])
def test_nothing_is_no_name(node: Node, words: str) -> None:
    assert "''" in said(node, words.format("''"), "C.UTF-8")


def test_a_stanza_with_bytes_that_are_no_text(node: Node) -> None:
    node.host.run("""printf 'iface eth7 inet manual\\n routed-subnet 192.0.2.\\377/24\\n' > /run/interfaces""")
    code, lines = node.errors("ifup -i /run/interfaces eth7")
    assert (code, lines) == (1, [r"eth7: routed-subnet 192.0.2.\xff/24: expected ADDRESS/LENGTH, as 192.0.2.0/24 or"
                                 " 2001:db8::/64"])  # fmt: skip


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_status_shows_a_journal_with_bytes_that_are_no_text(node: Node, locale: str) -> None:
    journal = r"snf-network-helper journal 1 run= since=\napplied Link dev=\377\nend 1\n"
    node.host.run(f"printf '{journal}' > /run/snf-network-helper/journal/eth8:inet")
    done = node.host.attempt(f"LC_ALL={locale} {COMMAND} status eth8; rm /run/snf-network-helper/journal/eth8:inet")
    assert r"  missing  ip link set \xff up" in done.stdout.splitlines()
    assert done.stderr == ""


def test_the_last_priority_is_that_of_guests(node: Node) -> None:
    stanza = str(Stanza(link="eth2")) + "    routed-priority 32765\n"
    node.plug("eth2")
    for word, other in (("222", "333"), ("192.0.2.", "203.0.113."), ("2001:db8:", "2001:db9:")):
        stanza = stanza.replace(word, other)
    node.host.write("/run/interfaces", stanza)
    code, lines = node.errors("ifup -i /run/interfaces eth2")
    assert (code, lines) == (0, ["eth2: routed-priority 32765: 32764 is used, guests need the next"])
    node.host.run("ifdown -i /run/interfaces eth2")
