"""Builds snf-network-helper, for pybuild (debian/rules) and for stdeb alike."""

import re
from pathlib import Path

from setuptools import find_packages, setup

ROOT = Path(__file__).resolve().parent


def version() -> str:
    """Read the version from debian/changelog, or from what stands for it in an sdist.

    An sdist has no debian/ of ours, but a PKG-INFO; stdeb then puts a debian/ of its own
    beside it, with a revision that is no part of the version. So PKG-INFO goes first.
    """
    pkg_info, changelog = ROOT / "PKG-INFO", ROOT / "debian" / "changelog"
    if pkg_info.exists():
        found = re.search(r"^Version: (\S+)$", pkg_info.read_text("utf-8"), re.MULTILINE)
    else:
        found = re.match(r"\S+ \((\S+)\)", changelog.read_text("utf-8"))
    if found is None:
        raise SystemExit(f"setup.py: no version in {pkg_info} or {changelog}")
    return found[1]


setup(
    name="snf-network-helper",
    version=version(),
    description="compact routed setups for virtual machines with ifupdown",
    long_description=(
        "Brings up routed networks for virtual machines (policy routing, proxy ARP and NDP,\n"
        "NAT) from compact routed-* options in /etc/network/interfaces, and takes them down\n"
        "again, leaving the kernel as it was before."
    ),
    author="snf-network-helper developers",
    author_email="snf-network-helper@lists.example.org",
    maintainer="snf-network-helper developers",
    maintainer_email="snf-network-helper@lists.example.org",
    license="BSD-2-Clause",
    platforms=["Linux"],
    python_requires=">=3.11",
    install_requires=["netifaces", "pyroute2"],
    packages=find_packages(include=["snf_network_helper*"]),
    # Absolute, because none of these depends on a prefix: ifupdown and iproute2 look for
    # their files in /etc, and the launcher names the system's Python.
    data_files=[
        ("/etc/default", ["etc/default/snf-network-helper"]),
        ("/etc/iproute2/rt_protos.d", ["etc/iproute2/rt_protos.d/snf-network-helper.conf"]),
        # Empty: the aliases of routing tables are written there on installation.
        ("/etc/iproute2/rt_tables.d", []),
        ("/etc/network/if-down.d", ["ifupdown/if-down.d/routed"]),
        ("/etc/network/if-up.d", ["ifupdown/if-up.d/routed"]),
        ("/usr/libexec/ifupdown-ng", ["ifupdown/ng/routed"]),
        ("/usr/lib/udev/rules.d", ["share/60-snf-network-helper.rules"]),
        ("/usr/sbin", ["sbin/snf-network-helper"]),
        ("/usr/share/ifupdown2/addons", ["ifupdown/addons/routed.py"]),
        ("/usr/share/man/man5", ["man/snf-network-helper-interfaces.5"]),
        ("/usr/share/man/man7", ["man/snf-network-helper-findings.7"]),
        ("/usr/share/man/man8", ["man/snf-network-helper.8"]),
        ("/usr/share/snf-network-helper", ["share/guard.nft"]),
    ],
)
