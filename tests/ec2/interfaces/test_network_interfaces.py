import pytest

from place import instances, interface, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.fixture
def eni(ec2, place):
    return ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]


def attach(ec2, eni, instance, index=1):
    made = ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=instance, DeviceIndex=index)
    return made["AttachmentId"]


def addresses(shown):
    return [a["PrivateIpAddress"] for a in shown["PrivateIpAddresses"]]


def test_create(ec2, place):
    made = ec2.create_network_interface(
        SubnetId=place.subnet, Description="mine", PrivateIpAddress="10.0.1.77"
    )
    shown = made["NetworkInterface"]
    assert shown["Status"] == "pending"
    assert (shown["PrivateIpAddress"], shown["Description"], shown["VpcId"]) == (
        "10.0.1.77",
        "mine",
        place.vpc,
    )
    assert shown["PrivateDnsName"] == "ip-10-0-1-77.ec2.internal"
    assert shown["SourceDestCheck"] is True
    assert [g["GroupName"] for g in shown["Groups"]] == ["default"]
    assert int(shown["MacAddress"][:2], 16) & 3 == 2  # locally administered, unicast
    assert interface(ec2, shown["NetworkInterfaceId"])["Status"] == "available"
    ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[shown["NetworkInterfaceId"]])


def test_what_nobody_named_leaves_the_lower_half_free_while_there_is_room(ec2, place):
    wide = ec2.create_network_interface(SubnetId=place.subnet, SecondaryPrivateIpAddressCount=9)
    assert min(int(a.rpartition(".")[2]) for a in addresses(wide["NetworkInterface"])) >= 128
    small = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/28")["Subnet"]["SubnetId"]
    made = ec2.create_network_interface(SubnetId=small, SecondaryPrivateIpAddressCount=10)
    assert {int(a.rpartition(".")[2]) for a in addresses(made["NetworkInterface"])} == set(range(4, 15))


def test_addresses_by_count_and_by_name(ec2, place):
    named = ec2.create_network_interface(
        SubnetId=place.subnet,
        PrivateIpAddresses=[
            {"PrivateIpAddress": "10.0.1.50", "Primary": False},
            {"PrivateIpAddress": "10.0.1.51", "Primary": True},
        ],
    )["NetworkInterface"]
    assert addresses(named) == ["10.0.1.51", "10.0.1.50"]
    assert [a["Primary"] for a in named["PrivateIpAddresses"]] == [True, False]
    counted = ec2.create_network_interface(SubnetId=place.subnet, SecondaryPrivateIpAddressCount=3)
    assert len(set(addresses(counted["NetworkInterface"]))) == 4


@pytest.mark.parametrize(
    ("address", "code", "sentence"),
    [
        ("10.0.2.5", "InvalidParameterValue", "Address does not fall within the subnet's address range"),
        ("nonsense", "InvalidParameterValue", "Address does not fall within the subnet's address range"),
        ("10.0.1.0", "InvalidParameterValue", "reserved"),
        ("10.0.1.3", "InvalidParameterValue", "reserved"),
        ("10.0.1.255", "InvalidParameterValue", "reserved"),
        ("10.0.1.40", "InvalidIPAddress.InUse", "The specified address is already in use."),
    ],
)
def test_addresses_that_cannot_be(ec2, place, address, code, sentence):
    ec2.create_network_interface(SubnetId=place.subnet, PrivateIpAddress="10.0.1.40")
    with refused(code, sentence):
        ec2.create_network_interface(SubnetId=place.subnet, PrivateIpAddress=address)


def test_full_subnet(ec2, place):
    small = ec2.create_subnet(VpcId=place.vpc, CidrBlock="10.0.9.0/28")["Subnet"]
    assert small["AvailableIpAddressCount"] == 11
    ec2.create_network_interface(SubnetId=small["SubnetId"], SecondaryPrivateIpAddressCount=9)
    ec2.create_network_interface(SubnetId=small["SubnetId"])
    with refused("InsufficientFreeAddressesInSubnet"):
        ec2.create_network_interface(SubnetId=small["SubnetId"])
    (shown,) = ec2.describe_subnets(SubnetIds=[small["SubnetId"]])["Subnets"]
    assert shown["AvailableIpAddressCount"] == 0


def test_client_token(ec2, place):
    first = ec2.create_network_interface(SubnetId=place.subnet, ClientToken="once")["NetworkInterface"]
    again = ec2.create_network_interface(SubnetId=place.subnet, ClientToken="once")["NetworkInterface"]
    assert first["NetworkInterfaceId"] == again["NetworkInterfaceId"]
    with refused("IdempotentParameterMismatch"):
        ec2.create_network_interface(SubnetId=place.subnet, ClientToken="once", Description="other")


def test_dry_run(ec2, place):
    with refused("DryRunOperation", "Request would have succeeded, but DryRun flag is set."):
        ec2.create_network_interface(SubnetId=place.subnet, DryRun=True)
    found = ec2.describe_network_interfaces(Filters=[{"Name": "subnet-id", "Values": [place.subnet]}])
    assert found["NetworkInterfaces"] == []


def test_an_attachment_that_has_ended_is_shown_to_those_who_name_it(ec2, place, eni):
    first, second = (i["InstanceId"] for i in launch(ec2, place, 2))
    id = attach(ec2, eni, first)
    ec2.detach_network_interface(AttachmentId=id)
    named = [{"Name": "attachment.attachment-id", "Values": [id]}]
    (shown,) = ec2.describe_network_interfaces(Filters=named)["NetworkInterfaces"]
    assert (shown["Status"], shown["Attachment"]["Status"]) == ("available", "detached")
    assert (shown["Attachment"]["AttachmentId"], shown["Attachment"]["InstanceId"]) == (id, first)
    for name, value in (("attachment.status", "detached"), ("attachment.instance-id", first)):
        found = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": [value]}])
        assert eni not in [i["NetworkInterfaceId"] for i in found["NetworkInterfaces"]]
    ec2.terminate_instances(InstanceIds=[first])
    attach(ec2, eni, second)
    assert not ec2.describe_network_interfaces(Filters=named)["NetworkInterfaces"]
    assert interface(ec2, eni)["Attachment"]["InstanceId"] == second


def test_attach_and_detach(ec2, place, eni):
    (instance,) = launch(ec2, place)
    id = attach(ec2, eni, instance["InstanceId"])
    shown = interface(ec2, eni)
    assert (shown["Status"], shown["Attachment"]["Status"]) == ("in-use", "attached")
    assert shown["Attachment"]["DeleteOnTermination"] is False
    assert [i["NetworkInterfaceId"] for i in instances(ec2, instance["InstanceId"])[0]["NetworkInterfaces"]][
        1
    ] == eni
    with refused("InvalidParameterValue", f"Network interface '{eni}' is currently in use."):
        ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refused("InvalidParameterValue", f"Network interface '{eni}' is currently in use."):
        attach(ec2, eni, instance["InstanceId"], 2)
    ec2.detach_network_interface(AttachmentId=id)
    assert interface(ec2, eni)["Status"] == "available"
    assert "Attachment" not in interface(ec2, eni)
    with refused("InvalidAttachmentID.NotFound", id):
        ec2.detach_network_interface(AttachmentId=id)
    ec2.delete_network_interface(NetworkInterfaceId=eni)
    with refused("InvalidNetworkInterfaceID.NotFound", f"The networkInterface ID '{eni}' does not exist"):
        ec2.describe_network_interfaces(NetworkInterfaceIds=[eni])


def test_primary_stays(ec2, place):
    (instance,) = launch(ec2, place)
    id = instance["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]
    sentence = "The network interface at device index 0 and networkCard index 0 cannot be detached."
    with refused("OperationNotPermitted", sentence):
        ec2.detach_network_interface(AttachmentId=id)


def test_rules_of_attaching(ec2, place, eni):
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]
    far = ec2.create_network_interface(SubnetId=place.other)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("InvalidParameterCombination", "same availability zone"):
        attach(ec2, far, id)
    with refused(
        "InvalidParameterValue", f"Instance '{id}' already has an interface attached at device index '0'."
    ):
        attach(ec2, eni, id, 0)
    with refused("InvalidParameterValue"):
        ec2.attach_network_interface(NetworkInterfaceId=eni, InstanceId=id, DeviceIndex=1, NetworkCardIndex=1)
    attach(ec2, eni, id)
    for index in (2, 3):  # a c5.large has three at the most
        more = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
        if index == 2:
            attach(ec2, more, id, index)
            continue
        with refused("AttachmentLimitExceeded", "Interface count 4 exceeds the limit for c5.large"):
            attach(ec2, more, id, index)


def test_attach_to_a_stopped_instance(ec2, place, eni):
    (instance,) = launch(ec2, place)
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    id = attach(ec2, eni, instance["InstanceId"])
    assert interface(ec2, eni)["Attachment"]["Status"] == "attached"
    ec2.detach_network_interface(AttachmentId=id)
    assert interface(ec2, eni)["Status"] == "available"


def test_attach_to_a_terminated_instance(ec2, place, eni):
    (instance,) = launch(ec2, place)
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    with refused("IncorrectState"):
        attach(ec2, eni, instance["InstanceId"])


def test_delete_on_termination(ec2, place, eni):
    (instance,) = launch(ec2, place)
    other = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    id = attach(ec2, eni, instance["InstanceId"])
    attach(ec2, other, instance["InstanceId"], 2)
    ec2.modify_network_interface_attribute(
        NetworkInterfaceId=eni, Attachment={"AttachmentId": id, "DeleteOnTermination": True}
    )
    assert interface(ec2, eni)["Attachment"]["DeleteOnTermination"] is True
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    left = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [i["NetworkInterfaceId"] for i in left] == [other]
    assert left[0]["Status"] == "available"


def test_attributes(ec2, place, eni):
    def modify(**what):
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, **what)

    def attribute(name):
        return ec2.describe_network_interface_attribute(NetworkInterfaceId=eni, Attribute=name)

    modify(Description={"Value": "new"})
    modify(SourceDestCheck={"Value": False})
    modify(Groups=[place.group])
    assert attribute("description")["Description"]["Value"] == "new"
    assert attribute("sourceDestCheck")["SourceDestCheck"]["Value"] is False
    assert [g["GroupId"] for g in attribute("groupSet")["Groups"]] == [place.group]
    assert "Attachment" not in attribute("attachment")
    ec2.reset_network_interface_attribute(NetworkInterfaceId=eni, SourceDestCheck="true")
    assert interface(ec2, eni)["SourceDestCheck"] is True
    with refused("InvalidParameterCombination"):
        modify(Description={"Value": "x"}, SourceDestCheck={"Value": True})
    with refused("InvalidAttachmentID.NotFound"):
        modify(Attachment={"AttachmentId": "eni-attach-12345678", "DeleteOnTermination": True})


def test_secondary_addresses(ec2, place, eni):
    given = ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.60"])
    assert given["AssignedPrivateIpAddresses"] == [{"PrivateIpAddress": "10.0.1.60"}]
    ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=2)
    assert len(addresses(interface(ec2, eni))) == 4
    other = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    with refused("Resource.AlreadyAssigned"):
        ec2.assign_private_ip_addresses(NetworkInterfaceId=other, PrivateIpAddresses=["10.0.1.60"])
    ec2.assign_private_ip_addresses(
        NetworkInterfaceId=other, PrivateIpAddresses=["10.0.1.60"], AllowReassignment=True
    )
    assert "10.0.1.60" in addresses(interface(ec2, other))
    assert "10.0.1.60" not in addresses(interface(ec2, eni))
    ec2.unassign_private_ip_addresses(NetworkInterfaceId=other, PrivateIpAddresses=["10.0.1.60"])
    primary = interface(ec2, eni)["PrivateIpAddress"]
    with refused("InvalidParameterValue", "primary"):
        ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=[primary])
    with refused("InvalidParameterValue"):
        ec2.unassign_private_ip_addresses(NetworkInterfaceId=eni, PrivateIpAddresses=["10.0.1.61"])


def test_limit_of_addresses(ec2, place, eni):
    (instance,) = launch(ec2, place)
    attach(ec2, eni, instance["InstanceId"])
    ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=9)
    with refused("PrivateIpAddressLimitExceeded", f"{eni}: Number of private addresses will exceed limit."):
        ec2.assign_private_ip_addresses(NetworkInterfaceId=eni, SecondaryPrivateIpAddressCount=1)


def test_parameters_that_are_not_honoured_are_refused_by_name(ec2, place):
    for kind, code in (("trunk", "UnsupportedOperation"), ("wing", "InvalidParameterValue")):
        with refused(code, kind):
            ec2.create_network_interface(SubnetId=place.subnet, InterfaceType=kind)


def test_filters_by_address_and_instance(ec2, place, eni):
    (instance,) = launch(ec2, place)
    attach(ec2, eni, instance["InstanceId"])

    def found(name, *values):
        shown = ec2.describe_network_interfaces(Filters=[{"Name": name, "Values": list(values)}])
        return {i["NetworkInterfaceId"] for i in shown["NetworkInterfaces"]}

    primary = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert found("attachment.instance-id", instance["InstanceId"]) == {primary, eni}
    assert found("addresses.private-ip-address", instance["PrivateIpAddress"]) == {primary}
    assert found("attachment.device-index", "1") == {eni}
    assert found("mac-address", interface(ec2, eni)["MacAddress"]) == {eni}
    assert found("status", "avail*") == set()
    assert found("group-name", "default") == {primary, eni}
