"""What importing costs: the modules that the hooks do without, and the hooks' own with and without our finder.

tools/bench makes the namespaces and starts this; docs/design.md, "Speed", has the figures.
"""

import argparse
import os
import time
from statistics import median

from report import middle, print_table

PACKAGES = "/usr/lib/python3/dist-packages"
HEAVY = ("os", "signal", "socket", "typing", "subprocess", "argparse", "ipaddress", "netifaces", "pyroute2")
LEAN = ("posix", "_signal", "_socket")
HOOK = ("hook", "plan.routed", "stanza.options", "transaction.bring_up", "transaction.take_down", "kernel.ip",
        "kernel.sysctl", "changes.arp_source", "changes.foreign")  # fmt: skip
ATTACH = ("commands.main", "commands.attach")


def program(*modules: str, before: str = "") -> str:
    """A program that imports modules and ends at once."""
    lines = [f"import sys; sys.path.append({PACKAGES!r})", before, *(f"import {module}" for module in modules)]
    return "\n".join([*lines, "import posix; posix._exit(0)"])


def took(code: str) -> float:
    """Milliseconds from the start of Python to the end of the program."""
    start = time.perf_counter()
    child = os.posix_spawn("/usr/bin/python3", ["python3", "-I", "-S", "-c", code], {"LC_ALL": "C"})
    os.waitpid(child, 0)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(prog="tools/bench imports", description=__doc__.partition("\n")[0])
    parser.add_argument("-n", type=int, default=100, metavar="RUNS", help="runs of each program, in turns (100)")
    parser.add_argument("--markdown", action="store_true", help="print the table as docs/design.md has it")
    options = parser.parse_args()
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    except PermissionError:
        print("bench: without real-time priority: whatever else runs here makes the figures worse")
    without = "import snf_network_helper; sys.meta_path.remove(snf_network_helper.Compiled)"
    hook, attach = ([f"snf_network_helper.{name}" for name in names] for names in (HOOK, ATTACH))
    programs = {
        "nothing": program(),
        **{name: program(name) for name in (*LEAN, *HEAVY)},
        "an ifup's modules": program(*hook),
        "an ifup's, by Python's own finder": program(*hook, before=without),
        "an attach's modules": program(*attach),
        "an attach's, by Python's own finder": program(*attach, before=without),
    }
    times: dict[str, list[float]] = {name: [] for name in programs}
    for code in programs.values():  # to compile what is not
        took(code)
    for _ in range(options.n):
        for name, code in programs.items():
            times[name].append(took(code))
    bare = median(times["nothing"])
    rows = [[name, middle(runs), f"{median(runs) - bare:+.1f}"] for name, runs in times.items()]
    print_table("A Python that imports and ends, ms", ["", "in all", "more"], rows, options.markdown)


main()
