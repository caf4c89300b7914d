"""What released versions leave on a node: their files below /run, and what they told the kernel, as commands.

A folder holds one case of a release, as `record.py` wrote it:

| file | what is in it |
| --- | --- |
| `interfaces`, `settings` | /etc/network/interfaces and /etc/default/snf-network-helper |
| `before.sh` | makes true what the journals say was there before |
| `ifup.sh`, `attach.sh` | the commands that were typed, as comments, and below each what it told the kernel |
| `run/` | /run/snf-network-helper without the locks, and LINK for the number of a TAP |

So a node can be put into the state of a release without having the release. Beside the cases are the release's guard
and its hooks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

RELEASES = Path(__file__).parent
HOOKS = ("if-up.d", "if-down.d")
LINK_NUMBER = "LINK"
SETTING = re.compile(r"/proc/(sys/net/\S+)")


@dataclass(frozen=True)
class Case:
    """One case of a release."""

    folder: Path

    @property
    def title(self) -> str:
        """The release and what it did."""
        return f"{self.folder.parent.name}-{self.folder.name}"

    def text(self, name: str) -> str:
        """What is in one of its files, "" where it has none of that name."""
        path = self.folder / name
        return path.read_text("utf-8") if path.exists() else ""

    @property
    def journals(self) -> list[Path]:
        """Of its stanzas and its guests."""
        return sorted(self.folder.glob("run/journal/*")) + sorted(self.folder.glob("run/attached/*"))

    @property
    def link(self) -> str:
        """The routed interface."""
        return self.journals[0].name.partition(":")[0]

    @property
    def guests(self) -> dict[str, tuple[str, ...]]:
        """The TAPs and their guests' addresses."""
        return {
            path.name: tuple(re.findall(r"^asked .*\bip=(\S+)", path.read_text("utf-8"), re.MULTILINE)[0].split(","))
            for path in self.journals
            if path.parent.name == "attached"
        }

    @property
    def attaches(self) -> list[str]:
        """The commands that attached the guests."""
        return re.findall(r"^# (snf-network-helper attach .*)$", self.text("attach.sh"), re.MULTILINE)

    @property
    def awaits(self) -> bool:
        """Whether a guest has not been heard yet."""
        return any("\nawaited " in path.read_text("utf-8") for path in self.journals)

    def is_of_this_kernel(self) -> bool:
        """Whether the kernel has every setting: force_forwarding came with Linux 6.17."""
        paths = SETTING.findall(self.text("ifup.sh") + self.text("attach.sh"))
        general = (re.sub(r"(/conf|/neigh)/[^/]+/", r"\1/default/", path) for path in paths)
        return all(Path("/proc", path).exists() for path in general)


def every_case() -> list[Case]:
    """Every case of every release."""
    return [Case(path.parent) for path in sorted(RELEASES.glob("*/*/interfaces"))]


def cases() -> list[Case]:
    """Every case that this kernel can hold."""
    return [case for case in every_case() if case.is_of_this_kernel()]
