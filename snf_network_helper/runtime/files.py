"""The directory below /run that holds all there is to remember, and how files are read, written and removed."""

from snf_network_helper.errors import JournalError
from snf_network_helper.lean import posix

DIRECTORY = "/run/snf-network-helper"

# True in a process that leaves in place whatever it cannot read: a command that only looks, or one in the background,
# for nobody hears what that says.
looks_only = False

_made: set[str] = set()  # by this process, or found good by it

_PART_BYTES = 65536
_KIND, _DIRECTORY_KIND, _FILE_KIND = 0o170000, 0o040000, 0o100000  # S_IFMT, S_IFDIR, S_IFREG (inode(7))


def make_directory(name: str) -> None:
    """Makes a directory below ours, once; refuses one that others could have put there or can write to."""
    for path in (DIRECTORY, f"{DIRECTORY}/{name}"):
        if path in _made:
            continue
        try:
            posix.mkdir(path, 0o700)
        except FileExistsError:
            pass
        except OSError as error:
            raise JournalError(f"cannot make {path}: {error.strerror}") from None
        status = posix.lstat(path)
        if status.st_mode & _KIND != _DIRECTORY_KIND or status.st_uid != posix.geteuid() or status.st_mode & 0o077:
            raise JournalError(f"{path}: expected a directory that is root's own, mode 0700")
        _made.add(path)


def is_ours(status: posix.stat_result) -> bool:
    """True for a plain file that is root's own, and that nobody else can write to."""
    return (
        status.st_mode & _KIND == _FILE_KIND and status.st_uid == posix.geteuid() and not status.st_mode & 0o022
    )


def exists(path: str) -> bool:
    """True where there is something at the path, be it a symbolic link to nowhere."""
    try:
        posix.lstat(path)
    except OSError:
        return False
    return True


def remove(path: str) -> None:
    """Removes a file that may not be there."""
    try:
        posix.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise JournalError(f"cannot remove {path}: {error.strerror}") from None


def replace(path: str, text: str, draft: str) -> None:
    """Writes a file by way of a draft of that name, so that readers see the old one or the new one, whole; OSError."""
    draft = f"{DIRECTORY}/draft-{draft}"  # beside the directories that are listed
    try:
        remove(draft)
        write(draft, text)
        posix.rename(draft, path)
    except OSError:
        remove(draft)
        raise


def write(path: str, text: str) -> None:
    """Writes a file that nobody reads yet, also over one that was never finished; OSError."""
    file = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_NOFOLLOW, 0o600)
    try:
        content = text.encode(errors="surrogateescape")
        while content:
            content = content[posix.write(file, content) :]
        posix.fsync(file)
    finally:
        posix.close(file)


def content(path: str) -> bytes | None:
    """What is in a file, None where there is none, or for whoever may not know: root alone has any down there."""
    try:
        file = posix.open(path, posix.O_RDONLY)
        try:
            parts = []
            while part := posix.read(file, _PART_BYTES):
                parts.append(part)
            return b"".join(parts)
        finally:
            posix.close(file)
    except (FileNotFoundError, ProcessLookupError, PermissionError):  # the second one below /proc
        return None
    except OSError as error:
        raise JournalError(f"cannot read {path}: {error.strerror}") from None


def write_in_place(path: str, new: bytes) -> None:
    """Writes a file that others read: nfdhcpd heeds files that are closed after writing, and none that are renamed."""
    try:
        file = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_TRUNC | posix.O_NOFOLLOW, 0o644)
        with open(file, "wb") as stream:
            stream.write(new)
    except OSError as error:
        raise JournalError(f"cannot write {path}: {error.strerror}") from None


def last_link(path: str) -> str:
    """Where a chain of symbolic links ends, as that of Debian's alternatives; targets are taken as absolute paths."""
    try:
        while True:
            path = posix.readlink(path)
    except OSError:
        return path
