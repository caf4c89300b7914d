"""What a command makes, as a value."""

from dataclasses import dataclass

from snf_network_helper.stanza.addresses import BITS, Prefix

_OPEN = {"rule": ("priority",), "route": ("dev",), "address": ("dev",)}  # what a command may leave to the kernel
_UNTOLD = ("proto", "onlink", "nodad", "comment")  # of no effect on where packets go


@dataclass(frozen=True)
class Effect:
    """What a command makes, or takes away: its kind, and its fields by their names, sorted."""

    kind: str
    fields: tuple[tuple[str, str], ...]
    undoes: bool = False

    def get(self, name: str) -> str:
        """A field, "" where there is none."""
        return dict(self.fields).get(name, "")

    def is_made_by(self, other: "Effect") -> bool:
        """Whether another effect makes all that this one does; the other decides what this one leaves open."""
        if self.kind != other.kind:
            return False
        own, others = dict(self.fields), dict(other.fields)
        for name in _OPEN.get(self.kind, ()):
            if name not in own:
                others.pop(name, None)
        if self.kind == "address" and own["target"] in _whole(others["target"]):
            own["target"] = others["target"]
        return own == others

    def is_undone_by(self, undoing: "Effect") -> bool:
        """Whether another effect takes this one away, be it with more."""
        if self.kind != undoing.kind:
            return False
        exact = {field for field in undoing.fields if field[0] not in ("priority", "dev", "family")}
        return exact <= set(self.fields) and undoing.get("family") in ("", self.get("family"))


NOTHING = Effect("", ())


def made(kind: str, undoes: bool = False, **fields: str) -> Effect:
    """An effect of the fields that say something."""
    told = {name: value for name, value in fields.items() if value and name not in _UNTOLD}
    return Effect(kind, tuple(sorted(told.items())), undoes)


def whole_prefix(text: str, family: str) -> str:
    """A prefix with its length; `default` for all addresses."""
    if text in ("default", "0.0.0.0/0", "::/0"):
        return "default"
    try:
        return str(Prefix.parse(text if "/" in text else f"{text}/{BITS[family]}"))
    except ValueError:
        return text


def _whole(target: str) -> tuple[str, str]:
    """An address alone, in both spellings of its length."""
    address = target.partition("/")[0]
    return f"{address}/32", f"{address}/128"
