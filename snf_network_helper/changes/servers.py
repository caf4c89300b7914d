"""What the server processes of a guest have in common."""

from snf_network_helper.changes.base import APPLIED, Change, Entry, User
from snf_network_helper.runtime import files


class Server(Change):
    """A process that serves one TAP, with a configuration of its own; `dev` is the TAP."""

    __slots__ = ()
    program: str
    dev: str

    def options(self) -> str:
        """What is on its command line beside the configuration and the pid file."""
        raise NotImplementedError

    def text(self) -> str:
        """Its configuration."""
        raise NotImplementedError

    def path(self) -> str:
        """Where its configuration is."""
        return f"{files.DIRECTORY}/serve/{self.dev}.{self.program}"

    def pid_path(self) -> str:
        """Where it leaves the number of its process."""
        return f"{self.path()}.pid"

    def add(self) -> str:
        return f"{self.program} {self.options()}"

    def remove(self) -> str:
        return f"kill -KILL $(cat {self.pid_path()})"

    def look(self, old: Entry | None) -> Entry:
        return Entry(self, APPLIED) if old is not None and old.was_made() and self._runs() else Entry(self)

    def make(self, user: User) -> None:
        """Writes the configuration, and starts the server: it puts itself into the background."""
        from snf_network_helper.kernel.process import run

        files.make_directory("serve")
        self.undo(user, "")  # one whose configuration is another
        files.write_in_place(self.path(), self.text().encode())
        run(self.add())

    def undo(self, user: User, prior: str) -> None:
        """Ends it at once: it keeps nothing, and a goodbye of radvd would leave a guest that moves without route."""
        from snf_network_helper.kernel.daemon import end

        if files.content(self.path()) is not None:  # without one it has never been started
            end(self.add(), self.pid_path(), self.remove())
        for path in (self.pid_path(), self.path()):
            files.remove(path)

    def is_present(self, marked: frozenset[Change]) -> bool:
        return self._runs()

    def _runs(self) -> bool:
        from snf_network_helper.kernel.daemon import find

        if files.content(self.path()) != self.text().encode():
            return False
        return find(self.add(), self.pid_path()) is not None
