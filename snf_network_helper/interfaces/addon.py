"""Whether an administrator has switched on the addon, without which ifupdown2 shows no error of ours."""

from snf_network_helper.interfaces.reader import is_ifupdown2

CONFIGURATION = "/etc/network/ifupdown2/addons.conf"
LINES = ("post-up,routed", "pre-down,routed")


def advice() -> str:
    """What to add to which file; "" where there is another ifupdown, or nothing to add."""
    if not is_ifupdown2():
        return ""
    try:
        with open(CONFIGURATION, encoding="utf-8", errors="replace") as file:
            present = {line.strip() for line in file}
    except OSError:
        present = set()
    missing = " and ".join(line for line in LINES if line not in present)
    return f"to have ifupdown2 show errors and fail, add {missing} to {CONFIGURATION}" if missing else ""
