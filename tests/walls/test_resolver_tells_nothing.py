"""The resolver of a VPC tells an instance nothing of itself."""

import json
from collections.abc import Iterator
from shlex import quote

import pytest

from elastinet.fabric.contract.objects import Acl
from machine import MODES, Machine
from parts import eni, group, guest, network, table

CHAOS, IN, TXT, ANY = 3, 1, 16, 255
NAMES = (
    *("version.bind", "authors.bind", "copyright.bind", "hostname.bind", "id.server", "version.server"),
    *(
        "cachesize.bind",
        "insertions.bind",
        "evictions.bind",
        "misses.bind",
        "hits.bind",
        "auth.bind",
        "servers.bind",
    ),
    *("VERSION.BIND", "bind", "server"),
)
ASK = """
import json, socket, struct, sys
def answers(name, kind, of):
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + bytes(1)
    asked = struct.pack("!6H", 7, 256, 1, 0, 0, 0) + question + struct.pack("!2H", kind, of)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.settimeout(10)
        out.sendto(asked, ("10.0.0.2", 53))
        answer = out.recv(4096)
    _, flags, _, count, _, _ = struct.unpack("!6H", answer[:12])
    return [flags & 15, count]
print(json.dumps([answers(*one) for one in json.loads(sys.argv[1])]))
"""


@pytest.fixture(params=MODES)
def machine(request: pytest.FixtureRequest) -> Iterator[Machine]:
    made = Machine(request.param)
    yield made
    made.close()


def test_it_does_not_say_what_it_is(machine: Machine) -> None:
    resolving = network(resolver="10.0.0.2")
    interface = eni(1, "10.0.1.10", names=(("known.internal", "10.0.1.10"),), acl="acl-1")
    machine.boot(resolving, table(), group(egress=()), Acl("acl-1", "vpc-1", (), ()), guest(1), interface)
    asked = [(name, kind, of) for name in NAMES for kind in (TXT, ANY) for of in (CHAOS, IN)]
    words = json.dumps([*asked, ("known.internal", 1, IN)])
    script = ASK.replace("sys.argv[1]", repr(words))
    found = json.loads(machine.ok("i-1", f"python3 -c {quote(script)}"))
    assert found.pop() == [0, 1]
    assert [(one, said) for one, said in zip(asked, found, strict=True) if said[1]] == []
