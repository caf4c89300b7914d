"""What the hooks need of `os` beyond its C half, `posix`, which they use: the Python half costs each of them 1 ms."""

import posix

# As os.environ: undecodable bytes survive as surrogates.
environ = {
    name.decode(errors="surrogateescape"): value.decode(errors="surrogateescape")
    for name, value in posix.environ.items()
}


def exists(path: str) -> bool:
    """True where there is something at the path, be it a symbolic link to nowhere."""
    try:
        posix.lstat(path)
    except OSError:
        return False
    return True


def last_link(path: str) -> str:
    """Where a chain of symbolic links ends, as that of Debian's alternatives; targets are taken as absolute paths."""
    try:
        while True:
            path = posix.readlink(path)
    except OSError:
        return path
