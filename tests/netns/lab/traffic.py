"""Traffic between hosts: echoes until one comes back, and TCP."""

from __future__ import annotations

import socket
import threading

from lab.host import Host
from lab.waiting import comes_true

PATIENCE = 10.0


def reaches(source: Host, address: str) -> bool:
    """Whether an echo comes back from `address`, now or soon."""
    return comes_true(lambda: echoes(source, address))


def echoes(source: Host, address: str) -> bool:
    """Whether an echo comes back from `address` within a second."""
    return source.attempt(f"ping -n -q -c 1 -W 1 {address}").returncode == 0


def upload(source: Host, target: Host, address: str, size: int = 300_000) -> str:
    """Send `size` bytes by TCP to `address`, which the target has; gives back the sender's address as seen there."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with target.network():
        listener = socket.socket(family)
    with source.network():
        sender = socket.socket(family)
    with listener, sender:
        listener.settimeout(PATIENCE)
        sender.settimeout(PATIENCE)
        listener.bind((address, 0))
        listener.listen()
        sender.connect(listener.getsockname()[:2])
        receiver, peer = listener.accept()
        with receiver:
            receiver.settimeout(PATIENCE)
            thread = threading.Thread(target=send_and_close, args=(sender, size), daemon=True)
            thread.start()
            received = receive_all(receiver)
            thread.join()
    if received != size:
        raise TimeoutError(f"{source.name} to {target.name} ({address}): {received} of {size} bytes arrived")
    return str(peer[0])


def send_and_close(sender: socket.socket, size: int) -> None:
    """Send that many bytes and end the stream."""
    try:
        sender.sendall(bytes(size))
        sender.shutdown(socket.SHUT_WR)
    except OSError:
        sender.close()  # the receiver counts what arrived


def receive_all(receiver: socket.socket) -> int:
    """The number of bytes up to the end of the stream."""
    received = 0
    try:
        while chunk := receiver.recv(65536):
            received += len(chunk)
    except TimeoutError:
        pass
    return received
