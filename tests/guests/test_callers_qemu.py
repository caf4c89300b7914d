"""QEMU: a real guest, on a TAP that QEMU itself has made, with our examples as its scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from computer import ADDRESS, BY_HAND, EUI64, MAC, TOLD, Computer
from guestlab import NETWORK, leftovers
from lab.datacenter import DataCenter, data_center
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza

EXAMPLES = Path(__file__).resolve().parents[2] / "share" / "examples" / "qemu"


@pytest.fixture(scope="module")
def computer(tmp_path_factory: pytest.TempPathFactory) -> Computer:
    return Computer(tmp_path_factory.mktemp("computer"))


@pytest.fixture
def center() -> Iterator[DataCenter]:
    """A router and a node that are up."""
    with data_center() as center:
        center.bring_up(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack")))
        yield center


@pytest.mark.parametrize(
    ("serve", "configure"), [("", BY_HAND), ("yes", TOLD)], ids=["by hand", "by DHCP and advertisements"]
)
def test_a_guest_that_qemu_starts(
    computer: Computer, center: DataCenter, tmp_path: Path, serve: str, configure: str
) -> None:
    node = center.node1
    archive = computer.file_system(tmp_path, configure)
    before = snapshot(node)
    console = node.run(
        f"""
        export NETWORK={NETWORK} IP={ADDRESS} MAC={MAC} SERVE={serve}
        timeout 300 qemu-system-x86_64 -accel tcg -m 256 -nodefaults -display none -no-reboot -serial stdio \
            -kernel {computer.kernel} -initrd {archive} -append "console=ttyS0 quiet panic=-1" \
            -netdev tap,id=net0,script={EXAMPLES}/qemu-ifup,downscript={EXAMPLES}/qemu-ifdown \
            -device virtio-net-pci,netdev=net0,mac={MAC}
        """
    )
    for gateway in (GATEWAY, GATEWAY6):
        assert f"bytes from {gateway}: seq=0" in console, console
    assert f"{ADDRESS}/24" in console
    assert EUI64 in console
    assert (f"lease {ADDRESS}/24 via {GATEWAY}" in console) == bool(serve)
    assert before.difference(snapshot(node)) == "", "QEMU has called the other script when the guest went off"
    assert not [path for path in leftovers(node) if "tap" in path]
