"""An address that another host on the link answers for is refused, whoever that is; moving in is not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from guestlab import Place, attach, attach_command, detach, place, plug, refused
from lab.host import Host
from lab.packets import Question, Tap, hardware_address
from lab.stanzas import Stanza

ADDRESSES = {"IPv4": ("192.0.2.77", "192.0.2.13"), "IPv6": ("2001:db8::77", "2001:db8::13")}


@pytest.fixture(scope="module")
def here() -> Iterator[Place]:
    """A data centre where the router has a second address of either family, and node2 hosts vm3 (.13)."""
    with place(str(Stanza("router")), str(Stanza())) as here, Host("newcomer") as newcomer:
        link = here.center.link
        here.center.router.run(
            f"ip addr add 192.0.2.77/24 dev {link}; ip -6 addr add 2001:db8::77/64 dev {link} nodad"
        )
        plug(here.center.node1, newcomer, "tap9")
        yield here


@pytest.mark.parametrize("family", ADDRESSES)
def test_an_address_of_another_host_is_refused(here: Place, family: str) -> None:
    address = ADDRESSES[family][0]
    mac = hardware_address(here.center.router, here.center.link)
    line = refused(here.center.node1, attach_command("tap9", address))
    assert line == f"tap9: --ip {address}: in use, {mac} on {here.center.link} answers for it"


@pytest.mark.parametrize("family", ADDRESSES)
def test_an_address_of_a_machine_on_another_node_is_refused(here: Place, family: str) -> None:
    address = ADDRESSES[family][1]
    mac = hardware_address(here.center.node2, here.center.link)
    line = refused(here.center.node1, attach_command("tap9", address))
    assert line == f"tap9: --ip {address}: in use, {mac} on {here.center.link} answers for it"


def test_one_of_several_is_enough(here: Place) -> None:
    line = refused(here.center.node1, attach_command("tap9", "192.0.2.50", "2001:db8::50", "2001:db8::77"))
    assert line.startswith("tap9: --ip 2001:db8::77: in use, ")


@pytest.mark.parametrize("options", ["--no-probe", "--role migrate-in"])
@pytest.mark.parametrize("family", ADDRESSES)
def test_not_asked_for_where_it_was_said_not_to_or_the_machine_moves_in(
    here: Place, family: str, options: str
) -> None:
    address = ADDRESSES[family][0]
    with Tap(here.center.router, here.center.link) as tap:
        attach(here.center.node1, "tap9", address, options=options)
        questions = [message for message in tap.heard() if isinstance(message, Question)]
    detach(here.center.node1, "tap9")
    # A gratuitous request, which is IPv4's, asks for the sender itself: that is no probe, and a machine that moves in
    # has one as soon as it is heard. Other machines' may still be under way
    asked = {str(question) for question in questions if str(question.target) == address}
    assert asked <= ({f"who-has {address} tell {address}"} if family == "IPv4" else set())


def test_a_free_address_is_asked_for_and_attached(here: Place) -> None:
    with Tap(here.center.router, here.center.link) as tap:
        attach(here.center.node1, "tap9", "192.0.2.50", "2001:db8::50")
        asked = {str(message) for message in tap.heard() if isinstance(message, Question)}
    detach(here.center.node1, "tap9")
    assert "who-has 192.0.2.50 tell 192.0.2.254" in asked
    assert any(text.startswith("who-has 2001:db8::50 tell fe80::") for text in asked)
