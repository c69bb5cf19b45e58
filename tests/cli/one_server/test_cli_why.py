"""`elastinet why` against a server without a fabric: reasons, what opens them, and what is no question."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from blocks6 import numbered
from commands import Done, Run, refused
from forked import AWS, forked

KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
ROUNDS = 4
Break = Callable[[SimpleNamespace], None]


@pytest.fixture
def world(server: Any) -> SimpleNamespace:
    """Two instances, web and db, in two subnets; web has a public address, db's group lets port 5432 in."""
    ec2 = client(server["url"], "us-east-1")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24")["Subnet"]["SubnetId"] for n in (1, 2)]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = ec2.describe_route_tables(Filters=of(vpc))["RouteTables"][0]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    acl = ec2.describe_network_acls(Filters=of(vpc))["NetworkAcls"][0]["NetworkAclId"]
    made = SimpleNamespace(
        ec2=ec2, url=server["url"], vpc=vpc, gateway=gateway, table=table, acl=acl, subnets=subnets
    )
    made.groups = {name: group(made, name) for name in ("web", "db")}
    allow(ec2, made.groups["db"], 5432, "10.0.1.0/24")
    allow(ec2, made.groups["web"], 443, "0.0.0.0/0")
    made.ids, made.enis = {}, {}
    for name, subnet, public in (("web", subnets[0], True), ("db", subnets[1], False)):
        launch(made, name, subnet, public=public)
    return made


def client(url: str, region: str) -> Any:
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
    return boto3.client("ec2", endpoint_url=url, region_name=region, **key)


def of(vpc: str) -> list[dict[str, Any]]:
    return [{"Name": "vpc-id", "Values": [vpc]}]


def group(made: SimpleNamespace, name: str, vpc: str = "") -> str:
    return made.ec2.create_security_group(GroupName=name, Description="d", VpcId=vpc or made.vpc)["GroupId"]


def allow(ec2: Any, group: str, port: int, block: str) -> None:
    given = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": block}
    ec2.authorize_security_group_ingress(GroupId=group, **given)


def launch(made: SimpleNamespace, name: str, subnet: str, *, public: bool = False, group: str = "") -> None:
    (image, *_) = made.ec2.describe_images(
        Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
    )["Images"]
    spec = {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": public}
    spec["Groups"] = [group or made.groups[name]]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    given = {"ImageId": image["ImageId"], "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    (one,) = made.ec2.run_instances(**given, NetworkInterfaces=[spec], TagSpecifications=tags)["Instances"]
    made.ids[name], made.enis[name] = one["InstanceId"], one["NetworkInterfaces"][0]["NetworkInterfaceId"]
    made.ec2.get_waiter("instance_running").wait(
        InstanceIds=[one["InstanceId"]], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
    )


def why(run: Run, *words: str) -> Done:
    return run("why", *words, "--state", "state")


def answer(run: Run, *words: str) -> Any:
    done = why(run, *words, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == (0 if found["reachable"] else 1), done
    return found


def test_the_way_there_and_back_with_the_rule_of_each_hop(run: Run, world: SimpleNamespace) -> None:
    found = answer(run, "web", "db", "--port", "5432")
    assert found["reachable"]
    assert found["blockers"] == found["commands"] == found["warnings"] == []
    kinds = [hop["kind"] for hop in found["there"]]
    assert kinds == ["interface", "group", "acl", "table", "acl", "group", "interface"]
    words = " / ".join(hop["by"] for hop in found["there"])
    assert "TCP port 5432 from 10.0.1.0/24" in words
    assert "entry 100 allows everything" in words
    assert "route 10.0.0.0/16 to local" in words
    assert "tracked" in " ".join(hop["by"] for hop in found["back"])
    shown = why(run, "web", "db", "--port", "5432")
    assert shown.returncode == 0
    first, *rest = shown.stdout.splitlines()
    assert first == found["sentence"]
    assert len(rest) == 2 + len(found["there"]) + len(found["back"])


def entry(
    made: SimpleNamespace, *, egress: bool, low: int, high: int, block: str = "0.0.0.0/0", protocol: str = "6"
) -> None:
    given = {"Protocol": protocol, "CidrBlock": block, "PortRange": {"From": low, "To": high}}
    given |= {"RuleAction": "deny", "RuleNumber": 50, "Egress": egress}
    made.ec2.create_network_acl_entry(NetworkAclId=made.acl, **given)


def no_rule_in(made: SimpleNamespace) -> None:
    given = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.1.0/24"}
    made.ec2.revoke_security_group_ingress(GroupId=made.groups["db"], **given)


def no_rule_out(made: SimpleNamespace) -> None:
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    made.ec2.revoke_security_group_egress(GroupId=made.groups["web"], IpPermissions=[everything])


def denied_in(made: SimpleNamespace) -> None:
    entry(made, egress=False, low=5432, high=5432)


def denied_answers(made: SimpleNamespace) -> None:
    entry(made, egress=True, low=0, high=65535, block="10.0.1.0/24")


def stopped(made: SimpleNamespace) -> None:
    made.ec2.stop_instances(InstanceIds=[made.ids["db"]])
    made.ec2.get_waiter("instance_stopped").wait(InstanceIds=[made.ids["db"]], WaiterConfig={"Delay": 0.1})


def no_route(made: SimpleNamespace) -> None:
    made.ec2.delete_route(RouteTableId=made.table, DestinationCidrBlock="0.0.0.0/0")


BROKEN = [
    (no_rule_in, ("web", "db", "--port", "5432"), "ENI_SG_RULES_MISMATCH"),
    (no_rule_out, ("web", "db", "--port", "5432"), "ENI_SG_RULES_MISMATCH"),
    (denied_in, ("web", "db", "--port", "5432"), "SUBNET_ACL_RESTRICTION"),
    (denied_answers, ("web", "db", "--port", "5432"), "SUBNET_ACL_RESTRICTION"),
    (stopped, ("web", "db", "--port", "5432"), "BAD_STATE"),
    (no_route, ("web", "internet", "--port", "443"), "NO_ROUTE_TO_DESTINATION"),
    (no_route, ("web", "--from", "internet", "--port", "443"), "NO_ROUTE_TO_DESTINATION"),
    (lambda _: None, ("db", "internet", "--port", "443"), "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS"),
    (
        lambda _: None,
        ("db", "--from", "internet", "--port", "5432"),
        "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS",
    ),
]


@pytest.mark.parametrize(("broken", "asked", "code"), BROKEN, ids=lambda one: getattr(one, "__name__", None))
def test_the_commands_that_are_printed_open_it(
    run: Run, world: SimpleNamespace, broken: Break, asked: tuple[str, ...], code: str
) -> None:
    broken(world)
    found = answer(run, *asked)
    assert code in [one["code"] for one in found["blockers"]]
    assert found["blockers"][0]["sentence"] in found["sentence"]
    for _ in range(ROUNDS):
        lines = why(run, *asked).stdout.splitlines()
        printed = [line.strip() for line in lines if line.startswith("      aws ec2 ")]
        assert printed == found["commands"] != []
        for command in printed:
            typed(world, command)
        found = answer(run, *asked)
        if found["reachable"]:
            break
    assert found["reachable"], found["sentence"]


def typed(world: SimpleNamespace, command: str) -> None:
    """Run a command as a user does who has copied it from the terminal."""
    environ = os.environ | KEYS | {"AWS_ENDPOINT_URL": world.url}
    program, *words = shlex.split(command)
    assert program == "aws"
    if "$(" in command:
        path = {"PATH": f"{Path(AWS).parent}:{environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", command], env=environ | path, capture_output=True, text=True, check=False
        )
    else:
        done = forked("aws").run(words, environ)
    assert done.returncode == 0, (command, done.stderr)


def test_what_is_no_question(run: Run, world: SimpleNamespace) -> None:
    launch(world, "db", world.subnets[1])
    for words, part in (
        (("web", "nobody"), "no instance, interface or gateway 'nobody'"),
        (("web", "web"), "source and target are one"),
        (("web", world.enis["web"]), "source and target are one"),
        (("web", "db"), "'db' is ambiguous"),
        (("web", "10.0.9.9"), "no interface has the address 10.0.9.9"),
        (("web",), "two ends are needed"),
        (("web", "internet", "db"), "two ends are needed"),
        (("internet", world.gateway), "source and target are one"),
        (("web", "nat-1"), "a NAT gateway: it is on the way"),
        (("web", "internet", "--port", "70000"), "a port is a number from 0 to 65535"),
        (("web", "internet", "--icmp", "--port", "1"), "ICMP has no ports"),
        (("web", "internet", "--tcp", "--udp"), "one of them"),
        (("web", "10.0.1.77", "--ipv6"), "no interface has the address"),
    ):
        refused(why(run, *words), 2, part)
    assert world.ids["db"] in why(run, "web", "db").stderr  # the candidates are told


def test_ends_by_every_name_that_they_have(run: Run, world: SimpleNamespace) -> None:
    (one,) = world.ec2.describe_network_interfaces(NetworkInterfaceIds=[world.enis["web"]])[
        "NetworkInterfaces"
    ]
    public, private = one["Association"]["PublicIp"], one["PrivateIpAddress"]
    for name in ("web", world.ids["web"], world.enis["web"], private):
        assert answer(run, name, "db", "--port", "5432")["reachable"], name
    for source in ("internet", world.gateway, "8.8.8.8"):
        found = answer(run, source, public, "--port", "443")
        assert found["reachable"], found["sentence"]
    assert answer(run, "8.8.8.8", public, "--port", "443")["packet"]["source"] == "8.8.8.8"


def test_only_some_ports_get_an_answer(run: Run, world: SimpleNamespace) -> None:
    entry(world, egress=True, low=5000, high=40000)
    found = answer(run, "db", "web", "--port", "443")
    assert found["reachable"]
    assert "ports 32768 to 40000" in found["warnings"][0]
    assert "warning: some of the ports" in why(run, "db", "web", "--port", "443").stdout


def test_an_appliance_must_forward(run: Run, world: SimpleNamespace) -> None:
    middle = world.ec2.create_subnet(VpcId=world.vpc, CidrBlock="10.0.3.0/24")["Subnet"]["SubnetId"]
    world.groups["box"] = group(world, "box")
    launch(world, "box", middle)
    box = {"NetworkInterfaceId": world.enis["box"]}
    table = world.ec2.create_route_table(VpcId=world.vpc)["RouteTable"]["RouteTableId"]
    world.ec2.associate_route_table(RouteTableId=table, SubnetId=world.subnets[0])
    world.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.0.2.0/24", **box)
    found = answer(run, "web", "db", "--port", "5432")
    assert "ENI_SOURCE_DEST_CHECK_RESTRICTION" in [one["code"] for one in found["blockers"]]
    for command in found["commands"]:
        typed(world, command)
    found = answer(run, "web", "db", "--port", "5432")
    assert found["reachable"]
    assert f"{world.ids['box']} (box) at {world.enis['box']}, which must forward" in found["warnings"][0]


def test_by_public_addresses_inside(run: Run, world: SimpleNamespace) -> None:
    world.groups["far"] = group(world, "far")
    launch(world, "far", world.subnets[1], public=True)
    allow(world.ec2, world.groups["far"], 22, "0.0.0.0/0")
    (one,) = world.ec2.describe_instances(InstanceIds=[world.ids["far"]])["Reservations"][0]["Instances"]
    found = answer(run, "web", one["PublicIpAddress"], "--port", "22")
    assert found["reachable"]
    assert "IGW_NAT_REFLECTION" in found["warnings"][0]


def test_udp_goes_one_way_and_says_if_no_answer_comes_back(run: Run, world: SimpleNamespace) -> None:
    rule = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53, "CidrIp": "0.0.0.0/0"}
    world.ec2.authorize_security_group_ingress(GroupId=world.groups["db"], **rule)
    assert answer(run, "web", "db", "--udp", "--port", "53")["warnings"] == []
    entry(world, egress=False, low=0, high=65535, block="10.0.2.0/24", protocol="17")
    found = answer(run, "web", "db", "--udp", "--port", "53")
    assert found["reachable"]
    (warning,) = found["warnings"]
    assert warning.startswith("answers would not come back: entry 50 denies UDP from 10.0.2.0/24")


def test_all_protocols_at_once(run: Run, world: SimpleNamespace) -> None:
    done = why(run, "web", "db", "--all")
    assert done.returncode == 0
    tcp, udp, icmp = done.stdout.splitlines()
    assert "reaches" in tcp
    assert "port 5432 gets through" in tcp
    assert "does not reach" in udp
    assert "ICMP echo requests" in icmp
    refused(why(run, "web", "db", "--all", "--port", "1"), 2, "leave it out")


def test_probes_without_packets_say_so(run: Run, world: SimpleNamespace) -> None:
    done = why(run, "web", "db", "--port", "5432", "--probe")
    assert done.returncode == 0
    assert done.stdout.splitlines()[-1] == (
        "analysis: reachable   packets: not sent (this server carries no packets (fabric none))"
    )


def test_names_of_others_steer_no_terminal(run: Run, world: SimpleNamespace) -> None:
    tag = {"Key": "Name", "Value": "[red]x[/]\x1b[2J"}
    world.ec2.create_tags(Resources=[world.ids["web"]], Tags=[tag])
    shown = why(run, world.ids["web"], "db", "--port", "5432").stdout
    assert "\x1b" not in shown
    assert "[red]x[/]\\x1b[2J" in shown


def test_ipv6_by_its_own_addresses_and_rules(run: Run, world: SimpleNamespace) -> None:
    world.ec2.associate_vpc_cidr_block(VpcId=world.vpc, AmazonProvidedIpv6CidrBlock=True)
    (vpc,) = world.ec2.describe_vpcs(VpcIds=[world.vpc])["Vpcs"]
    block = vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    for number, subnet in enumerate(world.subnets):
        world.ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=numbered(block, number))
    asked = ("web", "db", "--port", "5432", "--ipv6")
    for _ in range(ROUNDS):
        found = answer(run, *asked)
        if found["reachable"]:
            break
        assert found["commands"], found["sentence"]
        for command in found["commands"]:
            typed(world, command)
    assert found["reachable"]
    assert found["packet"]["version"] == 6
    assert ":" in found["packet"]["source"]


# --- dumps ----------------------------------------------------------------------------------------

DESCRIBED = ("vpcs", "subnets", "instances", "network_interfaces", "route_tables", "network_acls", "addresses",
             "security_groups", "security_group_rules", "internet_gateways")  # fmt: skip


def test_a_dump_is_asked_without_a_server(run: Run, world: SimpleNamespace, tmp_path: Path) -> None:
    """What the API shows, in files, has the same answer as the server, there and back."""
    folder = tmp_path / "dump"
    folder.mkdir()
    for kind in DESCRIBED:
        shown = getattr(world.ec2, f"describe_{kind}")()
        (folder / f"{kind}.json").write_text(json.dumps(shown, default=str))
    for port, code in (("5432", 0), ("22", 1)):
        asked = ("why", "web", "db", "--port", port, "--json")
        here, there = run(*asked, "--state", "state"), run(*asked, "--dump", str(folder))
        assert (here.returncode, there.returncode) == (code, code)
        assert json.loads(there.stdout) == json.loads(here.stdout)
    refused(run("why", "web", "nobody", "--dump", str(folder)), 2, "there is no instance")
    refused(run("why", "web", "db", "--dump", str(tmp_path / "none")), 2, "no such folder")
    refused(run("why", "web", "db", "--probe", "--dump", str(folder)), 2, "--dump asks files")
