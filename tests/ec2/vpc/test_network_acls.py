import pytest

from place import make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def acl(ec2, place):
    return ec2.create_network_acl(VpcId=place.vpc)["NetworkAcl"]["NetworkAclId"]


def shown(ec2, acl):
    (found,) = ec2.describe_network_acls(NetworkAclIds=[acl])["NetworkAcls"]
    return found


def default(ec2, vpc):
    asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    (found,) = ec2.describe_network_acls(Filters=asked)["NetworkAcls"]
    return found


def of_subnet(ec2, subnet):
    asked = [{"Name": "association.subnet-id", "Values": [subnet]}]
    (found,) = ec2.describe_network_acls(Filters=asked)["NetworkAcls"]
    (attachment,) = [a for a in found["Associations"] if a["SubnetId"] == subnet]
    return found["NetworkAclId"], attachment["NetworkAclAssociationId"]


def entry(acl, number=10, **more):
    fixed = {"NetworkAclId": acl, "RuleNumber": number, "Egress": False, "RuleAction": "allow"}
    given = {"Protocol": "-1", "CidrBlock": "10.0.0.0/8"} if "Protocol" not in more else {}
    return fixed | given | more


def rules(ec2, acl, egress=False):
    return [e for e in shown(ec2, acl)["Entries"] if e["Egress"] == egress]


def test_every_vpc_has_one_that_lets_all_pass(ec2, place):
    found = default(ec2, place.vpc)
    assert found["IsDefault"]
    numbers = [(e["RuleNumber"], e["Egress"], e["RuleAction"], e["CidrBlock"]) for e in found["Entries"]]
    every = "0.0.0.0/0"
    assert numbers == [
        (100, True, "allow", every), (32767, True, "deny", every),
        (100, False, "allow", every), (32767, False, "deny", every),
    ]  # fmt: skip
    assert {e["Protocol"] for e in found["Entries"]} == {"-1"}
    assert {a["SubnetId"] for a in found["Associations"]} == {place.subnet, place.other}


def test_the_default_vpc_has_one_too(ec2):
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    assert len(default(ec2, vpc["VpcId"])["Associations"]) == 6


def test_a_new_one_denies_all(ec2, place):
    spec = [{"ResourceType": "network-acl", "Tags": [{"Key": "Name", "Value": "wall"}]}]
    made = ec2.create_network_acl(VpcId=place.vpc, TagSpecifications=spec)["NetworkAcl"]
    assert [e["RuleNumber"] for e in made["Entries"]] == [32767, 32767]
    assert (made["IsDefault"], made["Associations"], made["Tags"]) == (False, [], spec[0]["Tags"])
    ec2.create_tags(Resources=[made["NetworkAclId"]], Tags=[{"Key": "a", "Value": "b"}])
    assert len(shown(ec2, made["NetworkAclId"])["Tags"]) == 2


def test_a_token_makes_one(ec2, place):
    ids = {
        ec2.create_network_acl(VpcId=place.vpc, ClientToken="t")["NetworkAcl"]["NetworkAclId"]
        for _ in range(2)
    }
    assert len(ids) == 1


def test_entries_are_in_order(ec2, acl):
    for number in (200, 30, 100):
        ec2.create_network_acl_entry(**entry(acl, number))
    ec2.create_network_acl_entry(**entry(acl, 30, Egress=True))
    assert [e["RuleNumber"] for e in rules(ec2, acl)] == [30, 100, 200, 32767]
    assert [e["RuleNumber"] for e in rules(ec2, acl, egress=True)] == [30, 32767]


def test_kinds_of_entries(ec2, acl):
    tcp = {"Protocol": "6", "CidrBlock": "10.1.2.3/16", "PortRange": {"From": 80, "To": 90}}
    icmp = {"Protocol": "1", "CidrBlock": "0.0.0.0/0", "IcmpTypeCode": {"Type": 8, "Code": -1}}
    six = {"Protocol": "58", "Ipv6CidrBlock": "2001:DB8::/32", "IcmpTypeCode": {"Type": 128, "Code": 0}}
    for number, kind in enumerate((tcp, icmp, six), 1):
        ec2.create_network_acl_entry(**entry(acl, number, **kind))
    found = rules(ec2, acl)
    assert found[0]["PortRange"] == {"From": 80, "To": 90}
    assert (found[0]["Protocol"], found[0]["CidrBlock"]) == ("6", "10.1.0.0/16")
    assert found[1]["IcmpTypeCode"] == {"Type": 8, "Code": -1}
    assert (found[2]["Ipv6CidrBlock"], found[2]["Protocol"]) == ("2001:db8::/32", "58")
    asked = [{"Name": "entry.port-range.to", "Values": ["90"]}]
    assert [a["NetworkAclId"] for a in ec2.describe_network_acls(Filters=asked)["NetworkAcls"]] == [acl]


def test_what_is_malformed(ec2, acl):
    make = ec2.create_network_acl_entry
    for number in (0, 32767):
        with refused("InvalidParameterValue", "ruleNumber"):
            make(**entry(acl, number))
    with refused("MissingParameter", "portRange"):
        make(**entry(acl, Protocol="6", CidrBlock="10.0.0.0/8"))
    with refused("MissingParameter", "icmpTypeCode"):
        make(**entry(acl, Protocol="1", CidrBlock="10.0.0.0/8"))
    with refused("MissingParameter", "cidrBlock"):
        make(**entry(acl, Protocol="-1"))
    with refused("InvalidParameterCombination", "cidrBlock"):
        make(**entry(acl, Protocol="-1", CidrBlock="10.0.0.0/8", Ipv6CidrBlock="::/0"))
    with refused("InvalidParameterValue", "protocol"):
        make(**entry(acl, Protocol="carrier-pigeon", CidrBlock="10.0.0.0/8"))
    with refused("InvalidParameterValue", "ruleAction"):
        make(**entry(acl, RuleAction="ponder"))
    with refused("InvalidParameterValue", "malformed"):
        make(**entry(acl, Protocol="-1", CidrBlock="10.0.0.0"))


def test_one_entry_a_number(ec2, acl):
    ec2.create_network_acl_entry(**entry(acl))
    with refused("NetworkAclEntryAlreadyExists", "The network acl entry identified by 10 already exists."):
        ec2.create_network_acl_entry(**entry(acl))
    ec2.create_network_acl_entry(**entry(acl, Egress=True))


def test_replace_and_delete_an_entry(ec2, acl):
    ec2.create_network_acl_entry(**entry(acl))
    ec2.replace_network_acl_entry(**entry(acl, RuleAction="deny"))
    assert [e["RuleAction"] for e in rules(ec2, acl)] == ["deny", "deny"]
    ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=10, Egress=False)
    assert [e["RuleNumber"] for e in rules(ec2, acl)] == [32767]
    with refused("InvalidNetworkAclEntry.NotFound"):
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=10, Egress=False)
    with refused("InvalidNetworkAclEntry.NotFound"):
        ec2.replace_network_acl_entry(**entry(acl))
    with refused("InvalidNetworkAclEntry.NotFound"):
        ec2.delete_network_acl_entry(NetworkAclId=acl, RuleNumber=32767, Egress=False)


def test_twenty_entries_a_direction_and_family(ec2, acl):
    for number in range(1, 20):
        ec2.create_network_acl_entry(**entry(acl, number))
    with refused("NetworkAclEntryLimitExceeded"):
        ec2.create_network_acl_entry(**entry(acl, 50))
    ec2.create_network_acl_entry(**entry(acl, 50, Egress=True))
    ec2.create_network_acl_entry(**entry(acl, 50, Protocol="-1", Ipv6CidrBlock="::/0"))


def test_quota_of_acls(serve):
    ec2 = serve(quotas={"network_acls_per_vpc": 2}).client()
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    ec2.create_network_acl(VpcId=vpc)
    with refused("NetworkAclLimitExceeded"):
        ec2.create_network_acl(VpcId=vpc)


def test_a_subnet_goes_by_exactly_one(ec2, place, acl):
    old, attachment = of_subnet(ec2, place.subnet)
    new = ec2.replace_network_acl_association(AssociationId=attachment, NetworkAclId=acl)["NewAssociationId"]
    assert of_subnet(ec2, place.subnet) == (acl, new)
    assert new != attachment
    assert [a["SubnetId"] for a in shown(ec2, old)["Associations"]] == [place.other]
    again = ec2.replace_network_acl_association(AssociationId=new, NetworkAclId=acl)["NewAssociationId"]
    assert again == new
    with refused("InvalidAssociationID.NotFound", attachment):
        ec2.replace_network_acl_association(AssociationId=attachment, NetworkAclId=acl)
    with refused("InvalidNetworkAclAssociationId.Malformed"):
        ec2.replace_network_acl_association(AssociationId="bond", NetworkAclId=acl)
    (vpc,) = (v for v in ec2.describe_vpcs()["Vpcs"] if v["IsDefault"])
    with refused("InvalidParameterValue", "belong to different networks"):
        far = default(ec2, vpc["VpcId"])["NetworkAclId"]
        ec2.replace_network_acl_association(AssociationId=new, NetworkAclId=far)


def test_delete(ec2, place, acl):
    _, attachment = of_subnet(ec2, place.subnet)
    ec2.replace_network_acl_association(AssociationId=attachment, NetworkAclId=acl)
    with refused("DependencyViolation", f"The network ACL '{acl}' has dependencies and cannot be deleted."):
        ec2.delete_network_acl(NetworkAclId=acl)
    with refused("InvalidParameterValue", "default"):
        ec2.delete_network_acl(NetworkAclId=default(ec2, place.vpc)["NetworkAclId"])
    ec2.delete_subnet(SubnetId=place.subnet)
    assert shown(ec2, acl)["Associations"] == []
    ec2.delete_network_acl(NetworkAclId=acl)
    with refused("InvalidNetworkAclID.NotFound", f"The networkAcl ID '{acl}' does not exist"):
        ec2.describe_network_acls(NetworkAclIds=[acl])


def test_a_vpc_with_one_of_ones_own_is_not_deleted(ec2):
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    acl = ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"]
    with refused("DependencyViolation", vpc):
        ec2.delete_vpc(VpcId=vpc)
    ec2.delete_network_acl(NetworkAclId=acl)
    ec2.delete_vpc(VpcId=vpc)
    asked = [{"Name": "vpc-id", "Values": [vpc]}]
    assert ec2.describe_network_acls(Filters=asked)["NetworkAcls"] == []
