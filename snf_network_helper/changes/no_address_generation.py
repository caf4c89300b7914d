"""The kernel makes a link no link-local address of its own."""

from snf_network_helper.changes.of_link import LinkSetting

_GENERATION = ("eui64", "none", "stable_secret", "random")  # as ip(8) names the values of addr_gen_mode


class NoAddressGeneration(LinkSetting):
    """The kernel makes no link-local address of its own.

    Undone by ip(8): what is written to /proc/sys makes such an address at once, also on a link that is down.
    """

    __slots__ = ("dev",)

    def __init__(self, dev: str) -> None:
        self.dev = dev

    def add(self) -> str:
        return f"echo 1 > /proc/sys/{self._path}"

    def remove(self) -> str:
        return f"ip link set dev {self.dev} addrgenmode PRIOR"

    def wanted(self) -> str:
        return "none"

    def state(self) -> str:
        from snf_network_helper.kernel import sysctl

        return _GENERATION[int(sysctl.read(self._path))]

    def set_state(self, command: str, state: str) -> None:
        from snf_network_helper.kernel import process, sysctl

        if state == self.wanted():
            sysctl.write(self._path, "1")
        else:
            process.run(command)

    @property
    def _path(self) -> str:
        return f"net/ipv6/conf/{self.dev}/addr_gen_mode"
