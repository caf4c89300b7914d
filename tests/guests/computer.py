"""A real guest: Debian's kernel, and a file system whose init configures eth0 and pings both gateways."""

from __future__ import annotations

import lzma
import subprocess
from pathlib import Path

from debian_package import dependencies, unpacked
from lab.stanzas import GATEWAY, GATEWAY6

ADDRESS = "192.0.2.77"
MAC = "52:54:00:12:34:56"
EUI64 = "2001:db8::5054:ff:fe12:3456"

# In the order in which they need each other. A kernel may have some of them built in.
MODULES = [
    "drivers/virtio/virtio_ring",
    "drivers/virtio/virtio",
    "drivers/virtio/virtio_pci_legacy_dev",
    "drivers/virtio/virtio_pci_modern_dev",
    "drivers/virtio/virtio_pci",
    "net/core/failover",
    "drivers/net/net_failover",
    "drivers/net/virtio_net",
]

INIT = f"""#!/bin/sh
mount -t proc proc /proc
for module in {{modules}}; do
    insmod /lib/$module.ko
done
ip link set eth0 up
{{configure}}
tries=0
for address in {GATEWAY} {GATEWAY6}; do
    until ping -c 1 -W 1 $address; do
        tries=$((tries + 1))
        [ $tries -lt 60 ] || break
        sleep 1
    done
done
ip -o addr show dev eth0
poweroff -f
"""

LEASE = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr add $ip/$mask dev eth0
ip route add default via $router
echo "lease $ip/$mask via $router"
"""

BY_HAND = f"""
ip addr add {ADDRESS}/24 dev eth0
ip route add default via {GATEWAY}
ip -6 addr add {EUI64}/128 dev eth0
ip -6 route add default via fe80::1 dev eth0
"""
TOLD = "udhcpc -i eth0 -n -q -s /lease"


class Computer:
    """A kernel, and what is needed to make it a file system."""

    def __init__(self, directory: Path) -> None:
        # Debian 13 has it, and modules, in /usr
        (self.busybox,) = unpacked("busybox-static", directory).glob("**/bin/busybox")
        (image,) = (name for name in dependencies("linux-image-cloud-amd64") if name.startswith("linux-image-"))
        root = unpacked(image, directory)
        (self.kernel,) = root.glob("boot/vmlinuz-*")
        (release,) = root.glob("**/lib/modules/*")
        builtin = (release / "modules.builtin").read_text("utf-8").split()
        names = [f"kernel/{module}.ko" for module in MODULES]
        self.modules = [release / name for name in names if name not in builtin]

    def file_system(self, directory: Path, configure: str) -> Path:
        """An archive whose init configures eth0, pings both gateways, and switches the machine off."""
        root = directory / "root"
        for name in ("bin", "lib", "proc"):
            (root / name).mkdir(parents=True)
        for module in self.modules:
            (root / "lib" / module.name).write_bytes(content(module))
        (root / "bin" / "busybox").write_bytes(self.busybox.read_bytes())
        init = INIT.format(modules=" ".join(module.stem for module in self.modules), configure=configure)
        (root / "init").write_text(init, "utf-8")
        (root / "lease").write_text(LEASE, "utf-8")
        for path in ("bin/busybox", "init", "lease"):
            (root / path).chmod(0o755)
        for applet in ("sh", "mount", "insmod", "ip", "udhcpc", "ping", "sleep", "poweroff"):
            (root / "bin" / applet).symlink_to("busybox")
        names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
        archive = directory / "initrd"
        with archive.open("wb") as file:
            command = [str(self.busybox), "cpio", "-o", "-H", "newc"]
            subprocess.run(command, cwd=root, input=names.encode(), stdout=file, stderr=subprocess.DEVNULL, check=True)
        return archive


def content(module: Path) -> bytes:
    """A kernel's module; busybox loads none that is compressed, as in Debian 13."""
    return module.read_bytes() if module.exists() else lzma.decompress(Path(f"{module}.xz").read_bytes())
