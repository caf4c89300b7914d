"""Who uses what several interfaces or guests share; its caller holds the lock `SHARED`.

A directory for each, holding an empty file per user and, of a setting, the file `prior`, so that joining and leaving
cost the same however many users there are. A name with a slash says below which directory it is; that of all others is
`shared`, which is listed, and so holds nothing that there are as many of as guests.
"""

from snf_network_helper.errors import JournalError
from snf_network_helper.lean import TYPE_CHECKING, posix
from snf_network_helper.runtime import files

if TYPE_CHECKING:
    from collections.abc import Callable

_PRIOR, _CAME, _FOLLOWERS = "prior", "came", "followers"  # have no colon, as every user's name has


def settings() -> frozenset[str]:
    """The settings, as paths below /proc/sys, that somebody uses now."""
    try:
        names = posix.listdir(f"{files.DIRECTORY}/shared")
    except OSError:
        return frozenset()
    return frozenset(name.replace(":", "/") for name in names if name.startswith("net:"))


def join(what: str, user: str, prior: "Callable[[], str] | None" = None) -> tuple[bool, bool]:
    """Records a user, and of the first one the prior; returns whether it is the first, and whether it was known."""
    place = directory(what)
    try:
        files.make_directory(_room(what))
        if files.exists(place):
            first, known = not _has_user(place, other_than=user), files.exists(f"{place}/{user}")
        else:
            posix.mkdir(place, 0o700)
            first, known = True, False
        if first and not known and prior is not None:
            files.write(f"{place}/{_PRIOR}", prior())  # which counts from the moment on when there is a user
        if not known:
            files.write(f"{place}/{user}", "")
    except OSError as error:
        raise JournalError(f"cannot write {place}: {error.strerror}") from None
    return first, known


def is_last(what: str, user: str) -> bool:
    """True where the user is known, and nobody else uses it."""
    return files.exists(f"{directory(what)}/{user}") and not has_others(what, user)


def has_others(what: str, user: str) -> bool:
    """True where anybody else uses it."""
    return is_used(what) and _has_user(directory(what), other_than=user)


def users(what: str) -> list[str]:
    """All who use it."""
    if not is_used(what):
        return []
    return sorted(name for name in posix.listdir(directory(what)) if ":" in name)


def prior(what: str) -> str:
    """The value that the first user recorded; "" where nobody did."""
    return _lines(what, _PRIOR)[0]


def set_prior(what: str, value: str) -> None:
    """Records another value in the place of the first user's."""
    files.write(f"{directory(what)}/{_PRIOR}", "\n".join([value, *_lines(what, _PRIOR)[1:]]))


def prior_links(what: str) -> str | None:
    """The numbers of the links that the prior is about, as the first user recorded them; None where it did not."""
    return next(iter(_lines(what, _PRIOR)[1:]), None)


def came(what: str) -> dict[str, str]:
    """The links that have got a setting since the first user came: of each its number, and the value before."""
    return {number: value for number, _, value in (line.partition(" ") for line in _lines(what, _CAME)) if value}


def record_link(what: str, number: str, value: str) -> None:
    """Records one of these; as the hook and udev's rule do in shell."""
    if number not in came(what):
        before = "\n".join(_lines(what, _CAME))
        files.write(f"{directory(what)}/{_CAME}", f"{before}{number} {value}\n")


def followers(what: str) -> list[str]:
    """The settings that have this one among their users: whoever puts it back looks at no others."""
    return [line for line in _lines(what, _FOLLOWERS) if line]


def record_follower(what: str, follower: str) -> None:
    """Records one of these."""
    if follower not in (known := followers(what)):
        files.write(f"{directory(what)}/{_FOLLOWERS}", "".join(f"{one}\n" for one in [*known, follower]))


def _lines(what: str, file: str) -> list[str]:
    return (files.content(f"{directory(what)}/{file}") or b"").decode(errors="surrogateescape").split("\n")


def leave(what: str, user: str) -> None:
    """Strikes a user off; with the last one the directory goes."""
    place = directory(what)
    if not files.exists(place):
        return
    files.remove(f"{place}/{user}")
    # It is made only when it has a user: without one nothing is left to undo
    if not _has_user(place, other_than=""):
        for file in (_PRIOR, _CAME, _FOLLOWERS):
            files.remove(f"{place}/{file}")
        posix.rmdir(place)


def hand_over(user: str, to: str) -> None:
    """Has another user have all that a user of `settings` and the like has."""
    place = f"{files.DIRECTORY}/shared"
    try:
        for name in posix.listdir(place):
            if files.exists(f"{place}/{name}/{user}"):
                posix.rename(f"{place}/{name}/{user}", f"{place}/{name}/{to}")
    except FileNotFoundError:  # nothing is shared
        return
    except OSError as error:
        raise JournalError(f"cannot write {place}: {error.strerror}") from None


def is_used(what: str) -> bool:
    """True while anybody uses it."""
    return files.exists(directory(what))


def directory(what: str) -> str:
    """Where its users are recorded."""
    return f"{files.DIRECTORY}/{_room(what)}/{what.rpartition('/')[2]}"


def _room(what: str) -> str:
    return what.rpartition("/")[0] or "shared"


def _has_user(directory: str, other_than: str) -> bool:
    with posix.scandir(directory) as found:
        return any(":" in file.name and file.name != other_than for file in found)
