"""A kernel in memory, behind the call by which commands are run and a /proc/sys of plain files."""

import errno
import os
import posix
from collections.abc import Sequence
from pathlib import Path

from snf_network_helper.errors import Interrupted, KernelError
from snf_network_helper.kernel import process

Result = tuple[int, str, str]
REFUSED = "Operation not permitted"
NO_PID = 1 << 30  # above every number that a real process can have


class FakeKernel:
    """`state` holds the command that adds each thing; `commands` are those that changed or tried to change it."""

    def __init__(self, proc_sys: Path) -> None:
        self.proc_sys = proc_sys
        self.state: list[str] = []
        self.commands: list[str] = []
        self.refused = ""  # every command that has these words in it fails
        self.fails_at = 0  # the number of the command that fails
        self.interrupts_at = 0  # the number of the command during which a signal arrives
        self._codes: dict[int, int] = {}
        self._waitpid = posix.waitpid

    def sysctl(self, path: str, value: str) -> None:
        """Gives the kernel a setting."""
        file = self.proc_sys / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(value)

    def number(self, link: str) -> str:
        """Stands for sysctl.number: a link has settings."""
        there = link and (self.proc_sys / "net/ipv4/conf" / link).is_dir()
        return str(int.from_bytes(link.encode(), "big")) if there else ""

    def name_of(self, number: str) -> str:
        """Stands for sysctl.name_of."""
        links = (path.name for path in self.proc_sys.glob("net/ipv4/conf/*"))
        return next((link for link in links if number and self.number(link) == number), "")

    def sysctls(self) -> dict[str, str]:
        files = (path for path in self.proc_sys.rglob("*") if path.is_file())
        return {str(path.relative_to(self.proc_sys)): path.read_text() for path in files}

    def snapshot(self) -> tuple[list[str], dict[str, str]]:
        """All there is to see; the order counts in arptables and iptables only."""
        return sorted(self.state, key=lambda line: line if line.startswith("ip ") else line.split()[0]), self.sysctls()

    def _refusal(self, command: str) -> str:
        """Notes a command that is to change something; why it fails, "" where it does not."""
        self.commands.append(command)
        if len(self.commands) == self.interrupts_at:
            process.interrupted = True
        if len(self.commands) == self.fails_at or (self.refused and self.refused in command):
            return REFUSED
        return ""

    def write(self, path: str, value: str) -> None:
        """Stands for sysctl.write."""
        command = f"echo {value} > /proc/sys/{path}"
        if process.interrupted:
            raise Interrupted("interrupted")
        if reason := self._refusal(command):
            raise KernelError(command, reason)
        if not (self.proc_sys / path).exists():
            raise KernelError(command, "No such file or directory")
        self.sysctl(path, value)
        if path == "net/ipv6/conf/all/forwarding":  # addrconf_fixup_forwarding
            for file in self.proc_sys.glob("net/ipv6/conf/*/forwarding"):
                file.write_text(value)

    def has_address(self, family: str, address: str, dev: str) -> bool:
        return f"{'ip' if family == '4' else 'ip -6'} addr add {address} dev {dev}" in self.state

    def count(self, dev: str, family: str) -> int:
        ip = "ip" if family == "4" else "ip -6"
        return sum(line.startswith(f"{ip} addr add ") and line.endswith(f" dev {dev}") for line in self.state)

    def spawn(self, _path: str, argv: list[str], _environ: object, file_actions: Sequence[tuple[int, int, int]]) -> int:
        """Stands for posix.posix_spawnp; the command is done before it returns."""
        streams = {number: stream for _, stream, number in file_actions}
        stdin = os.pread(streams[0], os.fstat(streams[0]).st_size, 0).decode()
        code, stdout, stderr = self.run(argv, stdin)
        os.write(streams[1], stdout.encode())
        os.write(streams[2], stderr.encode())
        child = NO_PID + len(self._codes)
        self._codes[child] = code
        return child

    def wait(self, child: int, options: int) -> tuple[int, int]:
        """Stands for posix.waitpid, but for children that are real."""
        return (child, self._codes[child] << 8) if child in self._codes else self._waitpid(child, options)

    def run(self, argv: list[str], stdin: str = "") -> Result:
        """What a command does and prints."""
        if argv[0] == "arptables":
            return self._arptables(argv)
        if argv[0] == "nft":
            return self._nft(argv[1])
        if argv[0] != "ip":
            return self._iptables(argv)
        if argv[-2:] == ["-batch", "-"]:
            return self._ip_batch("ip -6" if "-6" in argv else "ip", stdin.splitlines(), "-force" in argv)
        return 0, self._shown(argv), ""

    def _ip_batch(self, ip: str, lines: list[str], force: bool) -> Result:
        errors = shown = ""
        for number, line in enumerate(lines, 1):
            if " show " in line:
                shown += self._shown(f"{ip} {line}".split())
            elif reason := self._ip(f"{ip} {line}"):
                errors += f"{reason}\nCommand failed -:{number}\n"
                if not force:
                    break
        return int(errors != ""), shown, errors

    def _ip(self, command: str) -> str:
        if reason := self._refusal(command):
            return f"RTNETLINK answers: {reason}"
        if " link set " in command:
            return ""
        added = _canonical(command.replace(" del ", " add "))
        if " del " not in command:
            if any(_place(standing) == _place(added) for standing in self.state):
                address = " addr add " in command
                return "Error: ipv4: Address already assigned." if address else "RTNETLINK answers: File exists"
            self.state.append(added)
        elif added in self.state:
            self.state.remove(added)
            self._disable(added)
        else:
            missing = "Cannot assign requested address" if " addr " in command else "No such process"
            return f"RTNETLINK answers: {missing}"
        return ""

    def _disable(self, removed: str) -> None:
        """A link without IPv4 address loses its IPv4 routes, whoever made them (fib_disable_ip)."""
        dev = removed.rpartition(" dev ")[2]
        if removed.startswith("ip addr ") and not self.count(dev, "4"):
            self.state = [line for line in self.state if not _is_route_of(line, dev)]

    def _shown(self, argv: list[str]) -> str:
        """What `ip route show` and `ip rule show` print."""
        ip = "ip -6" if "-6" in argv else "ip"
        if "rule" in argv:
            rules = [line for line in self.state if line.startswith(f"{ip} rule ")]
            return "".join(f"{_listed_rule(line)}\n" for line in rules if f" lookup {argv[-1]} " in f"{line} ")
        asked = dict(zip(argv[argv.index("show") + 1 :: 2], argv[argv.index("show") + 2 :: 2], strict=True))
        if asked["table"] == "all":
            link = f" dev {asked['dev']}"
            routes = [line.partition(" add ")[2] for line in self.state if _is_route_of(line, asked["dev"])]
            return "".join(f"{route.replace(link, '')}\n" for route in routes)
        if "exact" in asked:
            asked["prefix"] = asked.pop("exact")
        routes = [line for line in self.state if line.startswith(f"{ip} route ")]
        shown = [line.partition(" add ")[2] for line in routes if asked.items() <= _route(line).items()]
        return "".join(f"{line.replace('/32 ', ' ').replace('/128 ', ' ')}\n" for line in shown)

    def _arptables(self, argv: list[str]) -> Result:
        rules = [line for line in self.state if line.startswith("arptables ")]
        if "-L" in argv:
            head = "Chain OUTPUT (policy ACCEPT)\nnum\n"
            listed = [line.partition("OUTPUT ")[2].replace("request", "1") for line in rules]
            return 0, head + "".join(f"{number} {rule}\n" for number, rule in enumerate(listed, 1)), ""
        command = " ".join(argv)
        if reason := self._refusal(command):
            return 1, "", f"arptables: {reason}."
        if "-I" in argv:
            self.state.insert(0, command)
        elif argv[-1].isdigit():
            self.state.remove(rules[int(argv[-1]) - 1])
        elif (added := command.replace(" -D ", " -I ")) in self.state:
            self.state.remove(added)
        else:
            return 1, "", "arptables: Bad rule (does a matching rule exist in that chain?)."
        return 0, "", ""

    def _nft(self, statements: str) -> Result:
        """Makes a table anew."""
        added = f"nft '{statements}'".replace('"', "")
        if reason := self._refusal(added):
            return 1, "", f"Error: Could not process rule: {reason}"
        self.state = [*(line for line in self.state if line != added), added]
        return 0, "", ""

    def delete_table(self, table: str) -> int:
        """Stands for nfnetlink._delete."""
        if self._refusal(f"nft delete table netdev {table}"):
            return errno.EPERM
        standing = [line for line in self.state if f"; flush table netdev {table}; " in line]
        self.state = [line for line in self.state if line not in standing]
        return 0 if standing else errno.ENOENT

    def _iptables(self, argv: list[str]) -> Result:
        added = " ".join("-I" if word in ("-C", "-D") else word for word in argv)
        if "-C" in argv:
            return int(added not in self.state), "", ""
        if reason := self._refusal(" ".join(argv)):
            return 1, "", f"iptables: {reason}."
        if "-I" in argv:
            self.state.insert(0, added)
        elif added in self.state:
            self.state.remove(added)
        else:
            return 1, "", "iptables: Bad rule (does a matching rule exist in that chain?)."
        return 0, "", ""


def _route(command: str) -> dict[str, str]:
    """The words of `ip route add [KIND] PREFIX [NAME VALUE] …`."""
    words = command.partition(" route add ")[2].split()
    kind = words.pop(0) if words[0] == "unreachable" else "unicast"
    named = dict(zip(words[1::2], words[2::2], strict=True))
    return {"table": "main", "metric": "", **named, "type": kind, "prefix": words[0]}


def _canonical(command: str) -> str:
    """A route with its words in the order of our own."""
    if " route add " not in command:
        return command
    route = _route(command)
    words = [name for name in ("via", "dev", "table", "metric", "proto") if route.get(name, "main") not in ("main", "")]
    kind = f"{route['type']} " if route["type"] != "unicast" else ""
    before = command.partition(" add ")[0]
    return " ".join([f"{before} add {kind}{route['prefix']}", *(f"{name} {route[name]}" for name in words)])


def _place(command: str) -> tuple[str, ...]:
    """What only one thing can have at a time: for routes less than the whole command."""
    if " route add " not in command:
        return (command,)
    route = _route(command)
    return command.partition(" route ")[0], route["prefix"], route["table"], route["metric"]


def _is_route_of(command: str, dev: str) -> bool:
    return command.startswith("ip route add ") and _route(command).get("dev") == dev


def _listed_rule(command: str) -> str:
    words = command.partition(" rule add ")[2].replace(" protocol ", " proto ").split()
    at = words.index("priority") if "priority" in words else len(words)
    return f"{''.join(words[at + 1 : at + 2])}:\tfrom all {' '.join(words[:at] + words[at + 2 :])}"
