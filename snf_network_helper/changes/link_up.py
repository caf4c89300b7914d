"""The link of a guest is up."""

from snf_network_helper.changes.of_link import LinkSetting


class LinkUp(LinkSetting):
    """The link is up, and goes down again: nothing but the attachment wants it up."""

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"ip link set {self.dev} up"

    def remove(self) -> str:
        return f"ip link set {self.dev} down"

    def wanted(self) -> str:
        return "up"

    def state(self) -> str:
        from snf_network_helper.kernel import link

        return "up" if link.is_up(self.dev) else "down"

    def set_state(self, command: str, state: str) -> None:
        from snf_network_helper.kernel import link

        link.set_up(command, self.dev, state == "up")
