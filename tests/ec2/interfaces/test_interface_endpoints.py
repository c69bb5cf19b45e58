import json
import re

import pytest

from blocks6 import numbered
from commands import wait_until
from place import interface, make_place
from refused import refused

EC2, SSM = "com.amazonaws.us-east-1.ec2", "com.amazonaws.us-east-1.ssm"
POLICY = json.dumps({"Statement": [{"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}]})


@pytest.fixture
def place(ec2):
    made = make_place(ec2)
    ec2.modify_vpc_attribute(VpcId=made.vpc, EnableDnsHostnames={"Value": True})
    return made


def create(ec2, place, *subnets, service=EC2, **more):
    asked = {"VpcId": place.vpc, "ServiceName": service, "VpcEndpointType": "Interface"}
    return ec2.create_vpc_endpoint(**asked, SubnetIds=list(subnets), **more)["VpcEndpoint"]


def shown(ec2, id):
    (found,) = ec2.describe_vpc_endpoints(VpcEndpointIds=[id])["VpcEndpoints"]
    return found


def interfaces(ec2, id):
    named = [{"Name": "description", "Values": [f"VPC Endpoint Interface {id}"]}]
    return ec2.describe_network_interfaces(Filters=named)["NetworkInterfaces"]


def is_gone(ec2, id):
    named = [{"Name": "vpc-endpoint-id", "Values": [id]}]
    return not ec2.describe_vpc_endpoints(Filters=named)["VpcEndpoints"]


def default_group(ec2, place):
    named = [{"Name": "vpc-id", "Values": [place.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    return ec2.describe_security_groups(Filters=named)["SecurityGroups"][0]["GroupId"]


def test_an_endpoint_as_ec2_shows_it(ec2, place):
    made = create(ec2, place, place.subnet, place.other)
    id = made["VpcEndpointId"]
    assert made["State"] == "pending"
    found = shown(ec2, id)
    assert found == made | {"State": "available"}
    assert (found["VpcEndpointType"], found["IpAddressType"]) == ("Interface", "ipv4")
    assert found["SubnetIds"] == [place.subnet, place.other]
    assert found["Groups"] == [{"GroupId": default_group(ec2, place), "GroupName": "default"}]
    assert found["NetworkInterfaceIds"] == [
        next(i["NetworkInterfaceId"] for i in interfaces(ec2, id) if i["SubnetId"] == subnet)
        for subnet in found["SubnetIds"]
    ]
    assert (found["PrivateDnsEnabled"], found["RouteTableIds"]) == (True, [])
    options = {"DnsRecordIpType": "ipv4", "PrivateDnsOnlyForInboundResolverEndpoint": False}
    assert found["DnsOptions"] == options
    assert json.loads(found["PolicyDocument"])["Statement"][0]["Effect"] == "Allow"
    names = [entry["DnsName"] for entry in found["DnsEntries"]]
    own, *zonal, private = names
    label = re.fullmatch(rf"{id}-([a-z0-9]{{8}})\.ec2\.us-east-1\.vpce\.amazonaws\.com", own)[1]
    assert zonal == [f"{id}-{label}-us-east-1{zone}.ec2.us-east-1.vpce.amazonaws.com" for zone in ("a", "b")]
    assert private == "ec2.us-east-1.amazonaws.com"
    zones = [entry["HostedZoneId"] for entry in found["DnsEntries"]]
    assert zones[:3] == ["Z7HUB22UULQXV"] * 3
    assert re.fullmatch("Z[0-9A-Z]{19}", zones[3])


def test_its_interfaces_are_not_the_accounts(ec2, place):
    id = create(ec2, place, place.subnet, SecurityGroupIds=[place.group])["VpcEndpointId"]
    (found,) = interfaces(ec2, id)
    assert found["InterfaceType"] == "vpc_endpoint"
    assert (found["RequesterManaged"], found["RequesterId"]) == (True, "727180483921")
    assert (found["Status"], found["SourceDestCheck"]) == ("in-use", True)
    assert [group["GroupId"] for group in found["Groups"]] == [place.group]
    attachment = found["Attachment"]
    assert attachment["AttachmentId"].startswith("ela-attach-")
    assert (attachment["InstanceOwnerId"], attachment["DeviceIndex"]) == ("amazon-aws", 1)
    assert (attachment["Status"], "InstanceId" in attachment) == ("attached", False)
    eni = found["NetworkInterfaceId"]
    with refused("AuthFailure"):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refused("AuthFailure"):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Groups=[place.group])
    with refused("AuthFailure"):
        ec2.detach_network_interface(AttachmentId=attachment["AttachmentId"])
    with refused("AuthFailure"):
        ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)
    with refused("DependencyViolation"):
        ec2.delete_subnet(SubnetId=place.subnet)
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=place.group)
    with refused("DependencyViolation"):
        ec2.delete_vpc(VpcId=place.vpc)
    assert interface(ec2, eni) == found


def test_the_end(ec2, place):
    id = create(ec2, place, place.subnet, place.other, SecurityGroupIds=[place.group])["VpcEndpointId"]
    empty = create(ec2, place, service=SSM)["VpcEndpointId"]
    assert ec2.delete_vpc_endpoints(VpcEndpointIds=[id, empty])["Unsuccessful"] == []
    with refused("InvalidVpcEndpointId.NotFound"):
        shown(ec2, empty)
    wait_until(lambda: is_gone(ec2, id))
    assert interfaces(ec2, id) == []
    (failed,) = ec2.delete_vpc_endpoints(VpcEndpointIds=[id])["Unsuccessful"]
    assert failed["Error"]["Code"] == "InvalidVpcEndpoint.NotFound"
    ec2.delete_security_group(GroupId=place.group)
    ec2.delete_subnet(SubnetId=place.other)


def test_chosen_addresses(ec2, place):
    configured = [
        {"SubnetId": place.subnet, "Ipv4": "10.0.1.10"},
        {"SubnetId": place.other, "Ipv4": "10.0.2.10"},
    ]
    made = create(ec2, place, place.subnet, SubnetConfigurations=configured)
    assert made["SubnetIds"] == [place.subnet, place.other]
    id = made["VpcEndpointId"]
    assert {i["PrivateIpAddress"] for i in interfaces(ec2, id)} == {"10.0.1.10", "10.0.2.10"}
    with refused("InvalidIPAddress.InUse"):
        create(ec2, place, service=SSM, SubnetConfigurations=configured[:1])
    with refused("InvalidParameterValue", "Address does not fall within the subnet's address range"):
        create(ec2, place, service=SSM, SubnetConfigurations=[{"SubnetId": place.subnet, "Ipv4": "10.0.2.9"}])
    moved = [{"SubnetId": place.subnet, "Ipv4": "10.0.1.11"}]
    ec2.modify_vpc_endpoint(VpcEndpointId=id, SubnetConfigurations=moved)
    wait_until(lambda: len(interfaces(ec2, id)) == 2)
    assert {i["PrivateIpAddress"] for i in interfaces(ec2, id)} == {"10.0.1.11", "10.0.2.10"}
    there = {i["NetworkInterfaceId"] for i in interfaces(ec2, id)}
    ec2.modify_vpc_endpoint(VpcEndpointId=id, SubnetConfigurations=moved)
    ec2.modify_vpc_endpoint(VpcEndpointId=id, SubnetConfigurations=[{"SubnetId": place.other}])
    assert {i["NetworkInterfaceId"] for i in interfaces(ec2, id)} == there, "they have these already"
    assert set(shown(ec2, id)["NetworkInterfaceIds"]) == there


def test_subnets_and_groups_come_and_go(ec2, place):
    id = create(ec2, place, place.subnet)["VpcEndpointId"]
    first = default_group(ec2, place)
    ec2.modify_vpc_endpoint(VpcEndpointId=id, AddSubnetIds=[place.other], AddSecurityGroupIds=[place.group])
    found = shown(ec2, id)
    assert found["SubnetIds"] == [place.subnet, place.other]
    for one in interfaces(ec2, id):
        assert [group["GroupId"] for group in one["Groups"]] == [first, place.group]
    asked = {"RemoveSubnetIds": [place.subnet], "RemoveSecurityGroupIds": [first], "PolicyDocument": POLICY}
    ec2.modify_vpc_endpoint(VpcEndpointId=id, **asked)
    wait_until(lambda: len(interfaces(ec2, id)) == 1)
    found, (one,) = shown(ec2, id), interfaces(ec2, id)
    assert (found["SubnetIds"], found["NetworkInterfaceIds"]) == ([place.other], [one["NetworkInterfaceId"]])
    assert [group["GroupId"] for group in one["Groups"]] == [place.group]
    assert (found["PolicyDocument"], len(found["DnsEntries"])) == (POLICY, 3)
    ec2.modify_vpc_endpoint(VpcEndpointId=id, ResetPolicy=True)
    assert "Deny" not in shown(ec2, id)["PolicyDocument"]
    zone = {"VpcId": place.vpc, "CidrBlock": "10.0.3.0/24", "AvailabilityZone": "us-east-1b"}
    there = ec2.create_subnet(**zone)["Subnet"]["SubnetId"]
    ec2.modify_vpc_endpoint(VpcEndpointId=id, RemoveSubnetIds=[place.other], AddSubnetIds=[there])
    assert shown(ec2, id)["SubnetIds"] == [there]


def test_one_subnet_a_zone(ec2, place):
    zone = {"VpcId": place.vpc, "CidrBlock": "10.0.3.0/24", "AvailabilityZone": "us-east-1a"}
    there = ec2.create_subnet(**zone)["Subnet"]["SubnetId"]
    sentence = (
        f"Found another VPC endpoint subnet in the availability zone of {there}. VPC endpoint subnets should "
        "be in different availability zones supported by the VPC endpoint service."
    )
    with refused("DuplicateSubnetsInSameZone", sentence):
        create(ec2, place, place.subnet, there)
    id = create(ec2, place, place.subnet)["VpcEndpointId"]
    with refused("DuplicateSubnetsInSameZone", sentence):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, AddSubnetIds=[there])
    assert (shown(ec2, id)["SubnetIds"], len(interfaces(ec2, id))) == ([place.subnet], 1)


def test_families(ec2, place):
    with refused("InvalidParameter", "dualstack"):
        create(ec2, place, place.other, IpAddressType="dualstack")
    answer = ec2.associate_vpc_cidr_block(VpcId=place.vpc, AmazonProvidedIpv6CidrBlock=True)
    block = numbered(answer["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"], 0)
    ec2.associate_subnet_cidr_block(SubnetId=place.other, Ipv6CidrBlock=block)
    id = create(ec2, place, place.other)["VpcEndpointId"]
    assert interfaces(ec2, id)[0]["Ipv6Addresses"] == []
    ec2.modify_vpc_endpoint(VpcEndpointId=id, IpAddressType="dualstack")
    assert len(interfaces(ec2, id)[0]["Ipv6Addresses"]) == 1
    assert shown(ec2, id)["IpAddressType"] == "dualstack"
    ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={"DnsRecordIpType": "dualstack"})
    assert shown(ec2, id)["DnsOptions"]["DnsRecordIpType"] == "dualstack"
    with refused("InvalidParameter", "ipv6"):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, IpAddressType="ipv6")
    ec2.modify_vpc_endpoint(VpcEndpointId=id, IpAddressType="ipv4")
    assert interfaces(ec2, id)[0]["Ipv6Addresses"] == []
    assert shown(ec2, id)["DnsOptions"]["DnsRecordIpType"] == "ipv4"
    with refused("InvalidParameter", "DnsRecordIpType"):
        ec2.modify_vpc_endpoint(VpcEndpointId=id, DnsOptions={"DnsRecordIpType": "dualstack"})
    six = {"VpcId": place.vpc, "Ipv6CidrBlock": numbered(block, 1), "Ipv6Native": True}
    subnet = ec2.create_subnet(**six)["Subnet"]["SubnetId"]
    with refused("InvalidParameter", "ipv4"):
        create(ec2, place, subnet, service=SSM)
    asked = {"SubnetId": subnet, "Ipv6": six["Ipv6CidrBlock"].replace("::/64", "::a")}
    made = create(ec2, place, service=SSM, IpAddressType="ipv6", SubnetConfigurations=[asked])
    (found,) = interfaces(ec2, made["VpcEndpointId"])
    more = {"IpAddressType": "ipv6", "PrivateDnsEnabled": False}
    for odd in ("nonsense", "2001:db8::1%eth0", "1.2.3.4"):
        with refused("InvalidParameterValue", "ipv6Address"):
            create(ec2, place, SubnetConfigurations=[asked | {"Ipv6": odd}], **more)
    with refused("InvalidIPAddress.InUse"):
        create(ec2, place, SubnetConfigurations=[asked | {"Ipv6": asked["Ipv6"].upper()}], **more)
    assert ("PrivateIpAddress" in found, found["Ipv6Address"]) == (False, asked["Ipv6"])


def test_an_endpoint_that_cannot_be_made(ec2, place):
    other = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    foreign = ec2.create_subnet(VpcId=other, CidrBlock="10.9.0.0/24")["Subnet"]["SubnetId"]
    table = ec2.create_route_table(VpcId=place.vpc)["RouteTable"]["RouteTableId"]
    with refused("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint."):
        create(ec2, place, place.subnet, RouteTableIds=[table])
    with refused("InvalidParameter", foreign):
        create(ec2, place, foreign)
    with refused("InvalidParameter", "networks"):
        create(ec2, place, SecurityGroupIds=[default_group(ec2, make_other(other))])
    with refused("InvalidSubnetID.NotFound"):
        create(ec2, place, "subnet-00000000000000000")
    with refused("InvalidGroup.NotFound"):
        create(ec2, place, SecurityGroupIds=["sg-00000000000000000"])
    with refused("InvalidServiceName"):
        create(ec2, place, service="com.amazonaws.us-east-1.nothing")
    with refused("InvalidParameter", "do not match the IP address type ipv4"):
        create(ec2, place, SubnetConfigurations=[{"SubnetId": place.subnet, "Ipv6": "2001:db8::5"}])
    with refused("MissingParameter", "SubnetConfigurations.SubnetId"):
        create(ec2, place, SubnetConfigurations=[{"Ipv4": "10.0.1.9"}])
    with refused("InvalidParameterValue", "range"):
        create(ec2, place, SubnetConfigurations=[{"SubnetId": place.subnet, "Ipv4": "nonsense"}])
    assert ec2.describe_vpc_endpoints()["VpcEndpoints"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def make_other(vpc):
    return type("Other", (), {"vpc": vpc})


def test_a_change_that_cannot_be_made(ec2, place):
    id = create(ec2, place, place.subnet)["VpcEndpointId"]
    before, there = shown(ec2, id), interfaces(ec2, id)
    first = default_group(ec2, place)
    for given, sentence in (
        ({"RemoveSubnetIds": [place.other]}, "is not associated"),
        ({"RemoveSecurityGroupIds": [place.group]}, "is not associated"),
        ({"RemoveSecurityGroupIds": [first]}, "must have a security group"),
        ({"AddRouteTableIds": ["rtb-00000000000000000"]}, "Route table IDs are only supported for Gateway"),
    ):
        with refused("InvalidParameter", sentence):
            ec2.modify_vpc_endpoint(VpcEndpointId=id, **given)
    for given, code in (
        ({"AddSubnetIds": ["subnet-00000000000000000"]}, "InvalidSubnetID.NotFound"),
        ({"RemoveSubnetIds": ["subnet-00000000000000000"]}, "InvalidSubnetID.NotFound"),
        ({"AddSecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
        ({"RemoveSecurityGroupIds": ["sg-00000000000000000"]}, "InvalidGroup.NotFound"),
    ):
        with refused(code):
            ec2.modify_vpc_endpoint(VpcEndpointId=id, **given)
    assert (shown(ec2, id), interfaces(ec2, id)) == (before, there)


def test_tokens_tags_and_filters(ec2, place):
    spec = [{"ResourceType": "vpc-endpoint", "Tags": [{"Key": "Name", "Value": "api"}]}]
    asked = {"ClientToken": "once", "TagSpecifications": spec}
    first, second = (create(ec2, place, place.subnet, **asked) for _ in range(2))
    assert first == second
    create(ec2, place, service=SSM, IpAddressType="ipv4")
    ec2.create_vpc_endpoint(VpcId=place.vpc, ServiceName="com.amazonaws.us-east-1.s3")
    for name, value, count in (
        ("vpc-endpoint-type", "Interface", 2),
        ("vpc-endpoint-type", "Gateway", 1),
        ("service-name", SSM, 1),
        ("vpc-endpoint-state", "available", 3),
        ("ip-address-type", "ipv4", 3),
        ("tag:Name", "api", 1),
        ("vpc-endpoint-id", first["VpcEndpointId"], 1),
    ):
        found = ec2.describe_vpc_endpoints(Filters=[{"Name": name, "Values": [value]}])["VpcEndpoints"]
        assert len(found) == count, name


def test_quota_of_a_vpc(serve):
    client = serve(quotas={"interface_endpoints_per_vpc": 1, "gateway_endpoints": 0}).client()
    place = make_place(client)
    create(client, place, PrivateDnsEnabled=False)
    with refused("VpcEndpointLimitExceeded"):
        create(client, place, service=SSM, PrivateDnsEnabled=False)
    other = make_other(client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"])
    create(client, other, PrivateDnsEnabled=False)
