import pytest

from place import instances, interface, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def elastic(ec2):
    return ec2.allocate_address(Domain="vpc")


def the(ec2, allocation):
    (shown,) = ec2.describe_addresses(AllocationIds=[allocation])["Addresses"]
    return shown


def test_allocate_and_release(ec2, elastic):
    assert elastic["PublicIp"].startswith(("198.18.", "198.19."))
    shown = the(ec2, elastic["AllocationId"])
    assert shown["Domain"] == "vpc"
    assert "AssociationId" not in shown
    with refused("InvalidAddress.NotFound"):
        ec2.release_address(AllocationId=elastic["AllocationId"], NetworkBorderGroup="us-west-2")
    ec2.release_address(AllocationId=elastic["AllocationId"], NetworkBorderGroup="us-east-1")
    with refused("InvalidAllocationID.NotFound"):
        ec2.release_address(AllocationId=elastic["AllocationId"])
    again = ec2.allocate_address(Address=elastic["PublicIp"])
    assert again["PublicIp"] == elastic["PublicIp"]
    with refused("InvalidAddress.NotFound"):
        ec2.allocate_address(Address=elastic["PublicIp"])
    with refused("InvalidAddress.NotFound", "Address '1.2.3.4' not found."):
        ec2.describe_addresses(PublicIps=["1.2.3.4"])


def test_quota(ec2):
    for _ in range(5):
        ec2.allocate_address()
    with refused("AddressLimitExceeded", "The maximum number of addresses has been reached."):
        ec2.allocate_address()


def test_associate_with_an_instance(ec2, place, elastic):
    (instance,) = launch(ec2, place)
    made = ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=instance["InstanceId"])
    shown = the(ec2, elastic["AllocationId"])
    assert shown["AssociationId"] == made["AssociationId"]
    assert shown["InstanceId"] == instance["InstanceId"]
    assert shown["PrivateIpAddress"] == instance["PrivateIpAddress"]
    assert instances(ec2, instance["InstanceId"])[0]["PublicIpAddress"] == elastic["PublicIp"]
    with refused("InvalidIPAddress.InUse"):
        ec2.release_address(AllocationId=elastic["AllocationId"])
    with refused("DependencyViolation", "mapped public address"):
        ec2.detach_internet_gateway(InternetGatewayId=place.gateway, VpcId=place.vpc)
    ec2.disassociate_address(AssociationId=made["AssociationId"])
    assert "AssociationId" not in the(ec2, elastic["AllocationId"])
    with refused("InvalidAssociationID.NotFound"):
        ec2.disassociate_address(AssociationId=made["AssociationId"])


def test_associating_twice_changes_nothing(ec2, place, elastic):
    (instance,) = launch(ec2, place)
    what = {"AllocationId": elastic["AllocationId"], "InstanceId": instance["InstanceId"]}
    first = ec2.associate_address(**what)["AssociationId"]
    for allowed in ({}, {"AllowReassociation": True}, {"AllowReassociation": False}):
        assert ec2.associate_address(**what, **allowed)["AssociationId"] == first


def test_moving_an_elastic_ip(ec2, place, elastic):
    one, two = launch(ec2, place, 2)
    id = elastic["AllocationId"]
    first = ec2.associate_address(AllocationId=id, InstanceId=one["InstanceId"])["AssociationId"]
    with refused(
        "Resource.AlreadyAssociated", f"resource {id} is already associated with associate-id {first}"
    ):
        ec2.associate_address(AllocationId=id, InstanceId=two["InstanceId"], AllowReassociation=False)
    ec2.associate_address(AllocationId=id, InstanceId=two["InstanceId"])
    assert the(ec2, id)["InstanceId"] == two["InstanceId"]


def test_second_elastic_ip_takes_the_place_of_the_first(ec2, place, elastic):
    (instance,) = launch(ec2, place)
    other = ec2.allocate_address()
    for one in (elastic, other):
        ec2.associate_address(AllocationId=one["AllocationId"], InstanceId=instance["InstanceId"])
    assert "AssociationId" not in the(ec2, elastic["AllocationId"])
    assert instances(ec2, instance["InstanceId"])[0]["PublicIpAddress"] == other["PublicIp"]


def test_one_per_private_address(ec2, place, elastic):
    made = ec2.create_network_interface(SubnetId=place.subnet, SecondaryPrivateIpAddressCount=1)[
        "NetworkInterface"
    ]
    other = ec2.allocate_address()
    for one, private in zip((elastic, other), made["PrivateIpAddresses"], strict=True):
        ec2.associate_address(
            AllocationId=one["AllocationId"],
            NetworkInterfaceId=made["NetworkInterfaceId"],
            PrivateIpAddress=private["PrivateIpAddress"],
        )
    shown = interface(ec2, made["NetworkInterfaceId"])
    public = [a["Association"]["PublicIp"] for a in shown["PrivateIpAddresses"]]
    assert public == [elastic["PublicIp"], other["PublicIp"]]
    assert shown["Association"]["PublicIp"] == elastic["PublicIp"]
    assert shown["Association"]["IpOwnerId"] == shown["OwnerId"]
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    assert "AssociationId" not in the(ec2, elastic["AllocationId"])


def test_refusals(ec2, place, elastic):
    id = elastic["AllocationId"]
    made = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("MissingParameter"):
        ec2.associate_address(AllocationId=id)
    with refused("InvalidParameterValue"):
        ec2.associate_address(AllocationId=id, NetworkInterfaceId=made, PrivateIpAddress="10.0.1.99")
    with refused("InvalidAllocationID.NotFound", "The allocation ID 'eipalloc-12345678' does not exist"):
        ec2.associate_address(AllocationId="eipalloc-12345678", NetworkInterfaceId=made)
    ec2.detach_internet_gateway(InternetGatewayId=place.gateway, VpcId=place.vpc)
    with refused("Gateway.NotAttached", f"Network {place.vpc} is not attached to any internet gateway"):
        ec2.associate_address(AllocationId=id, NetworkInterfaceId=made)


def test_instance_with_several_interfaces(ec2, place, elastic):
    (instance,) = launch(ec2, place)
    eni = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance["InstanceId"], DeviceIndex=1)
    with refused("InvalidInstanceID", "There are multiple interfaces attached to instance"):
        ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=instance["InstanceId"])


class TestLentAddresses:
    def public(self, ec2, id):
        return instances(ec2, id)[0].get("PublicIpAddress")

    def test_subnet_decides_and_the_request_overrides(self, ec2, place):
        ec2.modify_subnet_attribute(SubnetId=place.subnet, MapPublicIpOnLaunch={"Value": True})
        (mapped,) = launch(ec2, place)
        assert mapped["PublicIpAddress"].startswith("198.1")
        spec = {"DeviceIndex": 0, "SubnetId": place.subnet, "AssociatePublicIpAddress": False}
        (plain,) = launch(ec2, place, NetworkInterfaces=[spec])
        assert "PublicIpAddress" not in plain

    def test_gone_at_stop_and_another_at_start(self, ec2, place):
        ec2.modify_subnet_attribute(SubnetId=place.subnet, MapPublicIpOnLaunch={"Value": True})
        (instance,) = launch(ec2, place)
        id, before = instance["InstanceId"], instance["PublicIpAddress"]
        ec2.reboot_instances(InstanceIds=[id])
        assert self.public(ec2, id) == before
        ec2.stop_instances(InstanceIds=[id])
        assert self.public(ec2, id) is None
        ec2.start_instances(InstanceIds=[id])
        assert self.public(ec2, id) not in (None, before)

    def test_lost_to_an_elastic_ip_and_lent_anew(self, ec2, place, elastic):
        ec2.modify_subnet_attribute(SubnetId=place.subnet, MapPublicIpOnLaunch={"Value": True})
        (instance,) = launch(ec2, place)
        id, before = instance["InstanceId"], instance["PublicIpAddress"]
        made = ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=id)
        assert self.public(ec2, id) == elastic["PublicIp"]
        ec2.disassociate_address(AssociationId=made["AssociationId"])
        assert self.public(ec2, id) not in (None, before, elastic["PublicIp"])

    def test_none_at_start_with_a_second_interface(self, ec2, place):
        ec2.modify_subnet_attribute(SubnetId=place.subnet, MapPublicIpOnLaunch={"Value": True})
        (instance,) = launch(ec2, place)
        eni = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
        ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance["InstanceId"], DeviceIndex=1)
        ec2.start_instances(InstanceIds=[instance["InstanceId"]])
        assert self.public(ec2, instance["InstanceId"]) is None


def test_default_vpc_releases_what_is_associated(ec2, elastic, place):
    (instance,) = launch(ec2, place, SubnetId=ec2.describe_subnets(
        Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"][0]["SubnetId"])  # fmt: skip
    ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=instance["InstanceId"])
    ec2.release_address(AllocationId=elastic["AllocationId"])
    with refused("InvalidAllocationID.NotFound"):
        the(ec2, elastic["AllocationId"])
