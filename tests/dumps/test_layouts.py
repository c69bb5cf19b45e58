"""A small account in each of the layouts that people have: the same VPC, and what each layout cannot tell."""

import json
from pathlib import Path
from typing import Any

import pytest

from elastinet.dumps.account import Dump, account
from elastinet.model.foreign import Foreign
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.reachability.question import Answer, Question, ask
from elastinet.rules.reachability.walk import INTERNET

OWNER, OTHER, REGION = "111122223333", "444455556666", "eu-west-1"
EVERYWHERE = [{"CidrIp": "0.0.0.0/0"}]


def interface(number: int, subnet: str, group: str, **more: Any) -> dict[str, Any]:
    return {
        "NetworkInterfaceId": f"eni-{number}",
        "SubnetId": subnet,
        "MacAddress": f"02:00:00:00:00:0{number}",
        "Groups": [{"GroupId": group}],
        "PrivateIpAddresses": [{"PrivateIpAddress": f"10.0.{number}.10", "Primary": True}],
        "Attachment": {"AttachmentId": f"eni-attach-{number}", "DeviceIndex": 0, "Status": "attached"},
        **more,
    }


def instance(number: int, state: str = "running") -> dict[str, Any]:
    inside = interface(number, f"subnet-{number}", "sg-1")
    return {
        "InstanceId": f"i-{number}",
        "InstanceType": "t3.micro",
        "State": {"Name": state},
        "LaunchTime": "2024-02-03T04:05:06.000Z",
        "NetworkInterfaces": [inside],
    }


def lists() -> dict[str, list[dict[str, Any]]]:
    """A VPC of two subnets, with an instance in each; the second one's table leads to a transit gateway."""
    subnet = {"VpcId": "vpc-1", "AvailabilityZone": f"{REGION}a"}
    local = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "Origin": "CreateRouteTable"}
    out = {"DestinationCidrBlock": "0.0.0.0/0", "State": "active", "Origin": "CreateRoute"}
    return {
        "Vpcs": [{"VpcId": "vpc-1", "CidrBlock": "10.0.0.0/16", "OwnerId": OWNER}],
        "Subnets": [{"SubnetId": f"subnet-{n}", "CidrBlock": f"10.0.{n}.0/24", **subnet} for n in (1, 2)],
        "InternetGateways": [{"InternetGatewayId": "igw-1", "Attachments": [{"VpcId": "vpc-1"}]}],
        "NatGateways": [],
        "Addresses": [],
        "VpcPeeringConnections": [],
        "NetworkInterfaces": [],
        "RouteTables": [
            {"RouteTableId": "rtb-1", "VpcId": "vpc-1", "Routes": [local, out | {"GatewayId": "igw-1"}],
             "Associations": [{"Main": True, "RouteTableAssociationId": "rtbassoc-1"}]},
            {"RouteTableId": "rtb-2", "VpcId": "vpc-1", "Routes": [local, out | {"TransitGatewayId": "tgw-1"}],
             "Associations": [{"SubnetId": "subnet-2", "RouteTableAssociationId": "rtbassoc-2"}]},
        ],
        "NetworkAcls": [
            {"NetworkAclId": "acl-1", "VpcId": "vpc-1", "IsDefault": True,
             "Associations": [{"NetworkAclAssociationId": f"aclassoc-{n}", "SubnetId": f"subnet-{n}"} for n in (1, 2)],
             "Entries": [{"RuleNumber": 100, "Egress": egress, "Protocol": "-1", "RuleAction": "allow",
                          "CidrBlock": "0.0.0.0/0"} for egress in (True, False)]},
        ],
        "SecurityGroups": [
            {"GroupId": "sg-1", "GroupName": "one", "VpcId": "vpc-1", "Description": "-",
             "IpPermissions": [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": EVERYWHERE}],
             "IpPermissionsEgress": [{"IpProtocol": "-1", "IpRanges": EVERYWHERE}]},
        ],
        "Reservations": [{"ReservationId": "r-1", "OwnerId": OWNER, "Instances": [instance(1), instance(2)]}],
    }  # fmt: skip


def write(folder: Path, found: dict[str, Any], name: str = "{}.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for key, items in found.items():
        (folder / name.format(key)).write_text(json.dumps({key: items}))
    return folder


def said(dump: Dump) -> str:
    return "\n".join(map(str, dump.findings))


def why(dump: Dump, one: str, other: str) -> Answer:
    port = {"dport": ((22, 22),)}
    return ask(dump.state, Question(frozenset({one}), frozenset({other}), fields=port))


def codes(answer: Answer) -> list[tuple[str, str]]:
    return [(one.code, one.get("component")) for one in answer.blockers]


@pytest.mark.parametrize(
    ("under", "name"),
    [
        (f"aws_configs/accounts/{OWNER}/{REGION}", "{}.json"),
        (f"account-data/prod/{REGION}", "ec2-describe-{}.json"),
        ("", "what-{}-ever.json"),
    ],
    ids=["batfish", "cloudmapper", "plain"],
)
def test_each_layout_is_the_same_account(under: str, name: str, tmp_path: Path) -> None:
    write(tmp_path / under, lists(), name)
    found = account(tmp_path)
    assert not found.findings
    assert {vpc.scope for vpc in found.state.all(Vpc)} == {(OWNER, REGION)}
    assert {table.scope for table in found.state.all(RouteTable)} == {(OWNER, REGION)}
    assert [one.own_addresses for one in found.state.all(NetworkInterface)] == [
        ("10.0.1.10",),
        ("10.0.2.10",),
    ]
    assert why(found, "eni-1", "eni-2").reachable


def test_all_lists_may_be_in_one_file_and_in_pages(tmp_path: Path) -> None:
    pages = [{key: items[:1]} for key, items in lists().items()] + [{k: v[1:]} for k, v in lists().items()]
    (tmp_path / "all.json").write_text(json.dumps(pages))
    found = account(tmp_path / "all.json")
    assert not found.findings
    assert why(found, "eni-1", "eni-2").reachable


def test_what_powershell_writes_is_read(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_bytes(json.dumps(lists()).encode("utf-16"))
    assert why(account(tmp_path), "eni-1", "eni-2").reachable


def test_a_route_to_what_has_no_noun_ends_there_by_name(tmp_path: Path) -> None:
    found = account(write(tmp_path, lists()))
    assert [(one.id, one.kind, one.lacking) for one in found.foreign] == [("tgw-1", "transit-gateway", False)]
    assert codes(why(found, "eni-2", INTERNET)) == [("UNSUPPORTED_COMPONENT", "tgw-1")]


def test_a_route_to_another_vpc_by_a_transit_gateway_ends_there_by_name(tmp_path: Path) -> None:
    made = lists()
    made["Vpcs"].append(
        {"VpcId": "vpc-2", "CidrBlock": "10.0.0.0/16", "OwnerId": OWNER} | {"CidrBlock": "10.9.0.0/16"}
    )
    made["Subnets"].append({"SubnetId": "subnet-9", "VpcId": "vpc-2", "CidrBlock": "10.9.9.0/24"})
    far = interface(9, "subnet-9", "sg-1")
    far["PrivateIpAddresses"][0]["PrivateIpAddress"] = "10.9.9.10"
    made["Reservations"][0]["Instances"].append(instance(9) | {"NetworkInterfaces": [far]})
    found = account(write(tmp_path, made))
    there = why(found, "eni-2", "eni-9")
    assert ("UNSUPPORTED_COMPONENT", "tgw-1") in codes(there)
    assert not there.reachable
    assert there.there
    assert there.there.steps[-1].hop.id == "eni-9"


def test_a_target_that_the_dump_lacks_is_unknown_and_a_black_hole_is_one(tmp_path: Path) -> None:
    made = lists()
    routes = made["RouteTables"][1]["Routes"]
    routes[1] = {"DestinationCidrBlock": "0.0.0.0/0", "NatGatewayId": "nat-1", "State": "active"}
    found = account(write(tmp_path / "one", made))
    assert "nat-1, which rtb-2 refers to, is not in the dump" in said(found)
    assert codes(why(found, "eni-2", INTERNET)) == [("UNKNOWN_RESOURCE", "nat-1")]
    routes[1]["State"] = "blackhole"
    found = account(write(tmp_path / "two", made))
    assert found.foreign == ()
    assert "UNKNOWN_RESOURCE" not in dict(codes(why(found, "eni-2", INTERNET)))


def test_a_load_balancers_interface_is_known_by_its_name(tmp_path: Path) -> None:
    made = lists()
    made["NetworkInterfaces"] = [
        interface(5, "subnet-1", "sg-1", Description="ELB app/front/0123", RequesterManaged=True)
    ]
    found = account(write(tmp_path, made))
    assert found.state.get(Foreign, "app/front/0123")
    assert codes(why(found, "eni-1", "eni-5")) == [("UNSUPPORTED_COMPONENT", "app/front/0123")]


def test_an_instance_that_lacks_is_unknown(tmp_path: Path) -> None:
    made = lists()
    inside = made["Reservations"][0]["Instances"].pop()["NetworkInterfaces"][0]
    inside["Attachment"]["InstanceId"] = "i-2"
    made["NetworkInterfaces"] = [inside]
    found = account(write(tmp_path, made))
    assert "i-2 have interfaces and are not in the dump" in said(found)
    assert codes(why(found, "eni-1", "eni-2")) == [("UNKNOWN_RESOURCE", "i-2")]


def test_a_group_that_lacks_has_no_rules_and_the_answer_says_so(tmp_path: Path) -> None:
    made = lists()
    made["Reservations"][0]["Instances"][1]["NetworkInterfaces"][0]["Groups"] = [{"GroupId": "sg-9"}]
    found = account(write(tmp_path, made))
    assert "sg-9, which eni-2 refers to, is not in the dump: taken as one without rules" in said(found)
    assert ("UNKNOWN_RESOURCE", "sg-9") in codes(why(found, "eni-1", "eni-2"))


def test_lists_that_lack_are_taken_as_a_new_vpcs_and_said(tmp_path: Path) -> None:
    made = lists()
    del made["NetworkAcls"], made["RouteTables"], made["Addresses"]
    found = account(write(tmp_path, made))
    assert "no network ACL of subnet-1, subnet-2 is in the dump" in said(found)
    assert "the main route table of vpc-1 is not in the dump" in said(found)
    assert "no list of Addresses is in the dump" in said(found)
    assert why(found, "eni-1", "eni-2").reachable


def test_missing_pages_are_said(tmp_path: Path) -> None:
    write(tmp_path, lists())
    (tmp_path / "Vpcs.json").write_text(json.dumps({"Vpcs": lists()["Vpcs"], "NextToken": "more"}))
    assert "Vpcs.json: pages are missing" in said(account(tmp_path))


def peering(status: str = "active", far: str = "10.9.0.0/16") -> list[dict[str, Any]]:
    return [{
        "VpcPeeringConnectionId": "pcx-1",
        "RequesterVpcInfo": {"VpcId": "vpc-1", "OwnerId": OWNER, "CidrBlock": "10.0.0.0/16", "Region": REGION},
        "AccepterVpcInfo": {"VpcId": "vpc-2", "OwnerId": OTHER, "CidrBlock": far, "Region": REGION},
        "Status": {"Code": status, "Message": ""},
    }]  # fmt: skip


def two_accounts(folder: Path, mine: list[dict[str, Any]], theirs: list[dict[str, Any]]) -> Dump:
    made = lists() | {"VpcPeeringConnections": mine}
    write(folder / OWNER / REGION, made)
    other = {"Vpcs": [{"VpcId": "vpc-2", "CidrBlock": "10.9.0.0/16", "OwnerId": OTHER}]}
    write(folder / OTHER / REGION, other | {"VpcPeeringConnections": theirs})
    return account(folder)


def test_a_peering_that_two_accounts_show_is_one_with_the_tags_of_both(tmp_path: Path) -> None:
    tags = [[{"Key": "of", "Value": whose}] for whose in ("mine", "theirs")]
    shown = [[peering()[0] | {"Tags": one}] for one in tags]
    found = two_accounts(tmp_path, *shown)
    (one,) = found.state.all(Peering)
    assert (one.tags, one.accepter_tags) == ((("of", "mine"),), (("of", "theirs"),))
    assert "pcx-1" not in said(found)


@pytest.mark.parametrize("theirs", [peering("deleted"), peering(far="10.8.0.0/16")], ids=["status", "blocks"])
def test_two_accounts_that_disagree_on_a_peering_are_said(
    theirs: list[dict[str, Any]], tmp_path: Path
) -> None:
    found = two_accounts(tmp_path, peering(), theirs)
    assert "pcx-1 is otherwise in" in said(found)
    assert [one.status == "active" for one in found.state.all(Peering)] == [False]


def test_an_item_that_two_files_show_otherwise_is_said(tmp_path: Path) -> None:
    write(tmp_path, lists())
    other = [{"VpcId": "vpc-1", "CidrBlock": "10.5.0.0/16", "OwnerId": OWNER}]
    (tmp_path / "z.json").write_text(json.dumps({"Vpcs": other}))
    found = account(tmp_path)
    assert (
        "z.json: vpc-1 is otherwise in Vpcs.json (cidrs, cidr_associations): the first one is taken"
        in said(found)
    )
    assert found.state.need(Vpc, "vpc-1").cidrs == ("10.0.0.0/16",)


def test_an_elastic_ip_of_which_only_the_interface_tells_is_known(tmp_path: Path) -> None:
    made = lists()
    inside = made["Reservations"][0]["Instances"][0]["NetworkInterfaces"][0]
    public = {"PublicIp": "203.0.113.7", "AllocationId": "eipalloc-1", "AssociationId": "eipassoc-1"}
    inside["PrivateIpAddresses"][0]["Association"] = public
    found = account(write(tmp_path, made))
    assert found.state.need(Address, "eipalloc-1").interface_id == "eni-1"
    assert "eipalloc-1 is in no list of addresses" in said(found)
    assert why(found, INTERNET, "eni-1").reachable


def test_a_terraform_state_is_the_same_account(tmp_path: Path) -> None:
    arn = f"arn:aws:ec2:{REGION}:{OWNER}:vpc/vpc-1"
    rule = {"from_port": 22, "to_port": 22, "protocol": "tcp", "cidr_blocks": ["0.0.0.0/0"], "self": False}
    made: list[tuple[str, dict[str, Any]]] = [
        ("aws_vpc", {"id": "vpc-1", "cidr_block": "10.0.0.0/16", "arn": arn, "owner_id": OWNER,
                     "main_route_table_id": "rtb-0", "tags": {"Name": "one"}}),
        *(("aws_subnet", {"id": f"subnet-{n}", "vpc_id": "vpc-1", "cidr_block": f"10.0.{n}.0/24",
                          "availability_zone": f"{REGION}a"}) for n in (1, 2)),
        ("aws_internet_gateway", {"id": "igw-1", "vpc_id": "vpc-1"}),
        ("aws_route_table", {"id": "rtb-1", "vpc_id": "vpc-1", "route": []}),
        ("aws_route", {"id": "r-1", "route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0",
                       "gateway_id": "igw-1"}),
        ("aws_route_table_association", {"id": "rtbassoc-1", "route_table_id": "rtb-1", "subnet_id": "subnet-1"}),
        ("aws_security_group", {"id": "sg-1", "name": "one", "vpc_id": "vpc-1", "ingress": [rule], "egress": []}),
        ("aws_security_group_rule", {"id": "sgrule-1", "security_group_id": "sg-1", "type": "ingress"} | rule),
        ("aws_vpc_security_group_egress_rule", {"id": "sgr-1", "security_group_id": "sg-1", "ip_protocol": "-1",
                                                "cidr_ipv4": "0.0.0.0/0"}),
        *(("aws_instance", {"id": f"i-{n}", "instance_type": "t3.micro", "instance_state": "running",
                            "subnet_id": f"subnet-{n}", "private_ip": f"10.0.{n}.10",
                            "primary_network_interface_id": f"eni-{n}", "vpc_security_group_ids": ["sg-1"]})
          for n in (1, 2)),
        ("aws_eip", {"id": "eipalloc-1", "public_ip": "203.0.113.7", "network_interface": "eni-1",
                     "association_id": "eipassoc-1", "private_ip": "10.0.1.10"}),
    ]  # fmt: skip
    resources = [{"mode": "managed", "type": kind, "instances": [{"attributes": a}]} for kind, a in made]
    (tmp_path / "terraform.tfstate").write_text(json.dumps({"version": 4, "resources": resources}))
    found = account(tmp_path)
    assert {subnet.scope for subnet in found.state.all(Subnet)} == {(OWNER, REGION)}
    assert found.state.need(Vpc, "vpc-1").name == "one"
    assert len(list(found.state.all(SecurityGroupRule))) == 2
    assert [one.state for one in found.state.all(Instance)] == ["running", "running"]
    assert "a Terraform state: what Terraform has not made is not in it" in said(found)
    assert "the MAC address of eni-1 is not in the dump" in said(found)
    assert why(found, "eni-1", "eni-2").reachable
    assert why(found, INTERNET, "eni-1").reachable
    shown = {"terraform_version": "1.9.0", "values": {"root_module": {"child_modules": [
        {"resources": [{"mode": "managed", "type": kind, "values": a} for kind, a in made]}]}}}  # fmt: skip
    (tmp_path / "terraform.tfstate").write_text(json.dumps(shown))
    assert account(tmp_path).state == found.state


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        ("m5.3xlarge", "m5.4xlarge"),
        ("m5.huge", "m5.metal"),
        ("t3.pico", "t3.2xlarge"),
        ("r99.large", "m5.large"),
        ("", "m5.large"),
    ],
)
def test_an_unknown_type_is_taken_as_the_nearest_of_its_family(
    asked: str, taken: str, tmp_path: Path
) -> None:
    made = lists()
    made["Reservations"][0]["Instances"][0]["InstanceType"] = asked
    found = account(write(tmp_path, made))
    assert found.state.need(Instance, "i-1").instance_type == taken
    assert f"i-1 is taken as a {taken}" in said(found)
