"""The quick reading of a command line: what it reads, argparse reads alike."""

import random
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from types import SimpleNamespace

import pytest
from samples import IFACE

from snf_network_helper.commands.arguments import COMMANDS, read
from snf_network_helper.commands.parser import parse

# What callers write, each in one way or another.
PLAIN = [
    f"plan {IFACE}",
    f"plan {IFACE} --json --file /etc/network/interfaces",
    f"down -v {IFACE}",
    f"up {IFACE} --file /etc/network/interfaces -v",
    f"attach tap0 --network {IFACE} --ip 192.0.2.10",
    f"attach --network {IFACE} --mac 52:54:00:12:34:56 tap0",
    f"attach tap0 --network {IFACE} --ip 192.0.2.10 2001:db8::10 --role migrate-in --no-probe -v",
    f"attach tap0 --network {IFACE} --ip 192.0.2.10 --subnet 192.0.2.0/24 --gateway 192.0.2.1 2001:db8::1",
    f"attach tap0 --serve --dns 192.0.2.53 --hostname vm1 --network {IFACE} --ip 192.0.2.10 --verbose",
    "detach tap0",
    "detach --migrate-out tap0 --verbose",
    "detach tap0 --if-gone",
]

# What nothing but argparse is to judge.
OTHERS = [
    "",
    "--version",
    "attach",
    "attach tap0",
    "attach tap0 --network",
    f"attach tap0 tap1 --network {IFACE}",
    f"attach --network {IFACE} --ip 192.0.2.10 tap0",
    f"attach tap0 --network={IFACE}",
    f"attach tap0 --net {IFACE}",
    f"attach tap0 --network {IFACE} --role elsewhere",
    f"attach tap0 --network {IFACE} --ip",
    f"attach tap0 --network {IFACE} --subnet 192.0.2.0/24 --subnet 2001:db8::/64",
    f"attach tap0 --network {IFACE} --network eth1",
    "detach tap0 -vv",
    "detach -- tap0",
    "detach --help",
    f"status {IFACE}",
    f"announce {IFACE} 192.0.2.1",
    "over tap0",
]


def parsed(words: list[str]) -> SimpleNamespace | None:
    """What argparse makes of it; None where it refuses, or prints help."""
    try:
        with redirect_stderr(StringIO()), redirect_stdout(StringIO()):
            return parse(words)
    except SystemExit:
        return None


@pytest.mark.parametrize("line", PLAIN)
def test_what_is_plain_is_read_as_argparse_reads_it(line: str) -> None:
    found = read(line.split())
    assert found is not None
    assert found == parsed(line.split())


@pytest.mark.parametrize("line", OTHERS)
def test_what_is_not_plain_is_left_to_argparse(line: str) -> None:
    assert read(line.split()) is None


def test_whatever_it_reads_argparse_reads_alike() -> None:
    options = sorted({name for _, arguments in COMMANDS.values() for names, _ in arguments for name in names})
    vocabulary = [*options, "tap0", IFACE, "192.0.2.1", "start", "migrate-in", "", "-", "--", "-1", "-v", "--ne", "a b"]
    chosen = random.Random(222)
    understood = 0
    for _ in range(8000):
        kept = chosen.sample(vocabulary, chosen.randrange(1, 6))
        words = [chosen.choice([*COMMANDS]), *chosen.choices(kept, k=chosen.randrange(7))]
        if (found := read(words)) is not None:
            understood += 1
            assert found == parsed(words), words
    assert understood > 100


def test_an_attach_imports_nothing_that_takes_its_time() -> None:
    program = (
        f"import sys; sys.path.extend({sys.path!r})\n"
        "from snf_network_helper.commands import attach, main\n"
        "print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-IS", "-c", program], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "snf_network_helper.guests.attach" in loaded
    assert not loaded & {"argparse", "collections", "enum", "functools", "json", "re", "socket", "subprocess", "typing"}
