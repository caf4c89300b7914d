"""The addon of ifupdown2 for routed-* options; an administrator switches it on, see snf-network-helper-interfaces(5).

It runs the hooks of ifupdown, as ifupdown2 itself does without it, and gives them all values of an option. What a hook
says is an error or a warning of ifupdown2 then. Whatever goes wrong here, the run of ifupdown2 goes on: so the work is
done by processes of their own, and the options' names are all that comes from the package.
"""

import logging
import os
import subprocess
import sys
from typing import Any, ClassVar

from snf_network_helper.interfaces.addon import CONFIGURATION, missing
from snf_network_helper.stanza.options import OPTIONS, as_in_environment
from snf_network_helper.stanza.stanza import ROUTER, ROUTER_VMC

try:
    from ifupdown2.ifupdown import ifupdownflags
    from ifupdown2.ifupdown.iface import ifaceStatus
    from ifupdown2.ifupdownaddons.modulebase import moduleBase
except ImportError:
    from ifupdown.iface import ifaceStatus
    from ifupdownaddons.modulebase import moduleBase

    from ifupdown import ifupdownflags  # type: ignore[attr-defined, no-redef]

if lines := missing():
    # ifupdown2 says so, and runs the hooks in both directions. It would run none beside an addon that has one of them.
    raise ImportError(f"{' and '.join(lines)}: missing in {CONFIGURATION}")

_HOOKS = {"up": ("/etc/network/if-up.d/routed", "start"), "down": ("/etc/network/if-down.d/routed", "stop")}
_JOURNALS = "/run/snf-network-helper/journal"
_ENVIRON = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
_ADDRESSES = """
import sys
sys.path.append("/usr/lib/python3/dist-packages")
from snf_network_helper.journal.addresses import run
run()"""
_HELP = {"help": "see snf-network-helper-interfaces(5)", "multiline": True, "example": ["routed-subnet 192.0.2.0/24"]}
_COMMAND_SHOWN = "[#] "  # a hook told to be verbose says so what it runs


class routed(moduleBase):  # type: ignore[misc]  # noqa: N801 - ifupdown2 looks for the module's name
    """What ifupdown2 calls; its interface objects have all values of an option, of one stanza or of all."""

    _modinfo: ClassVar[dict[str, Any]] = {
        "mhelp": "routed networks for virtual machines",
        "attrs": {name: dict(_HELP) for name in OPTIONS},
    }

    def get_ops(self) -> list[str]:
        """When it has something to do."""
        return ["post-up", "pre-down", "query-checkcurr"]

    def translate(self, ifaceobjs: list[Any]) -> None:
        """Has ifupdown2 know the gateway's addresses: it takes away those that no stanza mentions."""
        try:
            _add_addresses(ifaceobjs)
        except Exception as error:
            self.logger.warning(f"routed: {error!r}")

    def get_dependent_ifacenames(self, ifaceobj: Any, ifacenames_all: Any = None, old_ifaceobjs: bool = False) -> Any:
        """The uplink, if a stanza describes it: it comes up first.

        Not that of a bridge: what a bridge depends on is taken for one of its ports. ifupdown2 asks this also for each
        interface that ifdown takes down, and runs nothing for one whose link is gone.
        """
        if os.path.basename(sys.argv[0]) == "ifdown" and not os.path.exists(f"/sys/class/net/{ifaceobj.name}"):
            self.run(ifaceobj, "pre-down")
        config = ifaceobj.config
        if {ROUTER, ROUTER_VMC}.isdisjoint(_words(config, "routed-role")) or any("bridge" in name for name in config):
            return None
        uplinks = {*_words(config, "routed-uplink")} - {ifaceobj.name}
        return [name for name in uplinks if name in (ifacenames_all or ())]

    def run(self, ifaceobj: Any, operation: str, query_ifaceobj: Any = None, **extra: Any) -> None:
        """Does one operation; what goes wrong is an error of the interface's run."""
        others = extra.get("ifaceobj_getfunc")
        stanzas: list[Any] = (others(ifaceobj.name) if others else []) or [ifaceobj]
        if ifaceobj is not stanzas[-1] or ifupdownflags.flags.DRYRUN:
            return
        try:
            if operation == "query-checkcurr":
                self._check(stanzas, query_ifaceobj)
            elif operation == "post-up":
                self._up(stanzas)
            elif operation == "pre-down":
                self._down(ifaceobj)
        except Exception as error:
            self._fail(ifaceobj, f"{ifaceobj.name}: routed: {error!r}")

    def _up(self, stanzas: list[Any]) -> None:
        ifaceobj = stanzas[-1]
        told: dict[str, dict[str, None]] = {}  # what each stanza needs, as routed-role, is there more than once
        for stanza in stanzas:
            for name in filter(as_in_environment, stanza.config):
                told.setdefault(name, {}).update(dict.fromkeys(_words(stanza.config, name)))
        options = {f"IF_{name.upper().replace('-', '_')}": " ".join(words) for name, words in told.items()}
        code, lines = self._hook("up", ifaceobj, options)
        for line in lines[: -1 if code else None]:
            self.logger.warning(line)
        if code:
            self._fail(ifaceobj, lines[-1] if lines else f"{ifaceobj.name}: routed: exit code {code}")
        _add_addresses([ifaceobj])  # what is saved of this run is to be what the next one reads

    def _down(self, ifaceobj: Any) -> None:
        for line in self._hook("down", ifaceobj, {})[1]:
            self.logger.warning(line)

    def _hook(self, event: str, ifaceobj: Any, options: dict[str, str]) -> tuple[int, list[str]]:
        """Runs a hook; returns its exit code, and what it says, each line with the interface's name before it."""
        path, mode = _HOOKS[event]
        verbose = str(int(self.logger.isEnabledFor(logging.INFO)))
        told = {"IFACE": ifaceobj.name, "MODE": mode, "PHASE": event, "ADDRFAM": "any", "VERBOSITY": verbose}
        done = subprocess.run(
            [path], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", check=False, env={**_ENVIRON, **told, **options},
        )  # fmt: skip
        name, lines = ifaceobj.name, []
        for line in done.stderr.splitlines():
            if line.startswith(_COMMAND_SHOWN):
                self.logger.info(line)
            else:
                lines.append(line if line.startswith(f"{name}:") else f"{name}: {line}")
        return done.returncode, lines

    def _check(self, stanzas: list[Any], shown: Any) -> None:
        """Each option passes or fails as `status` of the interface does."""
        names = [(one, name) for one in stanzas for name in filter(as_in_environment, one.config)]
        if not names:
            return
        name = shown.name
        asked = subprocess.run(
            ["/usr/sbin/snf-network-helper", "status", name], stdin=subprocess.DEVNULL, capture_output=True,
            text=True, errors="replace", check=False, env=_ENVIRON,
        )  # fmt: skip
        fails = bool(asked.returncode) or not _is_up(name)
        for one, option in names:
            for value in one.config[option]:
                shown.update_config_with_status(option, value, int(fails))
        for line in asked.stderr.splitlines():
            self.logger.error(line)

    def _fail(self, ifaceobj: Any, line: str) -> None:
        """Unlike `log_error`, also where the line has "exists" in it, or with --force."""
        self.logger.error(line)
        ifaceobj.set_status(ifaceStatus.ERROR)


def _words(config: Any, option: str) -> list[str]:
    return [word for value in config.get(option) or () for word in value.split()]


def _is_up(iface: str) -> bool:
    return any(name.rpartition(":")[0] == iface for name in _journals())


def _journals() -> list[str]:
    try:
        return os.listdir(_JOURNALS)
    except OSError:
        return []


def _add_addresses(ifaceobjs: list[Any]) -> None:
    """Adds to the stanzas the addresses that the interfaces have because of us, if it is not there."""
    if not _journals():
        return
    command = [sys.executable or "/usr/bin/python3", "-I", "-S", "-c", _ADDRESSES]
    asked = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True, env=_ENVIRON
    )
    first = {ifaceobj.name: ifaceobj for ifaceobj in reversed(ifaceobjs)}
    for iface, address in map(str.split, asked.stdout.splitlines()):
        ifaceobj = first.get(iface)
        if ifaceobj is not None and address not in (ifaceobj.config.get("address") or ()):
            ifaceobj.update_config("address", address)
