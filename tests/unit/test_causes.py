"""After a failure: the cause that an administrator can see, in the place of the kernel's words."""


import pytest
from fake_kernel import FakeKernel
from samples import DUAL_STACK, IFACE, VMC

from snf_network_helper import hook
from snf_network_helper.kernel import link, sysctl
from snf_network_helper.kernel.link import absence

Console = pytest.CaptureFixture[str]


class Sockets:
    """The links of a host: eth0, eth1 with an altname, lo."""

    LINKS = ((1, "lo"), (2, "eth0"), (3, "eth1"))

    def if_nametoindex(self, name: str) -> int:
        numbers = {name: number for number, name in self.LINKS} | {"enp1s0": 3}
        if name not in numbers:
            raise OSError(19, "No such device")
        return numbers[name]

    def if_indextoname(self, number: int) -> str:
        return dict(self.LINKS)[number]

    def if_nameindex(self) -> tuple[tuple[int, str], ...]:
        return self.LINKS


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("eth1", ""),
        ("eth7", "eth7: no such interface (did you mean eth1?)"),
        ("vnet12", "vnet12: no such interface"),
        ("enp1s0", "enp1s0: an altname of eth1, expected eth1"),
    ],
)
def test_a_link_that_is_not_there(name: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (link, sysctl):
        monkeypatch.setattr(module, "socket", Sockets())

    assert absence(name) == said


def ifup(options: dict[str, str]) -> int:
    named = {f"IF_{name.upper().replace('-', '_')}": value for name, value in options.items()}
    return hook.main({"IFACE": IFACE, "MODE": "start", "ADDRFAM": "inet", **named})


def test_ifup_names_the_link_that_is_not_there(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    monkeypatch.setattr(link, "absence", lambda name: f"{name}: no such interface" if name == IFACE else "")
    host.refused = "ip link set"
    (host.proc_sys / f"net/ipv4/conf/{IFACE}/forwarding").unlink()

    assert ifup({**VMC, "routed-role": "router", "routed-uplink": "eth9"}) == 1
    assert capsys.readouterr() == ("", f"{IFACE}: no such interface\n")


def test_ifup_refuses_the_altname_of_an_uplink(
    host: FakeKernel, monkeypatch: pytest.MonkeyPatch, capsys: Console
) -> None:
    why = "enp1s0: an altname of eth1, expected eth1"
    monkeypatch.setattr(link, "absence", lambda name: why if name == "enp1s0" else "")
    monkeypatch.setattr(link, "number", lambda name: "3")
    before = host.snapshot()

    assert ifup({**VMC, "routed-role": "router", "routed-uplink": "enp1s0"}) == 1
    assert capsys.readouterr() == ("", f"{IFACE}: routed-uplink {why}\n")
    assert host.snapshot() == before


@pytest.mark.parametrize("conf", [IFACE, "all"])
def test_ifup_names_the_setting_that_switches_ipv6_off(conf: str, host: FakeKernel, capsys: Console) -> None:
    host.sysctl(f"net/ipv6/conf/{conf}/disable_ipv6", "1")
    host.refused = "ip -6 route add"

    assert ifup(DUAL_STACK) == 1
    said = f"{IFACE}: IPv6 is switched off: /proc/sys/net/ipv6/conf/{conf}/disable_ipv6 is 1, expected 0 ("
    assert capsys.readouterr().err.startswith(said)


def test_another_failure_stays_as_the_kernel_says_it(host: FakeKernel, capsys: Console) -> None:
    host.refused = "ip rule add"

    assert ifup(VMC) == 1
    assert capsys.readouterr().err.startswith(f"{IFACE}: ip rule add ")
