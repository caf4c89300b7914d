"""A setting of one link."""

from snf_network_helper.changes.base import APPLIED, KEPT, PENDING, Change, Entry, User


class Sysctl(Change):
    """A setting of one link, as a path below /proc/sys (the dot of eth0.222 breaks sysctl's own names)."""

    __slots__ = ("path", "value")

    def __init__(self, path: str, value: str) -> None:
        self.path = path
        self.value = value

    def add(self) -> str:
        return f"echo {self.value} > /proc/sys/{self.path}"

    def remove(self) -> str:
        return f"echo PRIOR > /proc/sys/{self.path}"

    def goes_with(self, link: str) -> bool:
        return self.path.split("/")[3:4] == [link]

    def look(self, old: Entry | None) -> Entry:
        from snf_network_helper.kernel import sysctl

        value = sysctl.read(self.path)
        if old is not None and old.state != KEPT:
            return Entry(self, APPLIED if value == self.value else PENDING, old.prior)
        return Entry(self, KEPT if value == self.value else PENDING, value)

    def make(self, user: User) -> None:
        from snf_network_helper.kernel import sysctl

        sysctl.write(self.path, self.value)

    def undo(self, user: User, prior: str) -> None:
        """Puts the setting back to its prior, unless somebody has changed it since, or its link is gone."""
        from snf_network_helper.errors import KernelError
        from snf_network_helper.kernel import sysctl

        try:
            if sysctl.read(self.path) == self.value != prior:
                sysctl.write(self.path, prior)
        except KernelError:
            if sysctl.exists(self.path):
                raise

    def is_present(self, marked: frozenset[Change]) -> bool:
        from snf_network_helper.kernel import sysctl

        return sysctl.reads(self.path, self.value)
