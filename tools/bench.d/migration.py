"""Live migration between two nodes: how long a machine is cut off beyond its standstill, and who answers for it.

The machine is a network namespace whose cable is unplugged from one node's TAP and plugged into the other's, and which,
like a machine that QEMU has moved, then says so itself by one frame. Echoes every millisecond, in both families, into
the machine and out of it, tell how long nothing came through. The machine's own standstill, from unplugged to plugged,
is taken off. All along somebody on the link asks who has its addresses: an answer is wrong if the machine is not there.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

from guestlab import attach, detach, started
from lab.host import Host
from lab.packets import Answer, Tap, hardware_address
from lab.traffic import reaches
from migrationlab import ADDRESSES, TAP, Migration, migration
from report import print_table

ECHO = Path(__file__).with_name("echo.py")
GATEWAYS = ("192.0.2.1", "2001:db8::1")
MOVES_IN = "--role migrate-in"
STANDSTILL = 0.03
# How an address is announced, and nothing else that passes there.
ANNOUNCEMENTS = (
    f"arp saddr ip {ADDRESSES[0]} arp daddr ip {ADDRESSES[0]}",
    "icmpv6 type nd-neighbor-advert ip6 daddr ff02::1",
)


class Moving:
    """One move of the machine, and when it stood still."""

    def __init__(self, lab: Migration) -> None:
        self.lab = lab
        self.began = time.time()
        self.stopped = self.going = self.went_on = 0.0
        self.host = lab.a

    def stop(self) -> None:
        """The machine stops on node A."""
        self.stopped = time.time()
        self.lab.stop(self.lab.a)

    def go_on(self, node: Host) -> None:
        """It goes on."""
        remaining = self.stopped + STANDSTILL - time.time()
        time.sleep(max(0.0, remaining))
        self.going = time.time()
        self.lab.go_on(node)
        self.lab.say_hello()
        self.went_on = time.time()
        self.host = node


def detached_before(move: Moving) -> None:
    """Whoever moves it detaches it from A while it stands still."""
    attach(move.lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    move.stop()
    detach(move.lab.a, TAP)
    move.go_on(move.lab.b)


def attached_after(move: Moving) -> None:
    """Nothing is prepared on B."""
    move.stop()
    detach(move.lab.a, TAP)
    attach(move.lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    move.go_on(move.lab.b)


def told_before(move: Moving) -> None:
    """Both nodes are told beforehand."""
    attach(move.lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(move.lab.a, TAP, "--migrate-out")
    move.stop()
    move.go_on(move.lab.b)


def detached_after(move: Moving) -> None:
    """A is detached only after it runs on B."""
    attach(move.lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    move.stop()
    move.go_on(move.lab.b)
    time.sleep(0.3)
    detach(move.lab.a, TAP)


def failed(move: Moving) -> None:
    """It goes on where it was."""
    attach(move.lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    detach(move.lab.a, TAP, "--migrate-out")
    move.stop()
    move.go_on(move.lab.a)
    detach(move.lab.b, TAP)
    attach(move.lab.a, TAP, *ADDRESSES, options=MOVES_IN)


def moved_back(move: Moving) -> None:
    """It has run on B for a while, and comes back."""
    told_before(move)
    time.sleep(1)
    move.lab.a, move.lab.b = move.lab.b, move.lab.a
    move.began = time.time()
    told_before(move)


def dead(move: Moving) -> None:
    """A has lost its power."""
    attach(move.lab.b, TAP, *ADDRESSES, options=MOVES_IN)
    move.stop()
    move.lab.a.run(f"ip link set {move.lab.place.center.link} down")
    move.go_on(move.lab.b)


Drops = str  # what becomes of announcements on the way: a statement of nft(8)
CASES: list[tuple[str, Callable[[Moving], None], Drops, float]] = [
    ("B attached, A detached meanwhile", detached_before, "", 3),
    ("A detached, then B attached", attached_after, "", 3),
    ("B attached, A told to migrate out", told_before, "", 3),
    ("B attached, A detached after", detached_after, "", 3),
    ("A told, first announcement dropped", told_before, "first", 3),
    ("A told, no announcement", told_before, "all", 45),
    ("A detached meanwhile, no announcement", detached_before, "all", 45),
    ("A dead", dead, "", 3),
    ("A dead, no announcement", dead, "all", 60),
    ("failed, goes on at A", failed, "", 3),
    ("there and back (the way back)", moved_back, "", 3),
]


def lose(lab: Migration, drops: Drops) -> None:
    """Has announcements of node B get lost on their way, the first of each kind or all of them."""
    if drops:
        port = lab.place.center.segment.port(lab.b, lab.place.center.link)
        first = "limit rate 1/day burst {} packets " if drops == "first" else ""
        rules = "\n".join(
            f"        {announcement} {first.format(burst)}drop"
            for announcement, burst in zip(ANNOUNCEMENTS, (2, 1), strict=True)  # ARP comes as request and reply
        )
        lab.place.center.segment.run(
            f"nft -f - <<'END'\ntable netdev lossy {{ chain ingress {{\n"
            f'        type filter hook ingress device "{port}" priority 0;\n{rules}\n}}\n}}\nEND'
        )


class Echoes:
    """Echoes every millisecond from one host to an address."""

    def __init__(self, source: Host, address: str, seconds: float) -> None:
        self._count = int(seconds * 1000)
        self._end = time.time() + seconds
        self._source, self._said = source, f"/run/echoes-{address}"
        words = f"/usr/bin/python3 {ECHO} {address} {self._count} {os.getpid() & 0xFFFF} > {self._said}"
        self._process = started(source, f"exec {words}")

    def gap(self, move: Moving) -> tuple[float, int]:
        """The longest time without an answer from the stop on, less the standstill, in ms; and how many got lost."""
        trouble = self._process.communicate()[0]
        if trouble:
            raise SystemExit(f"bench: {trouble}")
        answers = [line.split() for line in self._source.run(f"cat {self._said}").splitlines()]
        times = [float(when) for _, when in answers if float(when) > move.stopped - 0.05]
        times.append(self._end)
        gap = max((later - earlier for earlier, later in pairwise(times)), default=0.0)
        lost = self._count - len({number for number, _ in answers})
        never = times[-1] - times[-2] >= gap if len(times) > 1 else True
        return float("inf") if never else (gap - (move.went_on - move.stopped)) * 1000, lost


class Asker(threading.Thread):
    """Asks the link all along who has the machine's addresses, and hears who answers and who announces."""

    def __init__(self, router: Host, link: str) -> None:
        super().__init__(daemon=True)
        self._tap = Tap(router, link)
        self._over = threading.Event()
        self.heard: list[tuple[float, Answer]] = []

    def run(self) -> None:
        while not self._over.wait(0.002):
            for address, sender in zip(ADDRESSES, ("192.0.2.1", "fe80::99"), strict=True):
                self._tap.ask(address, sender)
            now = time.time()
            self.heard += [(now, said) for said in self._tap.heard() if isinstance(said, Answer)]

    def wrong(self, move: Moving) -> int:
        """How many answers came from B before the machine went on there, or from A after B had announced it."""
        self._over.set()
        self.join()
        lab = move.lab
        a, b = (hardware_address(node, lab.place.center.link) for node in (lab.a, lab.b))
        count = 0
        claimed: set[str] = set()
        for when, said in self.heard:
            target = str(said.target)
            if target not in ADDRESSES or when < move.began:
                continue
            if said.at == b:
                count += when < move.going or move.host is not lab.b
                claimed.add(target)
            count += said.at == a and target in claimed
        return count


def measure(case: Callable[[Moving], None], drops: Drops, seconds: float) -> tuple[list[tuple[float, int]], int, float]:
    """One case in a lab of its own: gap and loss of each stream, wrong answers, and the standstill in ms."""
    with migration() as lab:
        center = lab.place.center
        for gateway, address in zip(GATEWAYS, ADDRESSES, strict=True):
            if not (reaches(lab.guest, gateway) and reaches(center.router, address)):
                raise SystemExit("bench: the machine is not reachable before it moves")
        move = Moving(lab)
        lose(lab, drops)
        asker = Asker(center.router, center.link)
        asker.start()
        streams = [Echoes(center.router, address, seconds + 1) for address in ADDRESSES]
        streams += [Echoes(lab.guest, gateway, seconds + 1) for gateway in GATEWAYS]
        time.sleep(0.5)
        case(move)
        gaps = [stream.gap(move) for stream in streams]
        wrong = asker.wrong(move)
        for node in (lab.a, lab.b):  # whoever still waits there for an announcement ends with the attachment
            detach(node, TAP)
        return gaps, wrong, (move.went_on - move.stopped) * 1000


def main() -> None:
    """Prints one row a case."""
    parser = argparse.ArgumentParser(prog="tools/bench migration", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("-n", type=int, default=3, metavar="RUNS", help="runs of each case; the worst counts (3)")
    parser.add_argument("--only", type=int, nargs="+", default=list(range(len(CASES))), help="numbers of cases, from 0")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/guests.md has it")
    options = parser.parse_args()
    with suppress(PermissionError):  # what else the machine does shall not count
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    head = ["", "into, IPv4", "into, IPv6", "out of, IPv4", "out of, IPv6", "lost", "standstill", "wrong answers"]
    rows = []
    for number in options.only:
        title, case, drops, seconds = CASES[number]
        runs = [measure(case, drops, seconds) for _ in range(options.n if seconds < 10 else 1)]
        gaps = [max(run[0][stream][0] for run in runs) for stream in range(4)]
        lost = max(lost for run in runs for _, lost in run[0])
        still, wrong = max(run[2] for run in runs), max(run[1] for run in runs)
        shown = ["never" if gap == float("inf") else f"{gap:.1f}" for gap in gaps]
        rows.append([title, *shown, str(lost), f"{still:.0f}", str(wrong)])
        print(rows[-1], file=sys.stderr, flush=True)
    print_table("Cut off beyond the standstill, ms, at worst", head, rows, options.markdown)


main()
