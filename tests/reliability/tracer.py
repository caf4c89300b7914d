"""Runs a command and interferes at the n-th system call that changes something, whichever of its processes makes it.

    tracer.py N ACTION LOG COMMAND...

`kill` kills all processes before the call takes place. `term` and `int` send the first one a SIGTERM, or all of them
a SIGINT, as a terminal does. `fail` has the kernel refuse the call for want of memory or space. LOG gets one line per
such call: with N = 0 nothing is interfered with. strace(1) could do this too, but counts the calls of each process
by itself.
"""

from __future__ import annotations

import ctypes
import errno
import os
import re
import signal
import struct
import sys

TRACEME, CONT, KILL, SYSCALL, SETOPTIONS, SYSCALL_INFO = 0, 7, 8, 24, 0x4200, 0x420E
PEEKUSER, POKEUSER = 3, 6
OPTIONS = 0x1 | 0x2 | 0x4 | 0x8 | 0x10 | 0x100000  # TRACESYSGOOD, the kinds of fork, TRACEEXEC, EXITKILL
ENTRY, EXIT = 1, 2
WALL = 0x40000000
RAX, ORIG_RAX = 10 * 8, 15 * 8  # offsets in struct user of x86-64, the one place where the machine matters

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long
SECCOMP = ctypes.CDLL("libseccomp.so.2")

FILES = ("rename", "renameat", "renameat2", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat", "link", "symlink")
WATCHED = {
    SECCOMP.seccomp_syscall_resolve_name(name.encode()): name
    for name in (*FILES, "open", "openat", "write", "pwrite64", "fsync", "sendmsg", "sendto", "setsockopt", "ioctl")
}
SETS_LINK = (0x8914, 0x8924)  # SIOCSIFFLAGS, SIOCSIFHWADDR
CREATES = os.O_CREAT | os.O_TRUNC


def ptrace(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    """One request to the kernel's debugging interface; a process that is gone meanwhile is no error."""
    return int(LIBC.ptrace(request, pid, address, data))


class Call:
    """A system call that a process is about to make, or has made."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        info = ctypes.create_string_buffer(88)
        LIBC.ptrace(SYSCALL_INFO, pid, len(info), ctypes.addressof(info))
        self.stage, number, *self.arguments = struct.unpack("=B23xQ6Q8x", info.raw)
        self.name = WATCHED.get(number, "") if self.stage == ENTRY else ""

    def target(self) -> str:
        """The file that the call's descriptor stands for."""
        try:
            return os.readlink(f"/proc/{self.pid}/fd/{self.arguments[0]}")
        except OSError:
            return ""

    def memory(self, address: int, length: int) -> bytes:
        """What stands in the process's memory."""
        with open(f"/proc/{self.pid}/mem", "rb", buffering=0) as memory:
            memory.seek(address)
            return memory.read(length)

    def text(self, address: int) -> str:
        """The string at an address."""
        try:
            return self.memory(address, 255).partition(b"\0")[0].decode(errors="replace")
        except OSError:
            return "?"

    def change(self) -> str:
        """What the call changes, for the log, "" for one that changes nothing that outlives the process."""
        if not self.name:
            return ""
        if self.name in FILES:
            return f"{self.name} {self.text(self.arguments[self.name.endswith('at')])}"
        if self.name in ("open", "openat"):
            at = self.name == "openat"
            path = self.text(self.arguments[at])
            creates = self.arguments[1 + at] & CREATES and not path.startswith(("/dev/", "/proc/"))
            return f"create {path}" if creates else ""
        if self.name in ("write", "pwrite64", "fsync"):
            path = self.target()
            return f"{self.name} {path}" if re.match(r"/(?!memfd:|dev/)", path) else ""
        if self.name == "ioctl":  # how a link's state and MAC address are set
            return f"ioctl {self.arguments[1]:#x}" if self.arguments[1] in SETS_LINK else ""
        if self.name == "setsockopt":  # how the legacy tables are replaced
            level, option = self.arguments[1:3]
            return f"setsockopt {level} {option}" if level in (0, 41) and 64 <= option < 80 else ""
        return self.message()

    def message(self) -> str:
        """The same of a netlink message: requests to read change nothing."""
        if not self.target().startswith("socket:"):
            return ""
        address = self.arguments[1]
        if self.name == "sendmsg":
            vector = struct.unpack("16xQ", self.memory(address, 24))[0]
            address = struct.unpack("Q", self.memory(vector, 8))[0]
        length, kind = struct.unpack("IH", self.memory(address, 6))
        # Of four kinds of rtnetlink the third one reads; what changes nftables comes in a batch, which begins with 0x10
        return f"netlink {kind} of {length} bytes" if 16 <= kind < 0x100 and kind & 3 != 2 else ""


class Tracer:
    """The processes of one command, and what is to be done to them when."""

    def __init__(self, number: int, action: str, log: str, command: list[str]) -> None:
        self.number = number
        self.action = action
        self.count = 0
        self.failing: dict[int, int] = {}
        self.last = 0, ""
        self.log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.first = os.fork()
        if self.first == 0:
            ptrace(TRACEME, 0)
            os.kill(os.getpid(), signal.SIGSTOP)
            os.execv(command[0], command)
        os.waitpid(self.first, 0)
        ptrace(SETOPTIONS, self.first, 0, OPTIONS)
        self.known = {self.first}
        ptrace(SYSCALL, self.first)

    def run(self) -> int:
        """Follows all processes to their end; the exit code of the first."""
        code = 0
        while self.known:
            pid, status = os.waitpid(-1, WALL)
            if os.WIFSTOPPED(status):
                ptrace(SYSCALL, pid, 0, self.stopped(pid, os.WSTOPSIG(status), status >> 16))
                continue
            self.known.discard(pid)
            if pid == self.first:
                code = os.waitstatus_to_exitcode(status)
        return code

    def stopped(self, pid: int, number: int, event: int) -> int:
        """Deals with one stop, and gives back the signal to go on with."""
        if number == signal.SIGTRAP | 0x80:
            self.call(Call(pid))
            return 0
        if pid not in self.known:
            self.known.add(pid)
            return 0  # the SIGSTOP with which a new process begins
        return 0 if event or number == signal.SIGTRAP else number

    def call(self, call: Call) -> None:
        """Counts a call, and interferes at the one that was asked for."""
        if call.stage == EXIT and call.pid in self.failing:
            ptrace(POKEUSER, call.pid, RAX, -self.failing.pop(call.pid) & 0xFFFFFFFFFFFFFFFF)
        elif change := call.change():
            # The kernel has a write to /proc/sys begun anew for as long as its lock is held elsewhere
            again = (call.pid, change) == self.last and change.startswith("write /proc/sys/")
            self.last = call.pid, change
            if again:
                return
            self.count += 1
            os.write(self.log, f"{self.count} {change}\n".encode())
            if self.count == self.number:
                self.interfere(call)

    def interfere(self, call: Call) -> None:
        """Does what was asked for."""
        if self.action == "kill":
            for pid in self.known:
                os.kill(pid, signal.SIGKILL)
        elif self.action == "term":
            os.kill(self.first, signal.SIGTERM)
        elif self.action == "int":
            for pid in self.known:
                os.kill(pid, signal.SIGINT)
        else:
            self.failing[call.pid] = errno.ENOMEM if call.name == "sendmsg" else errno.ENOSPC
            ptrace(POKEUSER, call.pid, ORIG_RAX, 0xFFFFFFFFFFFFFFFF)


def main(argv: list[str]) -> int:
    """Runs the command; as for a shell, 128 and more is what a signal ended."""
    number, action, log, *command = argv
    code = Tracer(int(number), action, log, command).run()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
