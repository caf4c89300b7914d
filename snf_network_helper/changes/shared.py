"""What changes that several users need have in common: the first user makes one, the last one undoes it."""

from snf_network_helper.changes.base import Change, User
from snf_network_helper.errors import KernelError
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock

if TYPE_CHECKING:
    from collections.abc import Callable

_seen_to: set[str] = set()  # what this process has seen to


class SharedChange(Change):
    """A change that is no setting, and that several users share."""

    __slots__ = ()

    def shared_name(self) -> str:
        """By which name its users are recorded."""
        return " ".join([type(self).__name__, *(value.replace("/", "-") for _, value in self.fields())])

    def make(self, user: User) -> None:
        self.make_by(user, self._add_anew)

    def make_by(self, user: User, add: "Callable[[], None]") -> None:
        """Records the user; where there was none, or somebody may have removed the change, `add` makes it.

        A user that comes again wants whole what is missing: once in a run will do.
        """
        name = self.shared_name()
        with Lock(SHARED):
            first, known = shared.join(name, user.name)
            if not first and not (known and name not in _seen_to):
                return
            try:
                add()
            except KernelError:
                if not known:
                    shared.leave(name, user.name)
                raise
            _seen_to.add(name)

    def undo(self, user: User, prior: str) -> None:
        """The last user undoes the change before it is struck off, so that a kill in between loses nothing."""
        from snf_network_helper.kernel.process import is_gone

        name = self.shared_name()
        with Lock(SHARED):
            if shared.is_last(name, user.name):
                try:
                    self._delete()
                except KernelError as error:
                    if not is_gone(error.reason):
                        raise
            _seen_to.discard(name)
            shared.leave(name, user.name)

    def is_used(self) -> bool:
        """True while anybody uses it."""
        return shared.is_used(self.shared_name())

    def _add_anew(self) -> None:
        from snf_network_helper.kernel.process import exists_already

        try:
            self._add()
        except KernelError as error:
            if not exists_already(error.reason):
                raise

    def _add(self) -> None:
        from snf_network_helper.kernel.process import run

        run(self.add())

    def _delete(self) -> None:
        from snf_network_helper.kernel.process import run

        run(self.remove())
