"""What was meant by what somebody wrote; only mistakes come here."""

from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPAddress, Prefix, mapped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LIKENESS_OF_LINKS = 0.7  # short names: eth7 is like eth1, vnet12 is not


def nearest(word: str, known: "Sequence[str]", likeness: float = 0.6) -> str:
    """The known word that somebody who wrote another may have meant, "" where none is near."""
    from difflib import get_close_matches  # only a mistake pays for this import

    return next(iter(get_close_matches(word, known, n=1, cutoff=likeness)), "")


def did_you_mean(word: str, known: "Sequence[str]") -> str:
    """` (did you mean …?)` where a known word is near, else ""."""
    near = nearest(word, known, _LIKENESS_OF_LINKS)
    return f" (did you mean {near}?)" if near else ""


def right_option(option: str, known: "Sequence[str]") -> str:
    """`did you mean …?` where a known option is near, else the list of all."""
    # Their common beginning would make any two alike
    near = nearest(option.removeprefix("routed-"), [name.removeprefix("routed-") for name in known])
    return f"did you mean routed-{near}?" if near else f"expected one of {' '.join(known)}"


def without_effect(options: "Sequence[str]", instead: "Mapping[str, str]") -> str:
    """What is said of options that do nothing here; `instead` has what does what each did, "" where nothing has to."""
    said = [f"{option} (use {instead[option]})" if instead[option] else f"{option} (not needed)" for option in options]
    return f"options without effect: {', '.join(said)}"


def right(text: str, expected: str) -> str:
    """What is to be said of a value that is no address or prefix; `expected`, unless its mistake is a common one."""
    if "," in text:
        return "expected values separated by blanks, not commas"
    if address := mapped(text.partition("/")[0]):
        return f"an IPv4 address in the notation of IPv6, expected it as {address}"
    try:
        prefix = Prefix.parse(text)
    except ValueError:
        return expected
    return f"expected it without a length, {IPAddress(prefix.family, prefix.value)}"
