"""Whether an administrator has switched on the addon, without which ifupdown2 shows no error of ours."""

from snf_network_helper.interfaces.reader import is_ifupdown2

CONFIGURATION = "/etc/network/ifupdown2/addons.conf"
LINES = ("post-up,routed", "pre-down,routed")


def advice() -> str:
    """What to add to which file; "" where there is another ifupdown, or nothing to add."""
    lines = " and ".join(missing()) if is_ifupdown2() else ""
    return f"to have ifupdown2 show errors and fail, add {lines} to {CONFIGURATION}" if lines else ""


def missing() -> list[str]:
    """The lines that are not there."""
    try:
        with open(CONFIGURATION, encoding="utf-8", errors="replace") as file:
            present = {line.strip() for line in file}
    except OSError:
        present = set()
    return [line for line in LINES if line not in present]
