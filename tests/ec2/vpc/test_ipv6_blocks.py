"""The IPv6 blocks of VPCs and subnets, and what comes with them."""

import ipaddress

import pytest

from blocks6 import numbered
from dual_stack import default_acl, default_group, describe, dual_stack_vpc, first_subnet_block
from refused import refused

OF_IPV6 = {
    "AssignIpv6AddressOnCreation": "assign-ipv6-address-on-creation",
    "EnableDns64": "enable-dns64",
    "EnableResourceNameDnsAAAARecordOnLaunch": "enable-resource-name-dns-aaaa-record-on-launch",
}


@pytest.fixture
def vpc(ec2):
    return dual_stack_vpc(ec2)


def associations(ec2, vpc, state="associated"):
    found = describe(ec2, "vpcs", vpc)["Ipv6CidrBlockAssociationSet"]
    return [one for one in found if one["Ipv6CidrBlockState"]["State"] == state]


def local6(ec2, vpc):
    tables = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["RouteTables"]
    return [
        [r["DestinationIpv6CidrBlock"] for r in t["Routes"] if "DestinationIpv6CidrBlock" in r]
        for t in tables
    ]


def test_create_with_a_block(ec2):
    made = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]
    (coming,) = made["Ipv6CidrBlockAssociationSet"]
    assert coming["Ipv6CidrBlockState"] == {"State": "associating"}
    (shown,) = associations(ec2, made["VpcId"])
    block = ipaddress.IPv6Network(shown["Ipv6CidrBlock"])
    assert block.prefixlen == 56
    assert block.subnet_of(ipaddress.IPv6Network("2001:db8::/32"))
    assert shown == {
        "AssociationId": shown["AssociationId"],
        "Ipv6CidrBlock": str(block),
        "Ipv6CidrBlockState": {"State": "associated"},
        "NetworkBorderGroup": "us-east-1",
        "Ipv6Pool": "Amazon",
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }
    assert shown["AssociationId"].startswith("vpc-cidr-assoc-")
    assert local6(ec2, made["VpcId"]) == [[str(block)]]


def test_each_region_has_a_range_of_its_own(server):
    def block(region):
        ec2 = server.client(region=region)
        return ipaddress.IPv6Network(dual_stack_vpc(ec2, shown=True)).supernet(new_prefix=40)

    assert len({block(region) for region in ("us-east-1", "us-west-2", "eu-west-1")}) == 3
    assert block("us-east-1") == block("us-east-1")


def test_filters(ec2, vpc):
    (shown,) = associations(ec2, vpc)
    for name, value in (
        ("ipv6-cidr-block-association.ipv6-cidr-block", shown["Ipv6CidrBlock"]),
        ("ipv6-cidr-block-association.association-id", shown["AssociationId"]),
        ("ipv6-cidr-block-association.state", "associated"),
        ("ipv6-cidr-block-association.ipv6-pool", "Amazon"),
    ):
        found = ec2.describe_vpcs(Filters=[{"Name": name, "Values": [value]}])["Vpcs"]
        assert [v["VpcId"] for v in found] == [vpc], name


def test_what_comes_with_it(ec2, vpc):
    entries = default_acl(ec2, vpc)["Entries"]
    numbers = [(e["Egress"], e["RuleNumber"], e.get("Ipv6CidrBlock"), e["RuleAction"]) for e in entries]
    assert [one for one in numbers if one[2]] == [
        (True, 101, "::/0", "allow"),
        (True, 32768, "::/0", "deny"),
        (False, 101, "::/0", "allow"),
        (False, 32768, "::/0", "deny"),
    ]
    (egress,) = default_group(ec2, vpc)["IpPermissionsEgress"]
    assert [r["CidrIpv6"] for r in egress["Ipv6Ranges"]] == ["::/0"]
    id = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    (egress,) = describe(ec2, "security_groups", id)["IpPermissionsEgress"]
    assert [r["CidrIpv6"] for r in egress["Ipv6Ranges"]] == ["::/0"]


def test_associate_later(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_route_table(VpcId=vpc)
    assert not any("Ipv6CidrBlock" in e for e in default_acl(ec2, vpc)["Entries"])
    answer = ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    made = answer["Ipv6CidrBlockAssociation"]
    assert made["Ipv6CidrBlockState"]["State"] == "associating"
    assert "CidrBlockAssociation" not in answer
    assert local6(ec2, vpc) == [[made["Ipv6CidrBlock"]]] * 2
    added = [e["RuleNumber"] for e in default_acl(ec2, vpc)["Entries"] if "Ipv6CidrBlock" in e]
    assert added == [101, 32768, 101, 32768]
    assert len(default_group(ec2, vpc)["IpPermissionsEgress"][0]["Ipv6Ranges"]) == 1
    another = ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    assert another["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"] != made["Ipv6CidrBlock"]
    assert len(default_acl(ec2, vpc)["Entries"]) == 8
    gone = ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])["Ipv6CidrBlockAssociation"]
    assert (gone["Ipv6CidrBlock"], gone["Ipv6CidrBlockState"]["State"]) == (
        made["Ipv6CidrBlock"],
        "disassociating",
    )
    left = another["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"]
    assert [a["Ipv6CidrBlock"] for a in associations(ec2, vpc)] == [left]
    (former,) = associations(ec2, vpc, "disassociated")  # EC2 goes on showing it
    assert (former["AssociationId"], former["Ipv6CidrBlock"]) == (
        made["AssociationId"],
        made["Ipv6CidrBlock"],
    )
    asked = [{"Name": "ipv6-cidr-block-association.state", "Values": ["disassociated"]}]
    assert [one["VpcId"] for one in ec2.describe_vpcs(Filters=asked)["Vpcs"]] == [vpc]
    assert local6(ec2, vpc) == [[left]] * 2
    with refused("InvalidVpcCidrBlockAssociationID.NotFound"):
        ec2.disassociate_vpc_cidr_block(AssociationId=made["AssociationId"])


def test_rules_that_somebody_changed_stay_as_they_are(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    group, acl = default_group(ec2, vpc)["GroupId"], default_acl(ec2, vpc)["NetworkAclId"]
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[rule])
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=100, Egress=False)
    ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    assert not any(p["Ipv6Ranges"] for p in default_group(ec2, vpc)["IpPermissionsEgress"])
    added = [(e["Egress"], e["RuleNumber"]) for e in default_acl(ec2, vpc)["Entries"] if "Ipv6CidrBlock" in e]
    assert added == [(True, 101), (True, 32768), (False, 32768)]


def test_five_blocks(ec2, vpc):
    for _ in range(4):
        ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    with refused("CidrLimitExceeded", vpc):
        ec2.associate_vpc_cidr_block(VpcId=vpc, AmazonProvidedIpv6CidrBlock=True)
    assert len(associations(ec2, vpc)) == 5


@pytest.mark.parametrize("name", ["Ipv6Pool", "Ipv6CidrBlock", "Ipv6IpamPoolId", "Ipv6NetmaskLength"])
def test_other_sources_are_refused_by_name(ec2, name):
    value = {name: 56 if name == "Ipv6NetmaskLength" else "x"}
    with refused("UnsupportedOperation", name):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", **value)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    with refused("UnsupportedOperation", name):
        ec2.associate_vpc_cidr_block(VpcId=vpc, **value)
    assert associations(ec2, vpc) == []


def test_border_groups(ec2):
    wanted = {"CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": True}
    with refused("InvalidParameterValue", "us-east-1-wl1"):
        ec2.create_vpc(Ipv6CidrBlockNetworkBorderGroup="us-east-1-wl1", **wanted)
    with refused("MissingParameter", "amazonProvidedIpv6CidrBlock"):
        ec2.create_vpc(CidrBlock="10.0.0.0/16", Ipv6CidrBlockNetworkBorderGroup="us-east-1")
    assert len(ec2.describe_vpcs()["Vpcs"]) == 1
    ec2.create_vpc(Ipv6CidrBlockNetworkBorderGroup="us-east-1", **wanted)


def test_one_family_a_call(ec2, vpc):
    with refused("InvalidParameterCombination"):
        ec2.associate_vpc_cidr_block(VpcId=vpc, CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)
    assert len(associations(ec2, vpc)) == 1


def test_rules_count_by_family(ec2, vpc):
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]

    def allow(**ranges):
        rule = {"IpProtocol": "icmpv6", "FromPort": 128, "ToPort": 0} | ranges
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])

    allow(Ipv6Ranges=[{"CidrIpv6": f"2001:db8:{n:x}::/48"} for n in range(60)])
    with refused("RulesPerSecurityGroupLimitExceeded"):
        allow(Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    with refused("InvalidPermission.Duplicate", "2001:db8:3::/48, ICMPV6, type: 128, code: 0"):
        allow(IpProtocol="58", Ipv6Ranges=[{"CidrIpv6": "2001:DB8:3:0::/48"}])
    allow(IpProtocol="-1", IpRanges=[{"CidrIp": "10.0.0.0/8"}])
    acl = default_acl(ec2, vpc)["NetworkAclId"]

    def entry(number, **cidr):
        fields = {"Protocol": "-1", "RuleAction": "allow", "Egress": False} | cidr
        ec2.create_network_acl_entry(NetworkAclId=acl, RuleNumber=number, **fields)

    for number in range(1, 19):  # one is there, and the deny at the end counts
        entry(number, Ipv6CidrBlock="::/0")
    with refused("NetworkAclEntryLimitExceeded"):
        entry(50, Ipv6CidrBlock="::/0")
    with refused("NetworkAclEntryAlreadyExists"):
        entry(1, CidrBlock="10.0.0.0/8")
    entry(50, CidrBlock="10.0.0.0/8")


# --- subnets --------------------------------------------------------------------------------------


def make(ec2, vpc, block=None, cidr="10.0.1.0/24"):
    block = block or first_subnet_block(ec2, vpc)
    return ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, Ipv6CidrBlock=block)["Subnet"]


def test_a_subnet_with_a_block(ec2, vpc):
    block = first_subnet_block(ec2, vpc)
    made = make(ec2, vpc)
    (shown,) = made["Ipv6CidrBlockAssociationSet"]
    assert shown == {
        "AssociationId": shown["AssociationId"],
        "Ipv6CidrBlock": block,
        "Ipv6CidrBlockState": {"State": "associated"},
        "Ipv6AddressAttribute": "public",
        "IpSource": "amazon",
    }
    assert (made["AssignIpv6AddressOnCreation"], made["Ipv6Native"], made["EnableDns64"]) == (False,) * 3
    assert describe(ec2, "subnets", made["SubnetId"]) == made
    for name, value in (
        ("ipv6-cidr-block-association.ipv6-cidr-block", block),
        ("ipv6-cidr-block-association.association-id", shown["AssociationId"]),
        ("ipv6-cidr-block-association.state", "associated"),
    ):
        found = ec2.describe_subnets(Filters=[{"Name": name, "Values": [value]}])["Subnets"]
        assert [s["SubnetId"] for s in found] == [made["SubnetId"]], name


def test_blocks_that_no_subnet_can_have(ec2, vpc):
    block = make(ec2, vpc)["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"]
    wide = block.replace("/64", "/60")
    for given, code, part in (
        (block, "InvalidSubnet.Conflict", block),
        ("2001:db8:ffff::/64", "InvalidSubnet.Range", "The IPv6 CIDR '2001:db8:ffff::/64' is invalid."),
        (wide, "InvalidParameterValue", f"invalid value for parameter ipv6-cidr-block: {wide}"),
        ("10.0.0.0/24", "InvalidParameterValue", "10.0.0.0/24"),
        ("fe80::1", "InvalidParameterValue", "fe80::1"),
        ("fe80::%eth0/64", "InvalidParameterValue", "fe80"),
    ):
        with refused(code, part):
            make(ec2, vpc, given, "10.0.2.0/24")
    with refused("InvalidSubnet.Range"):
        plain = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        make(ec2, plain, block)
    found = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    assert len(found) == 1


def test_a_block_comes_and_goes(ec2, vpc):
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    block = first_subnet_block(ec2, vpc)
    answer = ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=block)
    made = answer["Ipv6CidrBlockAssociation"]
    assert (answer["SubnetId"], made["Ipv6CidrBlock"]) == (subnet, block)
    assert made["Ipv6CidrBlockState"]["State"] == "associating"
    assert made["AssociationId"].startswith("subnet-cidr-assoc-")
    with refused("CidrLimitExceeded", subnet):
        ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock=numbered(block, 1))
    (of_vpc,) = associations(ec2, vpc)
    sentence = f"The vpc {vpc} currently has a subnet within CIDR block {of_vpc['Ipv6CidrBlock']}"
    with refused("InvalidCidrBlock.InUse", sentence):
        ec2.disassociate_vpc_cidr_block(AssociationId=of_vpc["AssociationId"])
    gone = ec2.disassociate_subnet_cidr_block(AssociationId=made["AssociationId"])
    assert gone["Ipv6CidrBlockAssociation"]["Ipv6CidrBlockState"]["State"] == "disassociating"
    assert gone["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"] == block
    (former,) = describe(ec2, "subnets", subnet)["Ipv6CidrBlockAssociationSet"]
    assert (former["Ipv6CidrBlock"], former["Ipv6CidrBlockState"]["State"]) == (block, "disassociated")
    with refused("InvalidSubnetCidrBlockAssociationID.NotFound"):
        ec2.disassociate_subnet_cidr_block(AssociationId=made["AssociationId"])
    with refused("InvalidSubnetCidrBlockAssociationId.Malformed"):
        ec2.disassociate_subnet_cidr_block(AssociationId="x")
    ec2.disassociate_vpc_cidr_block(AssociationId=of_vpc["AssociationId"])
    assert associations(ec2, vpc) == []


def test_what_association_with_a_subnet_refuses(ec2, vpc):
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
    with refused("MissingParameter", "ipv6CidrBlock"):
        ec2.associate_subnet_cidr_block(SubnetId=subnet)
    with refused("UnsupportedOperation", "Ipv6IpamPoolId"):
        ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6IpamPoolId="ipam-pool-1")
    with refused("InvalidSubnet.Range"):
        ec2.associate_subnet_cidr_block(SubnetId=subnet, Ipv6CidrBlock="fd00::/64")
    with refused("InvalidSubnetID.NotFound"):
        ec2.associate_subnet_cidr_block(SubnetId="subnet-12345678", Ipv6CidrBlock="fd00::/64")
    assert describe(ec2, "subnets", subnet)["Ipv6CidrBlockAssociationSet"] == []


def test_attributes(ec2, vpc):
    plain = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]["SubnetId"]
    for member, name in OF_IPV6.items():
        sentence = f"Cannot set {name} to true unless the subnet ({plain}) has an IPv6 CIDR block"
        with refused("InvalidParameterValue", f"Invalid value 'true' for {name}. {sentence}"):
            ec2.modify_subnet_attribute(SubnetId=plain, **{member: {"Value": True}})
    made = make(ec2, vpc)
    id, association = made["SubnetId"], made["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
    for member in OF_IPV6:
        ec2.modify_subnet_attribute(SubnetId=id, **{member: {"Value": True}})
    shown = describe(ec2, "subnets", id)
    assert (shown["AssignIpv6AddressOnCreation"], shown["EnableDns64"]) == (True, True)
    assert shown["PrivateDnsNameOptionsOnLaunch"]["EnableResourceNameDnsAAAARecord"] is True
    for member, name in OF_IPV6.items():
        with refused("InvalidCidrBlock.InUse", association, f"{name} set to true"):
            ec2.disassociate_subnet_cidr_block(AssociationId=association)
        ec2.modify_subnet_attribute(SubnetId=id, **{member: {"Value": False}})
    ec2.disassociate_subnet_cidr_block(AssociationId=association)


def test_the_filter_of_dns64(ec2, vpc):
    made, plain = make(ec2, vpc)["SubnetId"], ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.2.0/24")["Subnet"]
    ec2.modify_subnet_attribute(SubnetId=made, EnableDns64={"Value": True})
    own = {"Name": "vpc-id", "Values": [vpc]}
    for value, id in (("true", made), ("false", plain["SubnetId"])):
        asked = [own, {"Name": "enable-dns64", "Values": [value]}]
        assert [s["SubnetId"] for s in ec2.describe_subnets(Filters=asked)["Subnets"]] == [id]


def test_peers_show_their_blocks(ec2, vpc):
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    asked = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=asked["VpcPeeringConnectionId"])
    shown = describe(ec2, "vpc_peering_connections", asked["VpcPeeringConnectionId"])
    for side, id in (("RequesterVpcInfo", vpc), ("AccepterVpcInfo", other)):
        (block,) = associations(ec2, id)
        assert shown[side]["Ipv6CidrBlockSet"] == [{"Ipv6CidrBlock": block["Ipv6CidrBlock"]}]
