"""A setting that several interfaces or guests need."""

from snf_network_helper.changes.base import Change, Entry, User
from snf_network_helper.changes.sysctl import Sysctl
from snf_network_helper.errors import KernelError
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.runtime import shared
from snf_network_helper.runtime.lock import SHARED, Lock

if TYPE_CHECKING:
    from collections.abc import Collection

# The medium_id of what is one medium: any other number than 0 would do as well.
MEDIUM = "1"

_ALL_LINKS = ("all", "default")  # which are no links
_IPV6 = "net/ipv6/conf/"
_ALL_IPV6_FORWARDING = f"{_IPV6}all/forwarding"


class SharedSysctl(Sysctl):
    """A setting that several users need; it goes back to its prior when its last user goes."""

    __slots__ = ()

    def fields(self) -> tuple[tuple[str, str], ...]:
        return (("path", self.path), ("value", self.value))

    def shared_name(self) -> str:
        """By which name its users are recorded."""
        return self.path.replace("/", ":")

    def goes_with(self, link: str) -> bool:
        return False

    def look(self, old: Entry | None) -> Entry:
        from snf_network_helper.kernel import sysctl

        if not self._awaits_link():
            sysctl.read(self.path)  # where the kernel has none, nothing must have been done yet
        return Entry(self)

    def make(self, user: User) -> None:
        from snf_network_helper.kernel import sysctl

        with Lock(SHARED):
            first, known = shared.join(self.shared_name(), user.name, self._prior)
            if not self._awaits_link() and (value := sysctl.read(self.path)) != self.value:
                if known or not first:
                    self._record_link(value)
                sysctl.write(self.path, self.value)

    def undo(self, user: User, prior: str) -> None:
        """The last user puts it back before it is struck off, so that a kill in between loses nothing."""
        name = self.shared_name()
        with Lock(SHARED):
            if shared.is_last(name, user.name):
                self._restore()
                self._release_followers()
            shared.leave(name, user.name)

    def is_present(self, marked: frozenset[Change]) -> bool:
        """The link may have gone, or not have come yet: then nothing of it is missing.

        Of a link that was kept heeding advertisements only a host's 1 is a loss: a 0 says that something else heeds
        them now, or that a guest is behind it. And a link that is routed meanwhile refuses them.
        """
        from snf_network_helper.kernel import sysctl

        if self.path.endswith("/accept_ra"):
            return not sysctl.reads(self.path, "1") or shared.is_used(refusal(self.path.split("/")[-2]))
        return self._awaits_link() or super().is_present(marked)

    def _awaits_link(self) -> bool:
        """True where the link is not there: an uplink as ppp0 comes and goes.

        Each time it comes, udev and ifup give it the settings that somebody uses.
        """
        from snf_network_helper.kernel import sysctl

        return not sysctl.exists(f"net/ipv4/conf/{self._link}")

    def _prior(self) -> str:
        """What has to be known to put the setting back: its value and, joined by commas, the links it drags along.

        Writing net.ipv6.conf.all.forwarding overwrites every link's own forwarding (addrconf_fixup_forwarding in the
        kernel's net/ipv6/addrconf.c). A second line has the numbers of the links, which may be renamed.
        """
        from snf_network_helper.kernel import sysctl

        if self._awaits_link():
            family, name = self.path.split("/")[1], self.path.rpartition("/")[2]
            return sysctl.read(f"net/{family}/conf/default/{name}") + "\n"  # with which it will come
        value, links = sysctl.read(self.path), [self._link]
        if self.path == _ALL_IPV6_FORWARDING and value != self.value:
            links += [link for link in sysctl.ipv6_links() if _forwards(link)]
        return ",".join([value, *links[1:]]) + "\n" + ",".join(map(sysctl.number, links))

    def _record_link(self, value: str) -> None:
        """Records a link that gets the setting, and may be another one than that of the first user."""
        from snf_network_helper.kernel import sysctl

        name, number = self.shared_name(), sysctl.number(self._link)
        if number and shared.prior_links(name) not in (None, number):
            shared.record_link(name, number, value)

    def _restore(self) -> None:
        """Puts back what each link had before that got the setting, also one that has another name now."""
        from snf_network_helper.kernel import sysctl

        value, *forwarding = shared.prior(self.shared_name()).split(",")
        for link, before in self._before(value).items():
            change = SharedSysctl(self.path.replace(f"/{self._link}/", f"/{link}/"), self.value)
            if before == self.value or not sysctl.reads(change.path, self.value):
                continue
            if link != self._link and shared.prior_links(change.shared_name()) == sysctl.number(link):
                shared.set_prior(change.shared_name(), before)  # others want it by the present name
                continue
            sysctl.write(change.path, before)
            for dragged in self._present_names(forwarding):
                if sysctl.exists(_forwarding(dragged)):
                    sysctl.write(_forwarding(dragged), "1")

    def _before(self, prior: str) -> dict[str, str]:
        """The links that have got the setting by their present names, and the value that each had before."""
        from snf_network_helper.kernel import sysctl

        name = self.shared_name()
        before = {sysctl.name_of(number): value for number, value in shared.came(name).items()}
        number = shared.prior_links(name)
        if number is None or self._link in _ALL_LINKS:  # an earlier version has recorded no numbers
            before[self._link] = prior
        else:
            before[sysctl.name_of(number)] = prior
        before.pop("", None)  # those that have gone
        return before

    def _present_names(self, links: "Collection[str]") -> "Collection[str]":
        """The names that the links have now whose names and, but for `default`, numbers the prior has."""
        from snf_network_helper.kernel import sysctl

        numbers = (shared.prior_links(self.shared_name()) or "").split(",")[1:] or [""] * len(links)
        return [sysctl.name_of(number) if number else link for link, number in zip(links, numbers, strict=False)]

    def _release_followers(self) -> None:
        *_, link, setting = self.path.split("/")
        user = f"{link}:{setting}"
        for kept in shared.followers(self.shared_name()):
            change = SharedSysctl(kept, MEDIUM if setting == "medium_id" else "2")
            if shared.is_last(change.shared_name(), user):
                change._restore()
            shared.leave(change.shared_name(), user)

    @property
    def _link(self) -> str:
        return self.path.split("/")[3]


def refusal(link: str) -> str:
    """By which name it is recorded that a link refuses advertisements."""
    return f"RefuseAdvertisements {link}"


def follow(link: str) -> bool:
    """Has a link that heeds advertisements as a host does go on so for as long as it forwards because of us.

    Its user is not a stanza but the setting that has it forward, by itself or with all the others. Returns whether
    there was anything to do. The caller holds the lock of what is shared.
    """
    from snf_network_helper.kernel import sysctl

    change = SharedSysctl(f"{_IPV6}{link}/accept_ra", "2")
    name = change.shared_name()
    if not sysctl.reads(change.path, "1"):
        return False
    for conf in ("all", link):
        followed = SharedSysctl(_forwarding(conf), "1").shared_name()
        if shared.is_used(followed):
            shared.join(name, f"{conf}:forwarding", change._prior)
            shared.record_follower(followed, change.path)
    if not shared.is_used(name):
        return False
    change._record_link("1")
    sysctl.write(change.path, change.value)
    return True


def follow_medium(path: str, routed: "Collection[str]") -> None:
    """Has the medium_id of a link be as those of the routed ones for as long as these have theirs.

    As above, its users are no stanzas, and the caller holds the lock.
    """
    from snf_network_helper.kernel import sysctl

    change = SharedSysctl(path, MEDIUM)
    for link in routed:
        shared.join(change.shared_name(), f"{link}:medium_id", change._prior)
        shared.record_follower(SharedSysctl(path.replace(f"/{change._link}/", f"/{link}/"), MEDIUM).shared_name(), path)
    if routed:
        change._record_link(sysctl.read(path))
        sysctl.write(path, MEDIUM)


def _forwarding(link: str) -> str:
    return f"{_IPV6}{link}/forwarding"


def _forwards(link: str) -> bool:
    from snf_network_helper.kernel import sysctl

    try:
        return sysctl.read(_forwarding(link)) == "1"
    except KernelError:  # the link went away in between
        return False
