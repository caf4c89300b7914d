"""The names of routing tables, in the files of iproute2."""

from snf_network_helper.lean import posix

# iproute2 reads these in this order; Debian 13 moved its own file below /usr/share.
_FILES = ("/usr/share/iproute2/rt_tables", "/etc/iproute2/rt_tables")


def table_number(name: str) -> int | None:
    """The number of a table by its name, None where no file has it; numbers may be decimal or hexadecimal there."""
    paths = list(_FILES)
    for path in _FILES:
        try:
            files = sorted(posix.listdir(path + ".d"))
        except OSError:
            continue
        paths += [f"{path}.d/{file}" for file in files if file.endswith(".conf")]
    for path in paths:
        try:
            with open(path, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    words = line.partition("#")[0].split()
                    if len(words) == 2 and words[1] == name:
                        return int(words[0], 0)
        except (OSError, ValueError):
            continue
    return None
