"""ip(8): commands in batches."""

from snf_network_helper.errors import KernelError
from snf_network_helper.kernel.process import Process, heed_interrupt, reason, show
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def batch(commands: "Sequence[str]", keep_going: bool) -> tuple[list[tuple[int, str]], str]:
    """Runs ip(8) commands of one family in one process: index and reason of each that failed, and what was printed.

    Without `keep_going` it stops at the first failure; what came before stays done (`ip -batch`, ip(8)).
    """
    six = "ip -6 "
    family = ["-6"] if commands[0].startswith(six) else []
    heed_interrupt()
    lines = [command.removeprefix(six if family else "ip ") for command in commands]
    argv = ["ip", *family, *(["-force"] if keep_going else []), "-batch", "-"]
    code, stdout, stderr = Process(argv, "\n".join(lines) + "\n").finish()
    failures = batch_failures(stderr)
    if code and not failures:
        raise KernelError(" ".join(argv), reason(stderr))
    ran = len(commands) if keep_going or not failures else failures[0][0] + 1
    for command in commands[:ran]:
        if " show " not in command:
            show(command)
    return failures, stdout


def batch_failures(stderr: str) -> list[tuple[int, str]]:
    """Index and reason of each command of an `ip -batch -` that failed."""
    failures = []
    reasons = ""
    for line in stderr.splitlines():
        head, colon, number = line.rpartition(":")
        if colon and head == "Command failed -" and number.isdigit():
            failures.append((int(number) - 1, reason(reasons)))
            reasons = ""
        else:
            reasons += line + "\n"
    return failures
