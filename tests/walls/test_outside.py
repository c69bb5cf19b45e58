"""The way out: who gets out and where to, whatever root on the internet does; and that nothing is left of it."""

import ipaddress
import json
import os
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from commands import wait_until
from elastinet.fabric.agent.abilities import translation_fault
from machine import MODES
from scratch import (
    BY_6TO4,
    BY_NAT64,
    METADATA,
    METADATA6,
    NEAR,
    NEAR6,
    NEAR_PUBLIC,
    NEAR_PUBLIC6,
    OPEN_NAT64,
    OWN,
    OWN6,
    OWN_PUBLIC,
    OWN_PUBLIC6,
    WORLD,
    WORLD6,
    Scratch,
)
from world import ELASTINET

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a machine of a test's own")
CARRIER = ("100.115.92.2", "100.115.92.3", "100.115.92.100")
CARRIER6 = ("fd00::2", "fd00::3", "fd00::100")
CLOSED6 = (OWN6, NEAR6, OWN_PUBLIC6, NEAR_PUBLIC6, METADATA6, BY_NAT64, BY_6TO4)
SHORT = 1
CURL = r"curl -s --noproxy \*"
PROXY, OFFERED = f"http://name:word@{NEAR}:8099", "http://name:word@203.0.113.5:3128"
PROXIES = {"http_proxy": PROXY, "https_proxy": "http://127.0.0.1:3128", "no_proxy": "direct.example"}
CLOSED = "".join(f"{CURL} --max-time 0.5 {address}:8099/closed & " for address in (OWN, NEAR, *CARRIER))
CLOSED += "".join(f"{CURL} -g --max-time 0.5 [{address}]:8099/closed & " for address in (*CLOSED6, *CARRIER6))
ASKED = f"{CLOSED} {CURL} --max-time 5 {WORLD}:8099/open4; {CURL} -g --max-time 5 [{WORLD6}]:8099/open6; wait $(jobs -p)"
TRICKS = {
    "asks": "true",
    "flushes every rule": "nft flush ruleset",
    "sends from the machine's own address": f"ip addr add {OWN}/32 dev out0",
    "sends from the carrier's address": "ip addr add 100.115.92.100/24 dev out0",
    "goes by a route of its own": f"ip route add {NEAR}/32 via 203.0.113.4 dev out0 src 203.0.113.1 onlink",
    "moves the link to a namespace of its own": "unshare -n sleep 60 & p=$!; "
    "until [ $(readlink /proc/$p/ns/net) != $(readlink /proc/self/ns/net) ]; do sleep 0.1; done; "
    "until ip link set out0 netns $p 2>/dev/null; do sleep 0.1; done; "
    "nsenter -n -t $p sh -c 'ip link set out0 up; ip addr add 203.0.113.1/32 dev out0; "
    f"ip route add default via 203.0.113.4 dev out0 onlink; ip addr add 3fff::1/128 dev out0 nodad; "
    f"ip neigh add 3fff::4 lladdr 0e:00:00:00:00:0a dev out0; ip -6 route add default via 3fff::4 dev out0 onlink; {ASKED}'; kill $p",
}
"""The last one takes the link away for good, so it is tried last."""
ASK = """
import socket, struct, time
def question(name, kind):
    head = struct.pack("!HHHHHH", 7, 0x100, 1, 0, 0, 0)
    parts = b"".join(bytes((len(part),)) + part.encode() for part in name.split("."))
    return head + parts + b"\\0" + struct.pack("!HH", kind, 1)
"""
LONG = (
    ASK
    + """
asked = question("long.example", 16)
with socket.create_connection(("169.254.169.253", 53), 10) as way:
    way.sendall(struct.pack("!H", len(asked)) + asked)
    data = b""
    while len(data) < 2 or len(data) < 2 + struct.unpack_from("!H", data)[0]:
        data += way.recv(1 << 16)
print(data.count(bytes((250,))) * 251)
"""
)
TIMED = (
    ASK
    + """
for name in ("instance-data.ec2.internal", "unknown.example"):
    spent = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as way:
        way.connect(("169.254.169.253", 53))
        for _ in range(30):
            began = time.monotonic()
            way.send(question(name, 1))
            answer = way.recv(1000)
            spent.append(time.monotonic() - began)
    print(answer[3] & 15, sorted(spent)[15])
"""
)
"""What an instance asks its resolver, without a library that keeps answers or asks again."""
WAITS = """
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as way:
    way.connect(("fd00:ec2::253", 53))
    for number in range(50):
        way.send(question(f"{number}.silent.example", 28))
    print(way.recv(1000)[3] & 15, open("/proc/uptime").read())
"""
SHUT6 = " ".join(CLOSED6)
DATAGRAMS = f"""
import select, socket, time
def answers():
    while select.select([way], [], [], 0)[0]:
        yield way.recv(9000)
def sent(address, size):
    try:
        way.sendto(b"x" * size, (address, 8099))
    except OSError:
        pass
found, end = set(), time.monotonic() + 1
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as way:
    while time.monotonic() < end:
        for address in ("{WORLD6}", *"{SHUT6}".split()):
            sent(address, 1400)
        sent("{WORLD6}", 3000)
        time.sleep(0.1)
        found |= set(answers())
for one in found:
    asker, _, data = one.partition(b" ")
    print(asker.decode(), len(data))
"""
NO_ERROR, NO_NAME = 0, 3
Made = tuple[Scratch, SimpleNamespace]


@pytest.fixture(scope="module", params=MODES)
def scratch(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scratch]:
    made = Scratch(tmp_path_factory.mktemp("scratch"), request.param)
    yield made
    made.close()


@pytest.fixture(scope="module")
def place(scratch: Scratch) -> Iterator[Made]:
    """A server with a way out, on a machine with proxies, and its region."""
    scratch.start("--outside", **PROXIES)
    yield scratch, scratch.region()
    if scratch.server:
        scratch.stop()


def test_who_gets_out(place: Made) -> None:
    """Who has a public address, or a NAT gateway, and a group that lets it; asked by the machine's address."""
    scratch, region = place
    assert OWN in scratch.inside(region.public, f"{CURL} --max-time 10 {WORLD}:8099")
    assert scratch.reaches(region.behind, WORLD)
    assert not scratch.reached(region.private, WORLD)
    assert not scratch.reached(region.shut, WORLD)
    assert scratch.status()["outside"] == "on"


def test_the_machine_and_its_networks_are_closed(place: Made) -> None:
    """The services are there: the machine itself is answered."""
    scratch, region = place
    closed = (OWN, NEAR, OWN_PUBLIC, NEAR_PUBLIC, METADATA)
    assert all("asked by" in scratch.asked(address) for address in closed)
    assert not scratch.reached(region.public, *closed, *CARRIER)


def test_ipv6_gets_out_where_it_may(place: Made) -> None:
    """By an internet gateway and an egress-only one; ping is refused at once, since nobody carries it."""
    scratch, region = place
    assert f"asked by {OWN_PUBLIC6}" in scratch.inside(
        region.public, f"{CURL} -g --max-time 10 [{WORLD6}]:8099"
    )
    assert scratch.reaches(region.behind, WORLD6)
    assert not scratch.reached(region.private, WORLD6)
    assert not scratch.reached(region.shut, WORLD6)
    assert "prohibited" in scratch.inside(region.public, f"ping -6 -c 1 -W 5 {WORLD6}")


def test_datagrams_of_ipv6_get_out_whole_or_not_at_all(place: Made) -> None:
    """Those of 1,400 bytes do, by both gateways, and to closed addresses none; fragments nobody carries."""
    scratch, region = place
    script = f"python3 -c '{DATAGRAMS}'"
    with ThreadPoolExecutor(3) as pool:
        told = list(
            pool.map(lambda who: scratch.inside(who, script), (region.public, region.behind, region.private))
        )
    assert told == [f"{OWN_PUBLIC6} 1400\n", f"{OWN_PUBLIC6} 1400\n", ""]


def test_what_is_closed_in_ipv6(place: Made) -> None:
    """The services are there; addresses that lead to closed IPv4 are closed, too, and others of NAT64 not."""
    scratch, region = place
    assert all("asked by" in scratch.asked(address) for address in CLOSED6)
    asked = (WORLD6, *CLOSED6, *CARRIER6, OPEN_NAT64)
    assert scratch.reached(region.public, *asked) == {WORLD6, OPEN_NAT64}
    assert scratch.reached(region.behind, *asked) == {WORLD6, OPEN_NAT64}
    assert said(scratch, region.public, WORLD6, NEAR6, METADATA6, *CARRIER6, ipv6=True) == {WORLD6}


SCOPED = """
import boto3, sys, time
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
for address in sys.argv[3:]:
    source = {"ResourceStatement": {"Resources": [sys.argv[2]]}}
    target = {"PacketHeaderStatement": {"DestinationAddresses": [address]}}
    scope = ec2.create_network_insights_access_scope(MatchPaths=[{"Source": source, "Destination": target}])
    id = scope["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
    begun = ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=id)
    ids = [begun["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"]]
    while True:
        asked = ec2.describe_network_insights_access_scope_analyses(NetworkInsightsAccessScopeAnalysisIds=ids)
        (found,) = asked["NetworkInsightsAccessScopeAnalyses"]
        if found["Status"] != "running":
            break
        time.sleep(0.05)
    print(found["FindingsFound"])
"""


def found_by_scopes(scratch: Scratch, who: str, *addresses: str) -> list[str]:
    """Whether an access scope from an instance to each address has findings."""
    return scratch.run(sys.executable, "-c", SCOPED, scratch.server["url"], who, *addresses).stdout.split()


def said(scratch: Scratch, who: str, *addresses: str, ipv6: bool = False) -> set[str]:
    """Those of some addresses that an instance reaches, as `why` and `verify` say."""
    url, found = scratch.server["url"], set()
    family, bits = ("&ipv6=true", 128) if ipv6 else ("", 32)
    for address in addresses:
        about = f"source={who}&port=8099{family}&target={address}"
        why = json.loads(scratch.run("curl", "-s", f"{url}/_elastinet/why?{about}").stdout)
        rows = json.loads(scratch.run("curl", "-s", f"{url}/_elastinet/verify?{about}/{bits}").stdout)
        assert why.get("reachable", False) == (rows.get("counts", {}).get("open", 0) == 1), (why, rows)
        found |= {address} if why.get("reachable") else set()
    return found


ANALYSED = """
import boto3, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
for address in sys.argv[3:]:
    sent = {"DestinationAddress": address, "DestinationPortRange": {"FromPort": 8099, "ToPort": 8099}}
    path = ec2.create_network_insights_path(Source=sys.argv[2], Protocol="tcp", FilterAtSource=sent)
    id = path["NetworkInsightsPath"]["NetworkInsightsPathId"]
    begun = ec2.start_network_insights_analysis(NetworkInsightsPathId=id)["NetworkInsightsAnalysis"]
    ids = [begun["NetworkInsightsAnalysisId"]]
    (found,) = ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=ids)["NetworkInsightsAnalyses"]
    print(found["NetworkPathFound"])
"""


def told_to_reach(scratch: Scratch, who: str, *addresses: str) -> set[str]:
    """Those of some addresses that an instance reaches as `why` and `verify` say, and the analyzer, too."""
    found, url = said(scratch, who, *addresses), scratch.server["url"]
    analysed = scratch.run(sys.executable, "-c", ANALYSED, url, who, *addresses).stdout.split()
    assert {address for address, way in zip(addresses, analysed, strict=True) if way == "True"} == found
    return found


def test_what_is_said_of_private_networks_is_what_packets_do(place: Made) -> None:
    scratch, region = place
    asked = (WORLD, NEAR, METADATA, *CARRIER)
    assert told_to_reach(scratch, region.public, *asked) == scratch.reached(region.public, *asked)
    assert told_to_reach(scratch, region.behind, *asked) == {WORLD}
    assert found_by_scopes(scratch, region.public, WORLD, NEAR, METADATA) == ["true", "false", "false"]


def test_the_carrier_has_no_power(place: Made) -> None:
    """As root's it is a user of its own; where the machine's network is, it can do nothing."""
    scratch, _ = place
    words = dict(
        line.split(":", 1) for line in Path(f"/proc/{scratch.carrier()}/status").read_text().splitlines()
    )
    assert int(words["CapEff"], 16) == int(words["CapPrm"], 16) == 0
    assert words["NoNewPrivs"].strip() == "1"
    assert words["Seccomp"].strip() == "2"
    assert (set(words["Uid"].split()) == {str(os.geteuid())}) == (scratch.mode == "rootless")


def test_it_is_started_again(place: Made) -> None:
    """What was closed is closed then, too; that it had died is said."""
    scratch, region = place
    before = scratch.carrier()
    os.kill(before, signal.SIGKILL)
    scratch.carrier(before)
    wait_until(lambda: scratch.reaches(region.public, WORLD, SHORT))
    assert not scratch.reaches(region.public, NEAR, SHORT)
    assert "slirp4netns has ended" in scratch.elastinet("logs").stdout
    wait_until(lambda: not scratch.status()["failed"])


def test_a_stopped_carrier_is_said_in_the_status(place: Made) -> None:
    """The supervisor is held up meanwhile, so that none is started again."""
    scratch, region = place
    supervisor = scratch.server["pid"]
    os.kill(supervisor, signal.SIGSTOP)
    try:
        os.kill(scratch.carrier(), signal.SIGKILL)
        wait_until(lambda: "slirp4netns has ended" in scratch.status()["failed"].get("outside", ""))
        assert not scratch.reaches(region.public, WORLD, SHORT)
    finally:
        os.kill(supervisor, signal.SIGCONT)
    wait_until(lambda: scratch.reaches(region.public, WORLD, SHORT))


def test_a_carrier_closes_what_the_machine_has_by_then(scratch: Scratch) -> None:
    asked = "from elastinet.serve.carrier import offer; print(*offer('{}').closed)"

    def closed(outside: str, *before: str) -> set[str]:
        return set(scratch.run(*before, sys.executable, "-c", asked.format(outside)).stdout.split())

    assert {"198.51.100.0/24", "2001:2:1::/64"} <= closed("on")
    assert "203.0.113.0/24" not in closed("on")
    assert "203.0.113.0/24" in closed(
        "on", "sh", "-c", 'ip route add 203.0.113.0/24 dev wan0; "$@"; ip route del 203.0.113.0/24', "sh"
    )
    mapped = ipaddress.IPv6Network("::ffff:0:0/96")
    for outside in ("on", "lan"):
        six = [ipaddress.IPv6Network(block) for block in closed(outside) if ":" in block]
        assert any(mapped.subnet_of(block) for block in six)
    assert not closed("lan") & {
        "10.0.0.0/8",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "fd55::/64",
        "2001:2:1::/64",
    }


def test_the_machines_proxy(place: Made) -> None:
    """It is reached though its network is closed, by who gets out; the metadata is reached without it."""
    scratch, region = place
    said = scratch.inside(region.public, "curl -s --max-time 10 http://any.example/x")
    assert said.startswith("world asked by")
    assert said.endswith("for http://any.example/x")
    assert not scratch.inside(region.private, "curl -s --max-time 1 http://any.example/x")
    assert not scratch.reached(region.public, OWN, NEAR, "203.0.113.5")
    token = (
        "curl -s -X PUT -H X-aws-ec2-metadata-token-ttl-seconds:60 http://169.254.169.254/latest/api/token"
    )
    assert "asked by" not in scratch.inside(region.public, token)
    told = scratch.inside(region.public, "env; cat /etc/environment").splitlines()
    assert told.count(f"http_proxy={OFFERED}") == 2
    assert not any(line.lower().startswith("https_proxy") for line in told)
    assert sum(line.startswith("no_proxy=") and line.endswith(",direct.example") for line in told) == 2


def test_names_are_the_machines_resolvers(place: Made) -> None:
    """Also from where no packet gets out; answers that no datagram holds come by TCP."""
    scratch, region = place
    for who in (region.public, region.private):
        assert scratch.inside(who, "getent ahostsv4 named.example").startswith(WORLD)
        assert not scratch.inside(who, "getent ahostsv4 nowhere.example")
    assert scratch.inside(region.private, f"python3 -c '{LONG}'") == "5020\n"
    assert "asked by" in scratch.inside(region.public, f"{CURL} --max-time 10 named.example:8099")


def test_names_where_there_is_only_ipv6(place: Made) -> None:
    """An IPv4 address is given as NAT64's, by which packets get out; names with IPv6 stay as they are."""
    scratch, region = place
    translated = ipaddress.ip_address(OPEN_NAT64).compressed
    asked = ("named", "alias", "both", "nowhere", "many")
    script = "".join(
        f"getent ahostsv6 {name}.example | cut -d' ' -f1 | sort -u; echo end; " for name in asked
    )
    told = [part.split() for part in scratch.inside(region.six, script).split("end")]
    assert told[:4] == [[translated], [translated], [WORLD6], []]
    many = {f"64:ff9b::{ipaddress.ip_address(f'192.0.2.{n}').packed.hex(':', 2)}" for n in range(1, 61)}
    assert set(map(ipaddress.ip_address, told[4])) == set(map(ipaddress.ip_address, many))
    assert "target.example" in scratch.inside(region.six, "getent ahostsv6 alias.example")
    assert not scratch.inside(region.public, "getent ahostsv6 named.example | grep 64:ff9b")


@pytest.mark.skipif(translation_fault(None) is not None, reason=str(translation_fault(None)))
def test_what_is_closed_where_there_is_only_ipv6(place: Made) -> None:
    """A name may have a closed address: packets to it are dropped, and the services are there."""
    scratch, region = place
    assert f"{OWN} for" in scratch.inside(region.six, f"{CURL} --max-time 10 named.example:8099")
    names = ("near.example", "own.example", "metadata.example", "loop.example")
    for name in names:
        assert "64:ff9b::" in scratch.inside(region.six, f"getent ahostsv6 {name}")
    assert scratch.reached(region.six, "named.example", *names) == {"named.example"}


def test_a_silent_resolver_stops_no_other(place: Made) -> None:
    """While questions of the subnet with DNS64 wait, others are answered, and it hears of its own names."""
    scratch, region = place
    waits = f"{ASK}{WAITS}"
    own = "getent ahostsv6 instance-data.ec2.internal; getent hosts named.example"
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(scratch.inside, region.six, f"python3 -c '{waits}'")
        wait_until(lambda: "silent.example" in scratch.asked_names.read_text())
        answered = scratch.inside(region.public, f"{own}; cat /proc/uptime").split()
    failed = waiting.result().split()
    assert WORLD in answered
    assert failed[0] == "2", "the first is told that nobody answers"
    assert float(answered[-2]) < float(failed[1])


def test_names_of_our_own_stay_here(place: Made) -> None:
    scratch, region = place
    ours = (
        "nobody.ec2.internal",
        "s3.amazonaws.com",
        "rds.us-east-1.api.aws",
        "name",
        "9.9.16.172.in-addr.arpa",
    )
    for name in ours:
        assert not scratch.inside(region.private, f"getent ahosts {name}")
    assert scratch.inside(region.private, "getent ahostsv4 ec2.us-east-1.amazonaws.com").startswith(
        "203.0.113.3"
    )
    asked = scratch.asked_names.read_text()
    assert not any(name in asked for name in ours[:3])
    assert " name " not in asked


def test_a_resolver_that_is_not_there_is_said_at_once(place: Made) -> None:
    """What listens nowhere is a failure, not a silence."""
    scratch, region = place
    conf = scratch.folder / "resolv.conf"
    before = conf.read_text()
    conf.write_text(f"nameserver {OWN}\n")
    try:
        asked = 'import socket; socket.getaddrinfo("other.example", 80)'
        said = scratch.inside(region.private, f"timeout 20 python3 -c '{asked}' 2>&1")
        assert "Temporary failure" in said
    finally:
        conf.write_text(before)


@pytest.mark.parametrize("trick", TRICKS)
def test_the_internets_root_gets_no_further(place: Made, trick: str) -> None:
    scratch, _ = place
    said = scratch.inside("internet", f"{TRICKS[trick]}; {ASKED}")
    assert "for /open4" in said, said
    assert "for /open6" in said, said
    assert "for /closed" not in said, said


def test_private_networks_on_request(scratch: Scratch, place: Made) -> None:
    """The machine's loopback, its cloud's metadata and the carrier stay closed. The stop left nothing."""
    carrier = scratch.carrier()
    scratch.stop()
    wait_until(lambda: not _lives(carrier))
    wait_until(lambda: scratch.network_now() == scratch.network)
    scratch.start("--outside=lan")
    region = scratch.region()
    assert scratch.reaches(region.public, NEAR)
    asked = (WORLD, OWN, NEAR, METADATA, *CARRIER)
    assert scratch.reached(region.public, *asked) == {WORLD, OWN, NEAR}
    assert scratch.reaches(region.behind, NEAR)
    assert told_to_reach(scratch, region.public, *asked) == {WORLD, OWN, NEAR}
    assert told_to_reach(scratch, region.behind, *asked) == {WORLD, OWN, NEAR}
    assert found_by_scopes(scratch, region.public, WORLD, NEAR, METADATA) == ["true", "true", "false"]
    assert not scratch.reached(region.private, WORLD, NEAR)
    asked6 = (WORLD6, OWN6, NEAR6, NEAR_PUBLIC6, BY_NAT64, METADATA6, *CARRIER6)
    opened = {WORLD6, OWN6, NEAR6, NEAR_PUBLIC6, BY_NAT64}
    assert scratch.reached(region.public, *asked6) == opened
    assert said(scratch, region.public, WORLD6, OWN6, NEAR6, METADATA6, *CARRIER6, ipv6=True) == {
        WORLD6,
        OWN6,
        NEAR6,
    }
    assert scratch.status()["outside"] == "lan"


def test_nothing_is_left_after_a_kill(scratch: Scratch, place: Made) -> None:
    carrier = scratch.carrier()
    os.kill(scratch.server["pid"], signal.SIGKILL)
    scratch.server = {}
    wait_until(lambda: not _lives(carrier))
    wait_until(lambda: scratch.network_now() == scratch.network)


def test_it_is_off_by_default(scratch: Scratch, place: Made) -> None:
    """And a name that nobody here has is none, as soon as one that is here is told."""
    scratch.start()
    region = scratch.region()
    assert scratch.status()["outside"] == "off"
    assert not scratch.carriers()
    assert not scratch.reached(region.public, WORLD)
    assert not scratch.reached("internet", WORLD)
    told = [line.split() for line in scratch.inside(region.public, f"python3 -c '{TIMED}'").splitlines()]
    (known, own), (unknown, other) = ((int(code), float(seconds)) for code, seconds in told)
    assert (known, unknown) == (NO_ERROR, NO_NAME)
    assert other < 20 * own
    assert "unknown.example" not in scratch.asked_names.read_text()


def test_what_it_needs(scratch: Scratch) -> None:
    lacking = ("env", "PATH=/nowhere", ELASTINET, "start", "--outside", "--port", "0", "--state", ":memory:")
    refused = scratch.run(*lacking, check=False)
    assert (refused.returncode, "install the package slirp4netns" in refused.stderr) == (1, True)
    refused = scratch.elastinet("start", "--outside", "--fabric", "none", check=False)
    assert (refused.returncode, "--fabric none" in refused.stderr) == (1, True)
    refused = scratch.elastinet("start", "--outside=wan", check=False)
    assert (refused.returncode, "outside" in refused.stderr) == (2, True)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
