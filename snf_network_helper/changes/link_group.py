"""The group of a guest's TAP, by which the guard knows it whatever its name is."""

from snf_network_helper.changes.base import APPLIED, Entry
from snf_network_helper.changes.of_link import LinkSetting

# "snf"; guard.nft has it too. `ip link show group 7564902` shows all TAPs that are attached.
GUARDED = "7564902"
_NONE = "0"


class LinkGroup(LinkSetting):
    """The link is in the group of those that are guarded: a link takes its group along when it is renamed.

    The guard's sets have names, and so nothing for the new one: what comes out of the TAP is dropped.
    """

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"ip link set dev {self.dev} group {GUARDED}"

    def remove(self) -> str:
        return f"ip link set dev {self.dev} group PRIOR"

    def look(self, old: Entry | None) -> Entry:
        """Nobody else uses this group: a link that is in it already had another name when it was attached."""
        if old is None and self.state() == GUARDED:
            return Entry(self, APPLIED, _NONE)
        return super().look(old)

    def wanted(self) -> str:
        return GUARDED

    def state(self) -> str:
        from snf_network_helper.kernel import rtnetlink

        return rtnetlink.link_attributes(self.dev).group

    def set_state(self, command: str, state: str) -> None:
        from snf_network_helper.kernel import rtnetlink

        rtnetlink.set_link_group(command, self.dev, state)
