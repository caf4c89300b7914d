"""Sends echoes every millisecond, answered or not, and prints for each answer its number and when it came.

ping(8) sends only every 10 ms while no answer comes.
"""

import select
import socket
import struct
import sys
import time
from contextlib import suppress


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071); of ICMPv6 the kernel makes it."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return ~(total + (total >> 16)) & 0xFFFF


def main() -> None:
    """Takes the address, how many echoes, and a number that tells them from others'."""
    address, count, identifier = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    six = ":" in address
    family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if six else (socket.AF_INET, socket.IPPROTO_ICMP)
    request, reply, offset = (128, 129, 0) if six else (8, 0, 20)
    ears = socket.socket(family, socket.SOCK_RAW, protocol)
    ears.setblocking(False)
    ears.connect((address, 0))
    answers = []
    start = time.monotonic()
    for number in range(count + 1000):  # the last second is for late answers
        if number < count:
            packet = struct.pack("!BBHHH", request, 0, 0, identifier, number & 0xFFFF)
            if not six:
                packet = packet[:2] + struct.pack("!H", checksum(packet)) + packet[4:]
            with suppress(OSError):  # no route just now, or an ICMP error came back
                ears.send(packet)
        due = start + (number + 1) / 1000
        while select.select([ears], [], [], max(0.0, due - time.monotonic()))[0]:
            try:
                said = ears.recv(2048)[offset:]
            except OSError:
                continue
            if said[0] == reply and said[4:6] == identifier.to_bytes(2, "big"):
                answers.append((int.from_bytes(said[6:8], "big"), time.time()))
    for number, when in answers:
        print(number, f"{when:.6f}")


if __name__ == "__main__":
    main()
