"""What ICMP errors quote that cross gateways is what their receiver has sent, down to its checksums."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

import quotes
from frames import packets
from gateways import BY_ITSELF, HERE, INTERNET, OTHER, SILENT, by_both, by_gateway, by_nat
from machine import Machine
from quotes import (
    ICMP,
    KINDS,
    TCP,
    UDP,
    datagram,
    error,
    hears,
    is_error,
    send,
    source_of,
    target_of,
    timeless,
    true,
)


class Ends(NamedTuple):
    """A device at either end of a path, and the address that is asked."""

    here: socket.socket
    there: socket.socket
    target: str


PATHS = {
    "the internet gateway": (by_gateway(), "internet", INTERNET, SILENT),
    "a NAT gateway": (by_nat(), "internet", INTERNET, SILENT),
    "two Elastic IPs": (by_both(), "i-2", "eth0", OTHER),
}


@pytest.fixture(scope="module", params=PATHS)
def ends(running: Machine, request: pytest.FixtureRequest) -> Iterator[Ends]:
    things, guest, device, target = PATHS[request.param]
    running.boot(*things, whole=True)
    running.ok("i-2" if guest == "i-2" else "i-1", BY_ITSELF)
    running.ok("internet", f"ip route replace blackhole {SILENT}")
    with ExitStack() as open:
        here, there = (
            open.enter_context(packets(running, *end)) for end in (("i-1", "eth0"), (guest, device))
        )
        yield Ends(here, there, target)
    running.desire(whole=True)


def asked(ends: Ends, protocol: int) -> tuple[bytes, bytes]:
    """A packet as it leaves one end, and as it comes to the other."""
    sent = datagram(HERE, ends.target, protocol)
    send(ends.here, sent)
    came = hears(ends.there, lambda packet: packet[9] == protocol and packet.endswith(b"data"))
    assert came is not None
    assert true(came)
    return sent, came


@pytest.mark.parametrize("protocol", [UDP, TCP, ICMP])
def test_an_error_that_comes_in(ends: Ends, protocol: int) -> None:
    for kind in KINDS:
        sent, came = asked(ends, protocol)
        send(ends.there, error(target_of(came), source_of(came), kind, came))
        heard = hears(ends.here, is_error(kind))
        assert heard is not None, kind
        assert true(heard), kind
        assert source_of(heard) == ends.target
        assert timeless(quotes.quotes(heard)) == timeless(sent), kind


@pytest.mark.parametrize("size", [28, 36])
@pytest.mark.parametrize("protocol", [UDP, TCP])
def test_it_may_quote_little(ends: Ends, protocol: int, size: int) -> None:
    """Eight bytes behind the header are all that must be there; a checksum that is not is not mended."""
    sent, came = asked(ends, protocol)
    send(ends.there, error(target_of(came), source_of(came), (3, 1), came[:size]))
    heard = hears(ends.here, is_error((3, 1)))
    assert heard is not None
    assert true(heard)
    quoted = quotes.quotes(heard)
    assert timeless(quoted)[:16] == timeless(sent)[:16]
