"""A copy of this machine to install the package on, while the machine itself stays as it is."""

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.root import ENVIRON, hold

ROOT = Path(__file__).resolve().parents[2]

# What dpkg, debconf and others note down about any package.
RECORDS = ("var/lib/dpkg", "var/cache", "var/log")


class Machine:
    """A copy of this machine that forgets: its root is an overlay, its network a namespace."""

    def __init__(self, directory: Path) -> None:
        self._holder = hold(directory, Path("/"))
        self._directory = directory
        self.root = Path(f"/proc/{self._holder.pid}/root{directory}/root")

    def close(self) -> None:
        """Ends the only process that keeps the namespaces alive."""
        self._holder.communicate()

    def run(
        self, *command: str, check: bool = True, environ: dict[str, str] = ENVIRON
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on the copy, never on the machine itself."""
        pid = self._holder.pid
        for namespace in ("mnt", "net"):
            if os.path.samefile(f"/proc/{pid}/ns/{namespace}", f"/proc/self/ns/{namespace}"):
                raise RuntimeError(f"refusing to run {command}: not in a {namespace} namespace of its own")
        enter = ["nsenter", f"--target={pid}", "--mount", "--net", "chroot", f"{self._directory}/root"]
        done = subprocess.run(
            [*enter, *command], env=ENVIRON | environ, text=True, capture_output=True, stdin=subprocess.DEVNULL
        )
        if check and done.returncode:
            raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    def path(self, name: str) -> Path:
        """Where a file of the copy is for this process."""
        return self.root / name.lstrip("/")

    def write(self, name: str, text: str) -> None:
        """Writes a file of the copy, and the directories that lead to it."""
        self.path(name).parent.mkdir(parents=True, exist_ok=True)
        self.path(name).write_text(text, "utf-8")

    def install(self, deb: Path) -> subprocess.CompletedProcess[str]:
        """Installs or upgrades a package."""
        shutil.copy(deb, self.path("/tmp"))
        return self.run("dpkg", "--install", f"/tmp/{deb.name}")

    def preseed(self, answer: str) -> None:
        """Answers the debconf question before it is asked."""
        self.write("/tmp/preseed", f"snf-network-helper snf-network-helper/tables string {answer}\n")
        self.run("debconf-set-selections", "/tmp/preseed")

    def state(self) -> dict[str, str]:
        """Every path at which the copy differs from the machine, and what is there; "" stands for nothing.

        Records and caches, which any package leaves behind, are left out.
        """
        upper = self.root.parent / "upper"
        state = {}
        for directory, subdirectories, files in os.walk(upper):
            for name in subdirectories + files:
                path = Path(directory, name)
                relative = str(path.relative_to(upper))
                if relative.startswith(RECORDS) or path.suffix == ".pyc":
                    continue
                if (there := fingerprint(path)) != fingerprint(Path("/", relative)):
                    state[relative] = there
                    if not there:
                        state |= dict.fromkeys(below(Path("/", relative)), "")
        return state


@contextmanager
def never_installed(directory: Path) -> Iterator[Machine]:
    """A copy of this machine on which the package was never installed."""
    machine = Machine(directory)
    try:
        # No triggers of other packages: most of the time would go into man-db's index.
        machine.write("/var/lib/dpkg/triggers/File", "")
        machine.run("dpkg", "--purge", "snf-network-helper")
        yield machine
    finally:
        machine.close()


def below(directory: Path) -> Iterator[str]:
    """What is in a directory of this machine, by its path on the copy: with the directory, all of it has gone there."""
    yield from (str(path.relative_to("/")) for path in directory.rglob("*"))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The paths at which a machine changed between two states."""
    return {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def fingerprint(path: Path) -> str:
    """All that matters of a file, or of a directory leaving aside what is in it."""
    if not os.path.lexists(path):
        return ""
    status = path.lstat()
    if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:  # overlayfs: deleted here
        return ""
    content = b""
    if stat.S_ISLNK(status.st_mode):
        content = os.fsencode(path.readlink())
    elif stat.S_ISREG(status.st_mode):
        content = path.read_bytes()
    return f"{status.st_mode:o} {status.st_uid}:{status.st_gid} {hashlib.sha256(content).hexdigest()}"


def build(tree: Path, *command: str) -> None:
    """Runs a build, showing what it said only if it fails."""
    done = subprocess.run(
        command, cwd=tree, env=ENVIRON, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    assert done.returncode == 0, done.stdout
