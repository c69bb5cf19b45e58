"""A machine of a test's own, with a network and a world behind it: namespaces, and nothing of the real ones.

Only root can have one: in a user namespace this machine's folders are nobody's, and a server believes none.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from commands import wait_until
from elastinet.serve.places import runtime_folders
from world import ELASTINET, shell

WORLD, OWN_PUBLIC, NEAR_PUBLIC = "192.0.2.10", "198.51.100.1", "198.51.100.2"
"""A host of the world; an address of the machine's that is public, and a neighbour's by it."""
WORLD6, OWN_PUBLIC6, NEAR_PUBLIC6 = "2001:2::10", "2001:2:1::1", "2001:2:1::2"
OWN6, NEAR6, METADATA6 = "fd55::1", "fd55::2", "fd20:ce::254"
"""The same of IPv6, by addresses of benchmarks (RFC 5180): those for documentation VPCs have."""
BY_NAT64, BY_6TO4 = "64:ff9b::a37:2", "2002:a37:2::1"
"""IPv6 that leads to the neighbour's IPv4 address."""
OPEN_NAT64 = "64:ff9b::c000:20a"
OWN, NEAR, METADATA = "10.55.0.1", "10.55.0.2", "169.254.169.254"
"""The machine's address in its private network, a neighbour's, and that of the metadata of its cloud."""
LAY = f"""
set -e
ip link set lo up
ip link add wan0 type veth peer name m0 netns $1
ip link set wan0 up
ip addr add {OWN}/24 dev wan0
ip addr add {OWN_PUBLIC}/24 dev wan0
for a in {OWN6} {OWN_PUBLIC6}; do ip addr add $a/64 dev wan0 nodad; done
"""
LAY_WORLD = f"""
set -e
ip link set lo up
ip link set m0 up
for a in {NEAR}/24 {NEAR_PUBLIC}/24 {METADATA}/32; do ip addr add $a dev m0; done
ip addr add {WORLD}/32 dev lo
for a in {NEAR6} {NEAR_PUBLIC6}; do ip addr add $a/64 dev m0 nodad; done
for a in {WORLD6} {BY_NAT64} {BY_6TO4} {OPEN_NAT64} {METADATA6}; do ip addr add $a/128 dev lo; done
"""
ROUTES = f"ip route add default via {NEAR}; ip route add {METADATA} dev wan0; ip -6 route add default via {NEAR_PUBLIC6}"
NAT64 = "64:ff9b::"
SILENT = "import socket, time; s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('127.0.0.1', 5399)); time.sleep(900)"
"""A resolver that never answers."""
LONG = "--txt-record=long.example," + ",".join(chr(97 + n) * 250 for n in range(20))
RESOLVER = (
    "dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--pid-file=", "--no-resolv",
    "--no-hosts", "--log-queries", f"--host-record=named.example,{WORLD}", LONG, "--local=/#/",
    f"--host-record=both.example,{WORLD},{WORLD6}", f"--host-record=target.example,{WORLD}",
    "--cname=alias.example,target.example", f"--host-record=near.example,{NEAR}", f"--host-record=own.example,{OWN}",
    f"--host-record=metadata.example,{METADATA}", "--host-record=loop.example,127.0.0.1",
    "--server=/silent.example/127.0.0.1#5399", *(f"--host-record=many.example,192.0.2.{n}" for n in range(1, 61)),
)  # fmt: skip
NAMED = 'mount --bind "$1" /etc/resolv.conf; shift; exec "$@"'
SERVICE = """
import http.server, socket, sys, threading
class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        said = f"{sys.argv[1]} asked by {self.client_address[0]} for {self.path}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
    def log_message(self, *words):
        pass
class Both(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
def echo(way):
    while True:
        data, asked, _, asker = way.recvmsg(1 << 16, 64)
        way.sendmsg([asker[0].encode() + b" " + data], asked, 0, asker)
way = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
way.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
way.bind(("::", 8099))
threading.Thread(target=echo, args=(way,), daemon=True).start()
Both(("::", 8099), Answer).serve_forever()
"""
REGION = """
import boto3, ipaddress, json, sys
ec2 = boto3.client("ec2", region_name="us-east-1", endpoint_url=sys.argv[1], aws_access_key_id="x", aws_secret_access_key="x")
(image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])["Images"]
(vpc,) = ec2.describe_vpcs()["Vpcs"]
(group,) = ec2.describe_security_groups()["SecurityGroups"]
shut = ec2.create_security_group(GroupName="shut", Description="d", VpcId=vpc["VpcId"])["GroupId"]
every = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
ec2.revoke_security_group_egress(GroupId=shut, IpPermissions=every)
subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
hidden = ec2.create_subnet(VpcId=vpc["VpcId"], CidrBlock="172.31.200.0/24")["Subnet"]["SubnetId"]
address = ec2.allocate_address(Domain="vpc")["AllocationId"]
nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
table = ec2.create_route_table(VpcId=vpc["VpcId"])["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
ec2.associate_route_table(RouteTableId=table, SubnetId=hidden)
ec2.associate_vpc_cidr_block(VpcId=vpc["VpcId"], AmazonProvidedIpv6CidrBlock=True)
(given,) = ec2.describe_vpcs()["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
blocks = ipaddress.ip_network(given["Ipv6CidrBlock"]).subnets(new_prefix=64)
for one in (subnet, hidden):
    ec2.associate_subnet_cidr_block(SubnetId=one, Ipv6CidrBlock=str(next(blocks)))
(main,) = ec2.describe_route_tables(Filters=[{"Name": "association.main", "Values": ["true"]}])["RouteTables"]
gateway = ec2.describe_internet_gateways()["InternetGateways"][0]["InternetGatewayId"]
ec2.create_route(RouteTableId=main["RouteTableId"], DestinationIpv6CidrBlock="::/0", GatewayId=gateway)
table6 = ec2.create_route_table(VpcId=vpc["VpcId"])["RouteTable"]["RouteTableId"]
ec2.create_route(RouteTableId=table6, DestinationIpv6CidrBlock="64:ff9b::/96", NatGatewayId=nat)
six = ec2.create_subnet(VpcId=vpc["VpcId"], Ipv6CidrBlock=str(next(blocks)), Ipv6Native=True)["Subnet"]["SubnetId"]
ec2.associate_route_table(RouteTableId=table6, SubnetId=six)
ec2.modify_subnet_attribute(SubnetId=six, EnableDns64={"Value": True})
only = ec2.create_egress_only_internet_gateway(VpcId=vpc["VpcId"])["EgressOnlyInternetGateway"]
only = only["EgressOnlyInternetGatewayId"]
ec2.create_route(RouteTableId=table, DestinationIpv6CidrBlock="::/0", EgressOnlyInternetGatewayId=only)
def launch(subnet, group, public):
    own = {"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group]}
    if subnet != six:
        own["AssociatePublicIpAddress"] = public
    if public or subnet == hidden:
        own["Ipv6AddressCount"] = 1
    (one,) = ec2.run_instances(ImageId=image["ImageId"], InstanceType="c5.large", MinCount=1, MaxCount=1, NetworkInterfaces=[own])["Instances"]
    return one["InstanceId"]
group = group["GroupId"]
ids = {"public": launch(subnet, group, True), "private": launch(subnet, group, False),
       "behind": launch(hidden, group, False), "shut": launch(subnet, shut, True), "six": launch(six, group, False)}
waiter = ec2.get_waiter("instance_running")
waiter.wait(InstanceIds=list(ids.values()), WaiterConfig={"Delay": 0.1, "MaxAttempts": 1200})
print(json.dumps(ids))
"""


class Scratch:
    """The machine and its world, and servers in it.

    As "rootless" a server's user is no root, here and in no user namespace but its own.
    """

    def __init__(self, folder: Path, mode: str) -> None:
        self.folder, self.mode = folder, mode
        self.asked_names = folder / "asked"
        self.server: dict[str, Any] = {}
        self.services: list[subprocess.Popen[bytes]] = []
        self.machine = subprocess.Popen(["unshare", "--net", "sleep", "900"])
        self.world = subprocess.Popen(["unshare", "--net", "sleep", "900"])
        try:
            self.lay()
        except BaseException:
            self.close()
            raise
        self.network = self.network_now()

    def lay(self) -> None:
        """Join the two, and have a service in each."""
        wait_until(lambda: self._is_apart(self.world.pid, self.machine.pid, os.getpid()))
        self.run("sh", "-c", LAY, "sh", str(self.world.pid))
        subprocess.run([*self.enter(self.world), "sh", "-c", LAY_WORLD], check=True)
        self.run("sh", "-c", ROUTES)
        self.serve(self.machine, SERVICE, "machine")
        self.serve(self.world, SERVICE, "world")
        wait_until(lambda: "world" in self.asked(WORLD) and "machine" in self.asked(OWN))
        self.resolve()

    def _is_apart(self, pid: int, *others: int) -> bool:
        spaces = [os.readlink(f"/proc/{one}/ns/net") for one in (pid, *others)]
        return len(set(spaces)) == len(spaces)

    def enter(self, holder: "subprocess.Popen[bytes]") -> list[str]:
        return ["nsenter", f"--target={holder.pid}", "--net", "--"]

    def serve(self, holder: "subprocess.Popen[bytes]", program: str, *words: str) -> None:
        """Run a program of Python's in a namespace until the end."""
        self.services.append(subprocess.Popen([*self.enter(holder), sys.executable, "-c", program, *words]))

    def resolve(self) -> None:
        """Have a resolver in the world that the machine asks; `asked_names` is its log."""
        self.serve(self.world, SILENT)
        with self.asked_names.open("wb") as told:
            self.services.append(subprocess.Popen([*self.enter(self.world), *RESOLVER], stderr=told))
        (self.folder / "resolv.conf").write_text(f"nameserver {NEAR}\n")
        wait_until(lambda: "started" in self.asked_names.read_text())

    def run(self, *command: str, check: bool = True, **more: Any) -> "subprocess.CompletedProcess[str]":
        """Run a command on the machine."""
        return subprocess.run(
            [*self.enter(self.machine), *command],
            capture_output=True,
            text=True,
            timeout=90,
            check=check,
            **more,
        )

    def network_now(self) -> str:
        """The machine's addresses, routes, rules and listening sockets."""
        return self.run(
            "sh", "-c", "ip -4 -o addr; ip route; ip rule; ip -6 route; ip -6 rule; ss -Hltnu | sort"
        ).stdout

    def asked(self, address: str) -> str:
        """What the machine itself hears from a service."""
        return self.run("curl", "-sg", "--max-time", "5", f"{_host(address)}:8099", check=False).stdout

    def elastinet(self, verb: str, *words: str, check: bool = True, **variables: str) -> Any:
        """Run a verb of the command line there."""
        named = ["unshare", "--mount", "sh", "-c", NAMED, "sh", str(self.folder / "resolv.conf")]
        user = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"]
        apart = [*named, *(user if self.mode == "rootless" else ())]
        plain = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        environ = plain | {"XDG_RUNTIME_DIR": str(self.folder)} | variables
        where = ["--port", str(self.server["port"])] if self.server else []
        return self.run(*apart, ELASTINET, verb, *where, *words, check=check, env=environ)

    def start(self, *options: str, **variables: str) -> None:
        words = ("--port", "0", "--state", ":memory:", "--json", *options)
        told = self.elastinet("start", *words, **variables)
        self.server = json.loads(told.stdout)

    def stop(self) -> None:
        self.elastinet("stop")
        self.server = {}

    def region(self) -> SimpleNamespace:
        """Instances: `public`, `private`, `behind` a NAT gateway, one of IPv6 only with DNS64 (`six`).

        And a public one whose group lets nothing out (`shut`)."""
        told = self.run(sys.executable, "-c", REGION, self.server["url"]).stdout
        return SimpleNamespace(**json.loads(told))

    def inside(self, who: str, script: str) -> str:
        """What a script prints in an instance, or on internet."""
        done = shell(self.runtime / str(self.server["port"]), who, script)
        assert not done.stderr.startswith("elastinet"), done
        return str(done.stdout)

    @property
    def runtime(self) -> Path:
        """Where its servers have their sockets."""
        return runtime_folders() if self.mode == "root" else self.folder / "elastinet"

    def reaches(self, who: str, address: str, seconds: int = 10) -> bool:
        """True if somebody is answered by a service."""
        return "asked by" in self.inside(
            who, f"curl -sg --noproxy '*' --max-time {seconds} '{_host(address)}:8099'"
        )

    def reached(self, who: str, *addresses: str) -> set[str]:
        """Those of some addresses from which somebody is answered within a second, all asked at once."""
        asked = (
            f"curl -sg --noproxy '*' --max-time 1 '{_host(address)}:8099/from/{address}/' &"
            for address in addresses
        )
        said = self.inside(who, f"{' '.join(asked)} wait")
        return {address for address in addresses if f"/from/{address}/" in said}

    def status(self) -> Any:
        return json.loads(self.elastinet("status", "--json").stdout)

    def carriers(self) -> list[int]:
        """The processes that carry packets for the server."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                words = stat.read_text().rpartition(")")[2].split()
                name = (stat.parent / "cmdline").read_bytes()
                if words[1] == str(self.server["pid"]) and b"/slirp4netns\0" in name:
                    found.append(int(stat.parent.name))
        return found

    def carrier(self, other: int = 0) -> int:
        """The process that carries packets, once there is one, and another than this."""
        wait_until(lambda: self.carriers() not in ([], [other]))
        return self.carriers()[0]

    def close(self) -> None:
        if self.server:
            self.stop()
        for process in (*self.services, self.world, self.machine):
            process.kill()
            process.wait()


def _host(address: str) -> str:
    """An address as a URL has it."""
    return f"[{address}]" if ":" in address else address
