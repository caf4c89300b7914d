"""nft(8): commands as one transaction."""

from snf_network_helper.errors import KernelError
from snf_network_helper.kernel.process import Process, heed_interrupt, show
from snf_network_helper.lean import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def transaction(commands: "Sequence[str]") -> None:
    """Runs nft(8) commands as one transaction: all of them, or on KernelError none."""
    heed_interrupt()
    for command in commands:
        show(command)
    statements = [_statement(command) for command in commands]
    code, _, stderr = Process(["nft", "-f", "-"], "\n".join(statements) + "\n").finish()
    if code:
        # For what a file has it says first where that is included
        first = next((line for line in stderr.splitlines() if "Error: " in line), stderr.partition("\n")[0] or "failed")
        raise KernelError(commands[0] if len(commands) == 1 else "nft -f -", first.partition("Error: ")[2] or first)


def _statement(command: str) -> str:
    """What nft(8) reads for one of its commands."""
    included = "nft -f "
    if command.startswith(included):
        return f'include "{command.removeprefix(included)}"'
    return command.removeprefix("nft '").removesuffix("'")
