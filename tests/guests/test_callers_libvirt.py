"""libvirt: Debian's libvirtd starts a real guest, with our example as the script of its interface."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from computer import ADDRESS, BY_HAND, EUI64, MAC, Computer
from guestlab import NETWORK, leftovers, started
from lab.datacenter import data_center
from lab.host import Host
from lab.snapshot import snapshot
from lab.stanzas import GATEWAY, GATEWAY6, Stanza
from lab.waiting import comes_true
from udevd import udevd

EXAMPLE = Path(__file__).resolve().parents[2] / "share" / "examples" / "libvirt" / "libvirt-ifup"

# Directories of its own; the user without which it does not start; a name that it need not ask DNS for; and QEMU as
# root, since there is neither systemd nor AppArmor.
PREPARATION = f"""
mkdir -p /run/var/upper /run/var/work
mount -t overlay -o lowerdir=/var,upperdir=/run/var/upper,workdir=/run/var/work overlay /var
for directory in /etc/libvirt /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
    mkdir -p $directory
    mount -t tmpfs tmpfs $directory
done
for file in passwd group hosts; do
    cp /etc/$file /run/etc/$file
    mount --bind /run/etc/$file /etc/$file
done
getent passwd libvirt-qemu || echo libvirt-qemu:x:64055:64055::/:/bin/false >> /etc/passwd
getent group libvirt-qemu || echo libvirt-qemu:x:64055: >> /etc/group
getent group kvm || echo kvm:x:64056: >> /etc/group
echo "127.0.0.1 $(hostname)" >> /etc/hosts
cat > /etc/libvirt/qemu.conf <<THE_END
security_driver = "none"
user = "root"
group = "root"
namespaces = []
cgroup_controllers = []
remember_owner = 0
stdio_handler = "file"
THE_END
mkdir /etc/libvirt/hooks /etc/network/guests /var/log/libvirt/qemu
cp {EXAMPLE} /etc/libvirt/hooks
echo "--network {NETWORK} --ip {ADDRESS} --mac {MAC}" > /etc/network/guests/web1
"""

# The interface as the example has it
DOMAIN = """
<domain type='qemu'>
  <name>web1</name>
  <memory unit='MiB'>256</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64'>hvm</type>
    <kernel>{kernel}</kernel>
    <initrd>{initrd}</initrd>
    <cmdline>console=ttyS0 quiet panic=-1</cmdline>
  </os>
  <features><acpi/></features>
  <devices>
    {interface}
    <serial type='file'><source path='/run/console'/></serial>
  </devices>
</domain>
"""


def interface() -> str:
    """The piece of configuration in the example's comment."""
    _, start, rest = EXAMPLE.read_text("utf-8").partition("#     <interface")
    body, end, _ = rest.partition("</interface>")
    return (start + body + end).replace("#", "")


@contextmanager
def libvirtd(host: Host) -> Iterator[None]:
    """Start libvirtd, and end it and the guest."""
    host.run(PREPARATION)
    daemon = started(host, "exec /usr/sbin/libvirtd")
    try:
        assert comes_true(lambda: host.attempt("virsh -c qemu:///system list").returncode == 0)
        yield
    finally:
        host.attempt("virsh -c qemu:///system destroy web1")
        daemon.terminate()
        daemon.communicate()


def test_a_guest_that_libvirt_starts(tmp_path: Path) -> None:
    computer = Computer(tmp_path)
    archive = computer.file_system(tmp_path, BY_HAND)
    with data_center() as center:
        center.bring_up(str(Stanza("router", "dual stack")), str(Stanza("vmc", "dual stack")))
        node = center.node1
        with udevd(node), libvirtd(node):
            before, journals = snapshot(node), leftovers(node)
            domain = DOMAIN.format(kernel=computer.kernel, initrd=archive, interface=interface())
            node.write("/run/web1.xml", domain)
            node.run("virsh -c qemu:///system create /run/web1.xml")
            assert f"{ADDRESS} dev web1" in node.run("ip route show table 222")
            assert EUI64 in node.run("ip -6 route show table 222 dev web1")
            assert comes_true(lambda: "web1" not in node.run("virsh -c qemu:///system list"), patience=300)
            console = node.run("cat /run/console")
            for gateway in (GATEWAY, GATEWAY6):
                assert f"bytes from {gateway}: seq=0" in console, console
            assert comes_true(lambda: leftovers(node) == journals), leftovers(node)
            assert before.difference(snapshot(node)) == ""
