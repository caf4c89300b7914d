"""What is asked for one guest: its TAP, its network, its addresses."""

from snf_network_helper.errors import JournalError, one_line
from snf_network_helper.lean import TYPE_CHECKING
from snf_network_helper.stanza.addresses import IPV6, IPAddress, Prefix, eui64

if TYPE_CHECKING:
    from collections.abc import Sequence

    from snf_network_helper.stanza.network import Network


class Attachment:
    """One TAP, the routed interface whose network it belongs to, and the addresses and IPv6 prefixes behind it.

    `link` is the kernel's number of the TAP: another one of the same name is another machine's. With `serve` the guest
    is told its addresses by servers of its own, with `dns` its name servers too. `mtu` is that of the TAP, "" for that
    of the network's link. One that `leaves` is about to move out. One that `follows` has the EUI-64 address of every
    /64 that the network has, or is going to have.
    """

    __slots__ = (
        "addresses", "dns", "follows", "hostname", "leaves", "link", "mac", "mtu", "network", "prefixes", "serve",
        "tap",
    )  # fmt: skip

    def __init__(
        self,
        tap: str,
        network: str,
        addresses: tuple[IPAddress, ...],
        mac: str = "",
        link: str = "",
        hostname: str = "",
        serve: bool = False,
        dns: tuple[IPAddress, ...] = (),
        leaves: bool = False,
        mtu: str = "",
        prefixes: tuple[Prefix, ...] = (),
        follows: bool = False,
    ) -> None:
        self.tap = tap
        self.network = network
        self.addresses = addresses
        self.mac = mac
        self.link = link
        self.hostname = hostname
        self.serve = serve
        self.dns = dns
        self.leaves = leaves
        self.mtu = mtu
        self.prefixes = prefixes
        self.follows = follows

    def following(self, network: "Network") -> "Attachment":
        """The attachment to the network as it is now: perhaps another stanza of it has come up since."""
        own = own_addresses(bytes.fromhex(self.mac.replace(":", "")), network.subnets) if self.follows else []
        if self.leaves or {*own} <= {*self.addresses}:
            return self
        followed = Attachment.parse(self.tap, self.request())
        followed.addresses = tuple(dict.fromkeys((*self.addresses, *own)))
        return followed

    def is_outside(self, network: "Network") -> bool:
        """True where none of its addresses is in the network any more."""
        return not any(address in subnet for address in self.addresses for subnet in network.subnets)

    def outside(self) -> str:
        """What is said then."""
        return f"none of its addresses is in a subnet of {self.network}: {' '.join(map(str, self.addresses))}"

    def of_family(self, family: str) -> tuple[IPAddress, ...]:
        """The addresses of one family."""
        return tuple(address for address in self.addresses if address.family == family)

    def home_of(self, address: IPAddress, network: "Network") -> Prefix:
        """The prefix with which the guest has an address: a /64 of its own, else the network's subnet."""
        for prefix in self.prefixes:
            if address in prefix and prefix.length == 64:
                return prefix
        return network.subnet_of(address)

    def request(self) -> str:
        """The request as the journal keeps it."""
        words = [f"network={self.network}", f"ip={','.join(map(str, self.addresses))}"]
        words += [f"{name}={value}" for name in ("mac", "link", "hostname", "mtu") if (value := getattr(self, name))]
        words += [f"prefix={','.join(map(str, self.prefixes))}"] * bool(self.prefixes)
        words += [f"dns={','.join(map(str, self.dns))}"] * bool(self.dns) + ["serve=yes"] * self.serve
        words += ["leaves=yes"] * self.leaves + ["eui64=yes"] * self.follows
        return " ".join(words)

    @classmethod
    def parse(cls, tap: str, request: str) -> "Attachment":
        """Reads what `request()` wrote; JournalError for anything else."""
        try:
            fields = dict(word.split("=", 1) for word in request.split(" "))
            network = fields["network"]
            addresses, dns = (
                tuple(IPAddress.parse(text) for text in fields.get(name, "").split(",") if text)
                for name in ("ip", "dns")
            )
            prefixes = tuple(Prefix.parse(text) for text in fields.get("prefix", "").split(",") if text)
        except (KeyError, ValueError):
            raise JournalError(f"its journal asks for what is not understood: {one_line(request)}") from None
        mac, link, hostname, mtu = (fields.get(name, "") for name in ("mac", "link", "hostname", "mtu"))
        serve, leaves, follows = (name in fields for name in ("serve", "leaves", "eui64"))
        return cls(tap, network, addresses, mac, link, hostname, serve, dns, leaves, mtu, prefixes, follows)


def own_addresses(mac: bytes, subnets: "Sequence[Prefix]") -> list[IPAddress]:
    """The address that a machine makes for itself in every /64."""
    return [
        IPAddress(IPV6, subnet.value | eui64(mac))
        for subnet in subnets
        if subnet.family == IPV6 and subnet.length == 64
    ]
