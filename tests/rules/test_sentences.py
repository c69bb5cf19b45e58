"""What blocks, in words: a sentence for every code names what it is about, and the commands are as typed."""

from types import SimpleNamespace

import pytest

from elastinet.catalog.protocols import TCP
from elastinet.rules.explaining.command import Command
from elastinet.rules.explaining.commands import COMMANDS, Commands
from elastinet.rules.explaining.sentences import SENTENCES, sentence
from elastinet.rules.ranges import of_block, only
from elastinet.rules.reachability.headers import Headers
from elastinet.rules.reachability.steps import blocker
from small_region import Region

HEADERS = Headers.of(4, TCP, source=of_block("10.0.1.5"), destination=of_block("10.1.1.5"), dport=only(443))


@pytest.fixture(scope="module")
def world() -> SimpleNamespace:
    """Two VPCs, an interface in each, and what a blocker may be about."""
    region = Region()
    vpcs = [region.vpc(f"10.{n}.0.0/16") for n in (0, 1)]
    subnets = [region.subnet(vpc, f"10.{n}.1.0/24") for n, vpc in enumerate(vpcs)]
    enis = [region.launch(subnet) for subnet in subnets]
    gateway = region.call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    acls = region.call("DescribeNetworkAcls", Filters=[{"Name": "vpc-id", "Values": [vpcs[0]]}])[
        "NetworkAcls"
    ]
    return SimpleNamespace(
        region=region, state=region.state, vpcs=vpcs, subnets=subnets, enis=enis, gateway=gateway,
        acl=acls[0]["NetworkAclId"], table=region.table(vpcs[0]),
    )  # fmt: skip


def about(world: SimpleNamespace, code: str) -> dict[str, str]:
    """Every role that a blocker with a code may have."""
    eni = world.enis[0]
    found = {
        "component": eni.id, "interface": eni.id, "groups": eni.groups[0], "direction": "ingress", "state": "stopped",
        "acl": world.acl, "subnet": world.subnets[0], "vpc": world.vpcs[0], "table": world.table, "field": "source",
        "gateway": world.gateway, "nat": "nat-1", "peering": "pcx-1", "route": "10.0.0.0/16",
    }  # fmt: skip
    if code == "DISCONNECTED_VPCS":
        return {"source": world.vpcs[0], "destination": world.vpcs[1]}
    return found | {"destination": "internet gateway" if code == "NO_PATH" else world.gateway}


NAMED = {
    "ENI_SG_RULES_MISMATCH": "groups",
    "SUBNET_ACL_RESTRICTION": "acl",
    "NO_ROUTE_TO_DESTINATION": "table",
    "BAD_STATE_ROUTE": "table",
    "NO_PATH": "vpc",
    "DISCONNECTED_VPCS": "source",
    "NGW_REQUIRES_SOURCE_IN_VPC": "nat",
    "PROTOCOL_RESTRICTION": "nat",
    "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR": "peering",
}
"""The role whose id a sentence has, where it is neither an interface nor a gateway."""


@pytest.mark.parametrize("code", sorted(SENTENCES))
def test_a_sentence_names_what_it_is_about(world: SimpleNamespace, code: str) -> None:
    given = about(world, code)
    told = sentence(world.state, blocker(code, **given), HEADERS)
    assert told.strip(". ") == told
    assert "''" not in told
    assert "  " not in told
    if code.startswith("FILTER_AT"):
        assert "asked for" in told
    else:
        role = NAMED.get(code, "gateway" if code.startswith("IGW_") else "component")
        assert given[role] in told


@pytest.mark.parametrize("code", sorted(COMMANDS))
def test_a_command_is_one_line_of_the_aws_cli_or_none(world: SimpleNamespace, code: str) -> None:
    command = Commands(world.state).of(blocker(code, **about(world, code)), HEADERS)
    if command is not None:
        assert command.text.startswith("aws ec2 ")
        assert "\n" not in command.text
        assert f"--region {command.region}" in command.text


def test_two_entries_of_one_list_have_two_numbers(world: SimpleNamespace) -> None:
    commands, entries = Commands(world.state), []
    for way in ("ingress", "ingress", "egress"):
        given = about(world, "SUBNET_ACL_RESTRICTION") | {"direction": way}
        command = commands.of(blocker("SUBNET_ACL_RESTRICTION", **given), HEADERS)
        assert command
        entries.append((command.params["Egress"], command.params["RuleNumber"]))
    assert len(set(entries)) == 3


def test_an_entry_goes_before_the_one_that_denies(world: SimpleNamespace) -> None:
    for number in (1, 2, 7):
        world.region.call(
            "CreateNetworkAclEntry", NetworkAclId=world.acl, Egress=True, RuleNumber=number, Protocol="-1",
            RuleAction="deny", CidrBlock={1: "10.9.0.0/16", 2: "10.8.0.0/16", 7: "10.1.0.0/16"}[number],
        )  # fmt: skip
    given = about(world, "SUBNET_ACL_RESTRICTION") | {"direction": "egress"}
    told = blocker("SUBNET_ACL_RESTRICTION", **given)
    command = Commands(world.state).of(told, HEADERS)
    assert command
    assert (command.operation, command.params["RuleNumber"]) == ("CreateNetworkAclEntry", 6)
    there = HEADERS.rewritten(destination=of_block("10.9.0.1"))
    command = Commands(world.state).of(told, there)
    assert command
    assert (command.operation, command.params["RuleNumber"]) == ("ReplaceNetworkAclEntry", 1)


def test_a_command_as_it_is_typed() -> None:
    permission = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
    given = {"GroupId": "sg-1", "IpPermissions": [permission]}
    assert Command("AuthorizeSecurityGroupIngress", given, "eu-west-1").text == (
        "aws ec2 authorize-security-group-ingress --group-id sg-1 --ip-permissions "
        "'IpProtocol=tcp,FromPort=1,ToPort=1,Ipv6Ranges=[{CidrIpv6=::/0}]' --region eu-west-1"
    )
    check = {"NetworkInterfaceId": "eni-1", "SourceDestCheck": {"Value": False}}
    assert " --no-source-dest-check " in Command("ModifyNetworkInterfaceAttribute", check, "r").text
    new = Command("AllocateAddress", {"Domain": "vpc"}, "r", "AllocationId")
    assert Command("AssociateAddress", {"AllocationId": new}, "r").text == (
        'aws ec2 associate-address --allocation-id "$(aws ec2 allocate-address --domain vpc --region r '
        '--query AllocationId --output text)" --region r'
    )
