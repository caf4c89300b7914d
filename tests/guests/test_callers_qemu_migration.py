"""QEMU: a real guest migrates live from one QEMU to another on the next node, with our examples as their scripts."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from computer import ADDRESS, BY_HAND, EUI64, MAC, Computer
from guestlab import NETWORK, detach, leftovers, started
from lab.datacenter import DataCenter, data_center
from lab.host import Host
from lab.packets import Answer, Tap, hardware_address
from lab.stanzas import Stanza
from lab.traffic import echoes, reaches
from lab.waiting import comes_true

EXAMPLES = Path(__file__).resolve().parents[2] / "share" / "examples" / "qemu"
TAP = "tap7"
ADDRESSES = (ADDRESS, EUI64)
ENDLESS = f"{BY_HAND}\nwhile :; do sleep 1; done\n"
PROMPT = b"(qemu) "
STARTING = 60.0  # seconds; without hardware's help a kernel takes its time


@pytest.fixture(scope="module")
def center() -> Iterator[DataCenter]:
    """A router and two nodes that are up."""
    with data_center() as center:
        center.bring_up(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack")))
        center.router.settle()
        yield center


class Qemu:
    """A QEMU on a node, with its monitor."""

    def __init__(self, node: Host, kernel: Path, archive: Path, directory: Path, options: str = "") -> None:
        monitor = directory / f"{node.name}.monitor"
        self.process = started(
            node,
            f"""
            export NETWORK={NETWORK} IP={ADDRESS} MAC={MAC} {"ROLE=migrate-in" if options else ""}
            exec qemu-system-x86_64 -accel tcg -m 128 -nodefaults -display none -kernel {kernel} -initrd {archive} \
                -append "quiet panic=-1" -monitor unix:{monitor},server=on,wait=off {options} \
                -netdev tap,id=net0,ifname={TAP},script={EXAMPLES}/qemu-ifup,downscript={EXAMPLES}/qemu-ifdown \
                -device virtio-net-pci,netdev=net0,mac={MAC}
            """,
        )
        self._monitor = socket.socket(socket.AF_UNIX)
        assert comes_true(lambda: not self._monitor.connect_ex(str(monitor)) or self.process.poll() is not None)
        self._read()

    def tell(self, command: str) -> str:
        """Give the monitor a command; what it says."""
        self._monitor.sendall(f"{command}\n".encode())
        return self._read()

    def _read(self) -> str:
        said = b""
        while not said.endswith(PROMPT):
            said += self._monitor.recv(65536)
        return said.decode()

    def quit(self) -> None:
        """End it, as its user would."""
        self._monitor.sendall(b"quit\n")
        self.process.wait(timeout=STARTING)

    def __enter__(self) -> Qemu:
        return self

    def __exit__(self, *_: object) -> None:
        self._monitor.close()
        self.process.kill()
        self.process.communicate()


def answering(center: DataCenter) -> set[str]:
    """Who answers for the guest, asked for from the router's link."""
    with Tap(center.router, center.link) as tap:
        found: set[str] = set()

        def all_asked() -> bool:
            for address, asker in zip(ADDRESSES, ("192.0.2.1", "fe80::99"), strict=True):
                tap.ask(address, asker)
            heard = [said for said in tap.heard() if isinstance(said, Answer) and str(said.target) in ADDRESSES]
            found.update(said.at for said in heard)
            return {str(said.target) for said in heard} == {*ADDRESSES}

        assert comes_true(all_asked)
        return found


@contextmanager
def two(center: DataCenter, directory: Path, source: Host, target: Host) -> Iterator[tuple[Qemu, Qemu]]:
    """A QEMU in which a guest runs that the router reaches, and one that waits for it."""
    computer = Computer(directory)
    archive = computer.file_system(directory, ENDLESS)
    with Qemu(source, computer.kernel, archive, directory) as here:
        assert comes_true(lambda: all(echoes(center.router, address) for address in ADDRESSES), STARTING)
        incoming = f"-incoming unix:{directory}/migration"
        with Qemu(target, computer.kernel, archive, directory, incoming) as there:
            yield here, there


def test_a_guest_migrates_live(center: DataCenter, tmp_path: Path) -> None:
    a, b = center.node1, center.node2
    on_a, on_b = ({hardware_address(node, center.link)} for node in (a, b))
    with two(center, tmp_path, a, b) as (here, there):
        assert answering(center) == on_a
        assert "awaited" in b.run("snf-network-helper status")
        detach(a, TAP, "--migrate-out")
        here.tell(f"migrate -d unix:{tmp_path}/migration")
        assert comes_true(lambda: "Migration status: completed" in here.tell("info migrate"), STARTING)
        assert "running" in there.tell("info status")
        assert comes_true(lambda: not [path for path in leftovers(a) if TAP in path])
        assert all(reaches(center.router, address) for address in ADDRESSES)
        assert answering(center) == on_b
        assert "awaited" not in b.run("snf-network-helper status")
        here.quit()
        assert all(reaches(center.router, address) for address in ADDRESSES)
        there.quit()
        assert not [path for node in (a, b) for path in leftovers(node) if TAP in path]
