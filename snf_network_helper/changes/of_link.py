"""What settings of a link itself, or of its neighbours, have in common: a state before, and one that is wanted."""

from snf_network_helper.changes.base import APPLIED, KEPT, PENDING, Change, Entry, User
from snf_network_helper.errors import KernelError


class LinkSetting(Change):
    """A setting of a link, whose state is a word; the prior is that word."""

    __slots__ = ()
    dev: str

    def wanted(self) -> str:
        """The state that the change makes."""
        raise NotImplementedError

    def state(self) -> str:
        """The state that is."""
        raise NotImplementedError

    def set_state(self, command: str, state: str) -> None:
        """Makes it that state; `command` is the one that would do the same."""
        raise NotImplementedError

    def goes_with(self, link: str) -> bool:
        return self.dev == link

    def look(self, old: Entry | None) -> Entry:
        before = self.state()
        ours = old is not None and old.state != KEPT
        if before == self.wanted():
            return Entry(self, APPLIED if ours else KEPT, old.prior if old is not None else before)
        return Entry(self, PENDING, old.prior if old is not None and ours else before)

    def make(self, user: User) -> None:
        from snf_network_helper.kernel.process import begin

        begin(self.add())
        self.set_state(self.add(), self.wanted())

    def undo(self, user: User, prior: str) -> None:
        """Sets the link as it was, unless somebody has changed it since, or the link is gone."""
        from snf_network_helper.kernel import link
        from snf_network_helper.kernel.process import begin

        if link.number(self.dev) and self.state() == self.wanted():
            command = self.remove().replace("PRIOR", prior)
            begin(command)
            self.set_state(command, prior)

    def is_present(self, marked: frozenset[Change]) -> bool:
        try:
            return self.state() == self.wanted()
        except KernelError:
            return False
