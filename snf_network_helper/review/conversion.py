"""A hand-written stanza as routed-* options: which these are, and whether their plan makes all that the lines made."""

from collections.abc import Callable
from dataclasses import dataclass, field

from snf_network_helper.errors import RoutedError
from snf_network_helper.interfaces.document import Interface, Option
from snf_network_helper.plan.facts import Facts
from snf_network_helper.plan.routed import plan
from snf_network_helper.review.deriving import Unclear, derived
from snf_network_helper.review.effect import Effect
from snf_network_helper.review.recipe import effects, is_telling, of_commands
from snf_network_helper.review.signs import are_signs
from snf_network_helper.stanza.names import decimal
from snf_network_helper.stanza.options import OPTIONS, PREDECESSORS, as_in_environment, read_options
from snf_network_helper.stanza.stanza import Stanza

TableNumber = Callable[[str], int | None]
_SWITCHES = ("ip-forwarding", "ip-proxy-arp", "ip-proxy-ndp")
# Of kinds that bear on which packets go where: what of these stays beside the options might work against them.
_ROUTING = ("rule", "route", "arp", "neighbour", "sysctl")
_OURS = ("/proxy_arp", "/proxy_ndp", "/forwarding")
# A node may forward everywhere: the options ask for less, and whatever else needs it keeps it.
_FOR_ALL = ("net/ipv4/conf/all/forwarding", "net/ipv6/conf/all/forwarding", "net/ipv4/conf/default/forwarding",
            "net/ipv6/conf/default/forwarding")  # fmt: skip


@dataclass
class Left:
    """A line that stays as it is, and why."""

    option: Option
    why: str


@dataclass
class Conversion:
    """What becomes of one stanza.

    `options` come in the place of `lines`; neither where it stays. `mends` are the commands of the plan that no line
    had, `forgotten` what no line undid.
    """

    interface: Interface
    options: list[tuple[str, str]] = field(default_factory=list)
    lines: list[Option] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    mends: list[str] = field(default_factory=list)
    forgotten: list[str] = field(default_factory=list)


def converted(interface: Interface, table_number: TableNumber) -> Conversion | None:
    """The conversion of a stanza; None where nothing in it is of guests that are routed."""
    work = _Work(interface, table_number)
    if not work.has_sign():
        return None
    try:
        return work.done()
    except Unclear as error:
        return work.kept(error.option or work.first(), error.why)
    except RoutedError as error:
        return work.kept(work.first(), str(error).removeprefix(f"{interface.name.text}: "))


class _Work:
    def __init__(self, interface: Interface, table_number: TableNumber) -> None:
        self.interface = interface
        self.iface = interface.name.text
        self.named: dict[str, int] = {}  # the tables that have been looked up
        self.ask = table_number
        self.made: list[tuple[Option, list[Effect] | None]] = [
            (option, effects(option.value, self.iface)) for option in interface.options if option.phase
        ]
        self.old = [one for one in interface.options if as_in_environment(one.name.text) in PREDECESSORS]
        own = [(as_in_environment(one.name.text), one.value) for one in interface.all_options()]
        self.routed: dict[str, str] = {}
        for name, value in own:
            if name.startswith("routed-"):
                self.routed[name] = f"{self.routed.get(name, '')} {value}".strip()

    def has_sign(self) -> bool:
        """Whether a line is of guests that are routed, and not of a host's own network."""
        return bool(self.old) or any(are_signs(found, self.iface) for _, found in self.made)

    def first(self) -> Option:
        """The first line that is such a sign."""
        lines = [option for option, found in self.made if are_signs(found, self.iface)]
        return min([*self.old, *lines], key=lambda option: option.line.first)

    def kept(self, option: Option, why: str) -> Conversion:
        """The stanza as it is, for a line that cannot be converted; the others of the network stay with it."""
        known = [one for one, found in self.made if found is None or are_signs(found, self.iface)]
        reason = f"stays with line {option.line.first}"
        left = [Left(option, why), *(Left(one, reason) for one in [*self.old, *known] if one is not option)]
        return Conversion(self.interface, left=sorted(left, key=lambda one: one.option.line.first))

    def table_number(self, name: str) -> int | None:
        """The number of a table, for an error or for what is compared."""
        number = self.ask(name)
        if number is not None:
            self.named[name] = number
        return number

    def done(self) -> Conversion:
        unknown = next((option for option, found in self.made if found is None), None)
        if unknown is not None and not self.routed:
            raise Unclear("what it does is not understood", unknown)
        everything = [(option, one) for option, found in self.made for one in found or () if not one.undoes]
        if self.routed:
            options = dict(self.routed)
        else:
            options = derived(self.interface, everything, self.predecessors(), self.table_number)
        stanza = read_options(self.iface, options, self.table_number)
        commands = [change.add() for change in plan(stanza, Facts())]
        planned = list(of_commands(commands, self.iface))
        result = Conversion(self.interface)
        matched: set[str] = set()
        for option, found in self.made:
            self.judge(result, option, found, planned, matched)
        if self.routed:
            self.drop_predecessors(result, stanza)
        else:
            result.lines += self.old
            result.options = [(name, options[name]) for name in OPTIONS if name in options]
        result.lines.sort(key=lambda option: option.line.first)
        if not result.lines:
            result.options = []
            return result
        undone = [one for option in result.lines for one in effects(option.value, self.iface) or () if one.undoes]
        if not self.old:
            names = {str(number): name for name, number in self.named.items()}
            result.mends = [_with_names(command, names) for command in commands if command not in matched]
            gone = {id(option) for option in result.lines}
            forgotten = [
                " ".join(option.value.split())
                for option, one in everything
                if id(option) in gone and one.kind != "link" and not any(map(one.is_undone_by, undone))
            ]
            result.forgotten = [*dict.fromkeys(forgotten)]
        return result

    def judge(
        self, result: Conversion, option: Option, found: list[Effect] | None,
        planned: list[tuple[str, Effect]], matched: set[str],
    ) -> None:  # fmt: skip
        """Whether a line goes or stays; Unclear where it does what the plan does not, and might work against it.

        Beside options that are there already, it does so already.
        """
        if found is None:
            result.left.append(Left(option, "what it does is not understood"))
            return
        missing = [one for one in found if not self.is_made(one, planned, matched)]
        if found and not missing:
            result.lines.append(option)
            return
        if not self.routed and (len(missing) < len(found) or any(map(self.may_disturb, missing))):
            raise Unclear("the options would not make all that it makes", option)
        if is_telling(option.value):
            result.left.append(Left(option, "routed-* does not do this"))

    def is_made(self, effect: Effect, planned: list[tuple[str, Effect]], matched: set[str]) -> bool:
        wanted = _numbered(effect, self.table_number)
        if effect.undoes:
            if effect.kind == "link" and effect.get("dev") == self.iface:
                return True
            by_hand = [one for _, found in self.made for one in found or () if not one.undoes]
            return any(one.is_undone_by(effect) for one in by_hand if self.is_made(one, planned, set())) or any(
                one.is_undone_by(wanted) for _, one in planned
            )
        hits = [command for command, one in planned if wanted.is_made_by(one)]
        matched.update(hits)
        return bool(hits)

    def may_disturb(self, effect: Effect) -> bool:
        if effect.kind == "sysctl":
            return effect.get("path").endswith(_OURS) and effect.get("path") not in _FOR_ALL
        if effect.kind == "route" and "table" not in dict(effect.fields):
            return effect.get("dev") in ("", self.iface)  # by way of what the hook is yet to make, perhaps
        return effect.kind in _ROUTING or (effect.kind == "masquerade" and not effect.undoes) or (
            effect.kind == "address" and effect.get("dev") == self.iface
        )  # fmt: skip

    def predecessors(self) -> dict[str, str]:
        """What the options of the hooks that came before say, in the words of ours."""
        found: dict[str, str] = {}
        for option in self.old:
            name = as_in_environment(option.name.text)
            if name in _SWITCHES:
                if option.value not in ("1", "yes"):
                    raise Unclear("the options would switch it on", option)
            else:
                new = PREDECESSORS[name]
                found[new] = f"{found.get(new, '')} {' '.join(option.value.split())}".strip()
        return found

    def drop_predecessors(self, result: Conversion, stanza: Stanza) -> None:
        """Takes the old options away that the new ones repeat."""
        words = {word for value in self.routed.values() for word in value.split()} | {stanza.table, stanza.arp_ip}
        for option in self.old:
            if as_in_environment(option.name.text) in _SWITCHES or words >= {*option.value.split()}:
                result.lines.append(option)
            else:
                result.left.append(Left(option, "routed-* has another value"))


def _with_names(command: str, names: dict[str, str]) -> str:
    """A command of the plan with the names of tables, which have other numbers on each node."""
    words = command.split(" ")
    pairs = zip(["", *words], words, strict=False)
    return " ".join(names.get(word, word) if before in ("table", "lookup") else word for before, word in pairs)


def _numbered(effect: Effect, table_number: TableNumber) -> Effect:
    """With the number of a table in place of its name."""
    table = effect.get("table")
    if not table or decimal(table, 4294967295) is not None or (number := table_number(table)) is None:
        return effect
    fields = tuple(sorted({**dict(effect.fields), "table": str(number)}.items()))
    return Effect(effect.kind, fields, effect.undoes)


