import base64

import pytest

from place import instances, interface, launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def states(ec2, *ids):
    return [i["State"]["Name"] for i in instances(ec2, *ids)]


def run(ec2, place, **more):
    given = {"ImageId": place.image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    return ec2.run_instances(**(given | more))


def test_launch(ec2, place):
    launched = run(ec2, place, SubnetId=place.subnet, MinCount=2, MaxCount=3, SecurityGroupIds=[place.group])
    assert launched["ReservationId"].startswith("r-")
    first = launched["Instances"][0]
    assert first["State"] == {"Code": 0, "Name": "pending"}
    assert first["StateReason"]["Code"] == "pending"
    (eni,) = first["NetworkInterfaces"]
    assert eni["Status"] == "in-use"
    assert eni["Attachment"]["Status"] == "attaching"
    assert eni["Attachment"]["DeleteOnTermination"] is True
    assert [i["AmiLaunchIndex"] for i in launched["Instances"]] == [0, 1, 2]
    ids = [i["InstanceId"] for i in launched["Instances"]]
    assert states(ec2, *ids) == ["running"] * 3
    shown = instances(ec2, *ids)[0]
    assert [g["GroupId"] for g in shown["SecurityGroups"]] == [place.group]
    assert shown["NetworkInterfaces"][0]["Attachment"]["Status"] == "attached"
    assert shown["Placement"]["AvailabilityZone"] == "us-east-1a"
    assert shown["PrivateDnsName"] == f"ip-{shown['PrivateIpAddress'].replace('.', '-')}.ec2.internal"
    ec2.get_waiter("instance_running").wait(InstanceIds=ids)
    ec2.get_waiter("instance_status_ok").wait(InstanceIds=ids)


def test_a_part_that_changes_is_shown_at_once(ec2, place):
    (made,) = launch(ec2, place)
    id, eni = made["InstanceId"], made["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def shown():
        (first,), (again,) = instances(ec2, id), instances(ec2, id)
        assert first == again
        (one,) = first["NetworkInterfaces"]
        address = one.get("Association", {}).get("PublicIp")
        return address, one["Description"], len(first["BlockDeviceMappings"])

    disks = shown()[2]
    elastic = ec2.allocate_address(Domain="vpc")
    held = ec2.associate_address(AllocationId=elastic["AllocationId"], NetworkInterfaceId=eni)
    assert shown() == (elastic["PublicIp"], "", disks)
    ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, Description={"Value": "new"})
    assert shown() == (elastic["PublicIp"], "new", disks)
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
    ec2.attach_volume(VolumeId=volume, InstanceId=id, Device="/dev/sdf")
    assert shown() == (elastic["PublicIp"], "new", disks + 1)
    ec2.detach_volume(VolumeId=volume)
    ec2.disassociate_address(AssociationId=held["AssociationId"])
    assert shown() == (None, "new", disks)


def test_default_subnet_and_zone(ec2, place):
    (shown,) = instances(
        ec2, run(ec2, place, Placement={"AvailabilityZone": "us-east-1b"})["Instances"][0]["InstanceId"]
    )  # fmt: skip
    assert shown["Placement"]["AvailabilityZone"] == "us-east-1b"
    (by_id,) = run(ec2, place, Placement={"AvailabilityZoneId": "use1-az4"})["Instances"]
    assert by_id["Placement"]["AvailabilityZone"] == "us-east-1b"
    with refused("InvalidParameterCombination"):
        run(ec2, place, Placement={"AvailabilityZoneId": "use1-az4", "AvailabilityZone": "us-east-1b"})
    assert shown["PublicIpAddress"]  # default subnets map public addresses
    assert shown["PublicDnsName"].startswith("ec2-198-1")


def test_no_default_vpc(ec2, place):
    (vpc,) = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"]
    for subnet in ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    (gateway,) = ec2.describe_internet_gateways(
        Filters=[{"Name": "attachment.vpc-id", "Values": [vpc["VpcId"]]}]
    )["InternetGateways"]
    ec2.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc["VpcId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    with refused("VPCIdNotSpecified"):
        run(ec2, place)


REFUSALS = [
    ({"ImageId": "ami-12345678"}, "InvalidAMIID.NotFound", "The image id '[ami-12345678]' does not exist"),
    ({"ImageId": "nonsense"}, "InvalidAMIID.Malformed", "Invalid id"),
    ({"InstanceType": "c5.nothing"}, "InvalidParameterValue", "Invalid value 'c5.nothing' for InstanceType."),
    ({"InstanceType": "c7g.large"}, "InvalidParameterValue", "architecture"),
    ({"MinCount": 2, "MaxCount": 1}, "InvalidParameterValue", "maxCount"),
    ({"MinCount": 0, "MaxCount": 0}, "InvalidParameterValue", "minCount"),
    ({"KeyName": "nobody"}, "InvalidKeyPair.NotFound", "The key pair 'nobody' does not exist"),
    ({"SubnetId": "subnet-12345678"}, "InvalidSubnetID.NotFound", "The subnet ID 'subnet-12345678' does not exist"),
    ({"SecurityGroupIds": ["sg-12345678"]}, "InvalidGroup.NotFound", "sg-12345678"),
    ({"UserData": base64.b64encode(b"x" * 16385).decode()}, "InvalidUserData.Malformed", "16384 bytes"),
    ({"Placement": {"AvailabilityZone": "us-east-1z"}}, "InvalidParameterValue", "us-east-1z"),
    ({"Placement": {"GroupName": "mine"}}, "InvalidPlacementGroup.Unknown", "'mine' is unknown"),
    ({"Placement": {"Tenancy": "shared"}}, "InvalidParameterValue", "shared"),
    ({"PrivateIpAddress": "10.0.1.9", "MinCount": 2, "MaxCount": 2}, "InvalidParameterCombination", "one instance"),
    ({"PrivateIpAddress": "10.9.9.9"}, "InvalidParameterValue", "address range"),
    ({"MetadataOptions": {"HttpPutResponseHopLimit": 65}}, "InvalidParameterValue", "HttpPutResponseHopLimit"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "code", "sentence"), REFUSALS)
def test_refusals_launch_nothing(ec2, place, what, code, sentence):
    given = {"SubnetId": place.subnet} | what
    if what == {"UserData": what.get("UserData")}:
        given["UserData"] = base64.b64decode(what["UserData"])  # boto3 encodes it itself
    with refused(code, sentence):
        run(ec2, place, **given)
    assert ec2.describe_instances()["Reservations"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []


def test_ena(ec2, place):
    sentence = "Enhanced networking with the Elastic Network Adapter (ENA) is required for the 't3.small' instance type."
    with refused("InvalidParameterCombination", sentence, "enabled for ENA"):
        run(ec2, place, ImageId=place.no_ena, InstanceType="t3.small", SubnetId=place.subnet)
    run(ec2, place, ImageId=place.no_ena, InstanceType="t2.micro", SubnetId=place.subnet)


def test_type_that_the_zone_does_not_offer(ec2, place):
    offered = ec2.describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": ["c5n.large"]}]
    )["InstanceTypeOfferings"]
    absent = ({f"us-east-1{z}" for z in "abcdef"} - {o["Location"] for o in offered}).pop()
    with refused("Unsupported", f"({absent})"):
        run(ec2, place, InstanceType="c5n.large", Placement={"AvailabilityZone": absent})


def test_client_token(ec2, place):
    first = run(ec2, place, SubnetId=place.subnet, ClientToken="once")
    again = run(ec2, place, SubnetId=place.subnet, ClientToken="once")
    id = first["Instances"][0]["InstanceId"]
    assert again["Instances"][0]["InstanceId"] == id
    assert again["Instances"][0]["State"]["Name"] == "running"  # the same instance, as it is now
    with refused("IdempotentParameterMismatch"):
        run(ec2, place, SubnetId=place.subnet, ClientToken="once", InstanceType="c5.xlarge")
    ec2.terminate_instances(InstanceIds=[id])
    with refused("IdempotentInstanceTerminated"):
        run(ec2, place, SubnetId=place.subnet, ClientToken="once")


def test_stop_start_keep_addresses_and_macs(ec2, place):
    (before,) = launch(ec2, place)
    id = before["InstanceId"]
    (stopped,) = ec2.stop_instances(InstanceIds=[id])["StoppingInstances"]
    assert (stopped["PreviousState"]["Name"], stopped["CurrentState"]["Name"]) == ("running", "stopping")
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[id])
    (shown,) = instances(ec2, id)
    assert shown["StateReason"]["Code"] == "Client.UserInitiatedShutdown"
    (again,) = ec2.stop_instances(InstanceIds=[id])["StoppingInstances"]
    assert again["PreviousState"] == again["CurrentState"]
    (started,) = ec2.start_instances(InstanceIds=[id])["StartingInstances"]
    assert started["CurrentState"]["Name"] == "pending"
    (after,) = instances(ec2, id)
    assert after["State"]["Name"] == "running"
    for what in ("PrivateIpAddress", "SubnetId"):
        assert after[what] == before[what]
    assert after["NetworkInterfaces"][0]["MacAddress"] == before["NetworkInterfaces"][0]["MacAddress"]


def test_wrong_states(ec2, place):
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]
    ec2.terminate_instances(InstanceIds=[id])
    assert states(ec2, id) == ["terminated"]
    with refused(
        "IncorrectInstanceState", f"The instance '{id}' is not in a state from which it can be started."
    ):
        ec2.start_instances(InstanceIds=[id])
    with refused(
        "IncorrectInstanceState", f"This instance '{id}' is not in a state from which it can be stopped."
    ):
        ec2.stop_instances(InstanceIds=[id])
    with refused("IncorrectInstanceState"):
        ec2.reboot_instances(InstanceIds=[id])
    (again,) = ec2.terminate_instances(InstanceIds=[id])["TerminatingInstances"]
    assert again["PreviousState"]["Name"] == again["CurrentState"]["Name"] == "terminated"


def test_unknown_ids(ec2, place):
    with refused("InvalidInstanceID.NotFound", "The instance ID 'i-12345678' does not exist"):
        ec2.terminate_instances(InstanceIds=["i-12345678"])
    with refused("InvalidInstanceID.NotFound", "The instance IDs 'i-12345678, i-23456789' do not exist"):
        ec2.describe_instances(InstanceIds=["i-12345678", "i-23456789"])
    with refused("InvalidInstanceID.Malformed"):
        ec2.describe_instances(InstanceIds=["vpc-12345678"])


def test_all_or_none(ec2, place):
    (instance,) = launch(ec2, place)
    with refused("InvalidInstanceID.NotFound"):
        ec2.stop_instances(InstanceIds=[instance["InstanceId"], "i-12345678"])
    assert states(ec2, instance["InstanceId"]) == ["running"]


def test_termination(ec2, place):
    (instance,) = launch(ec2, place)
    id, eni = instance["InstanceId"], instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    ec2.terminate_instances(InstanceIds=[id])
    (shown,) = instances(ec2, id)
    assert "PrivateIpAddress" not in shown
    assert shown["NetworkInterfaces"] == []
    with refused("InvalidNetworkInterfaceID.NotFound"):
        interface(ec2, eni)


def test_protection(ec2, place):
    (instance,) = launch(ec2, place, DisableApiTermination=True)
    id = instance["InstanceId"]
    with refused("OperationNotPermitted", f"The instance '{id}' may not be terminated. Modify its"):
        ec2.terminate_instances(InstanceIds=[id])
    ec2.modify_instance_attribute(InstanceId=id, DisableApiTermination={"Value": False})
    ec2.modify_instance_attribute(InstanceId=id, DisableApiStop={"Value": True})
    with refused("OperationNotPermitted", "disableApiStop"):
        ec2.stop_instances(InstanceIds=[id])
    ec2.terminate_instances(InstanceIds=[id])


class TestLaunchWithInterfaces:
    def test_two_new_ones(self, ec2, place):
        specs = [
            {"DeviceIndex": 1, "SubnetId": place.subnet, "Groups": [place.group], "DeleteOnTermination": False},
            {"DeviceIndex": 0, "SubnetId": place.subnet, "PrivateIpAddress": "10.0.1.70", "SecondaryPrivateIpAddressCount": 2},
        ]  # fmt: skip
        (shown,) = launch(ec2, place, NetworkInterfaces=specs)
        first, second = shown["NetworkInterfaces"]
        assert first["PrivateIpAddress"] == shown["PrivateIpAddress"] == "10.0.1.70"
        assert len(first["PrivateIpAddresses"]) == 3
        assert [g["GroupId"] for g in second["Groups"]] == [place.group]
        ec2.terminate_instances(InstanceIds=[shown["InstanceId"]])
        (left,) = ec2.describe_network_interfaces()["NetworkInterfaces"]
        assert left["NetworkInterfaceId"] == second["NetworkInterfaceId"]

    def test_an_existing_one(self, ec2, place):
        eni = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]
        id = eni["NetworkInterfaceId"]
        (shown,) = launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": id}])
        assert shown["PrivateIpAddress"] == eni["PrivateIpAddress"]
        with refused("InvalidNetworkInterface.InUse", f"Interface: [{id}] in use."):
            launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": id}])

    @pytest.mark.parametrize(
        ("specs", "more", "code", "sentence"),
        [
            ([{"DeviceIndex": 0}], {"SubnetId": "?"}, "InvalidParameterCombination", "an instance-level subnet ID may not be"),
            ([{"DeviceIndex": 0}], {"SecurityGroupIds": ["?"]}, "InvalidParameterCombination", "an instance-level security groups"),
            ([{"DeviceIndex": 1}], {}, "InvalidParameterCombination", "device index 0"),
            ([{"DeviceIndex": 0}, {"DeviceIndex": 0}], {}, "InvalidParameterCombination", "device index"),
            ([{}], {}, "MissingParameter", "DeviceIndex"),
            ([{"DeviceIndex": n} for n in range(4)], {}, "AttachmentLimitExceeded", "Interface count 4 exceeds the limit for c5.large"),
            ([{"DeviceIndex": 0, "SecondaryPrivateIpAddressCount": 10}], {}, "InvalidInterface.IpAddressLimitExceeded", "c5.large"),
            ([{"DeviceIndex": 0, "AssociatePublicIpAddress": True}, {"DeviceIndex": 1}], {}, "InvalidParameterCombination", "multiple network interfaces"),
            ([{"DeviceIndex": 0, "InterfaceType": "efa"}], {}, "UnsupportedOperation", "EFA interfaces are not supported on c5.large"),
            ([{"DeviceIndex": 0, "InterfaceType": "trunk"}], {}, "UnsupportedOperation", "trunk"),
            ([{"DeviceIndex": 0, "InterfaceType": "wing"}], {}, "InvalidParameterValue", "wing"),
        ],
    )  # fmt: skip
    def test_refusals(self, ec2, place, specs, more, code, sentence):
        ours = {"SubnetId": place.subnet, "SecurityGroupIds": [place.group]}
        given = [spec if "SubnetId" in spec else {"SubnetId": place.subnet, **spec} for spec in specs]
        with refused(code, sentence):
            run(ec2, place, NetworkInterfaces=given, **{name: ours[name] for name in more})
        assert ec2.describe_instances()["Reservations"] == []


class TestAttributes:
    def test_stopped_only(self, ec2, place):
        (instance,) = launch(ec2, place, UserData="#!/bin/sh\n")
        id = instance["InstanceId"]
        for what in ({"InstanceType": {"Value": "c5.xlarge"}}, {"UserData": {"Value": b"new"}}):
            with refused("IncorrectInstanceState", f"The instance '{id}' is not in the 'stopped' state."):
                ec2.modify_instance_attribute(InstanceId=id, **what)
        ec2.stop_instances(InstanceIds=[id])
        ec2.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "c5.xlarge"})
        ec2.modify_instance_attribute(InstanceId=id, UserData={"Value": b"new"})
        assert instances(ec2, id)[0]["InstanceType"] == "c5.xlarge"
        told = ec2.describe_instance_attribute(InstanceId=id, Attribute="userData")["UserData"]["Value"]
        assert base64.b64decode(told) == b"new"
        with refused("InvalidInstanceAttributeValue"):
            ec2.modify_instance_attribute(InstanceId=id, InstanceType={"Value": "c5.nothing"})

    def test_groups_and_check_are_the_primary_interfaces(self, ec2, place):
        (instance,) = launch(ec2, place)
        id, eni = instance["InstanceId"], instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
        ec2.modify_instance_attribute(InstanceId=id, Groups=[place.group])
        ec2.modify_instance_attribute(InstanceId=id, SourceDestCheck={"Value": False})
        assert [g["GroupId"] for g in interface(ec2, eni)["Groups"]] == [place.group]
        assert interface(ec2, eni)["SourceDestCheck"] is False
        assert ec2.describe_instance_attribute(InstanceId=id, Attribute="sourceDestCheck")[
            "SourceDestCheck"
        ] == {"Value": False}
        more = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
        ec2.attach_network_interface(NetworkInterfaceId=more, InstanceId=id, DeviceIndex=1)
        with refused("InvalidInstanceID", "There are multiple interfaces attached"):
            ec2.modify_instance_attribute(InstanceId=id, SourceDestCheck={"Value": True})

    def test_metadata_options(self, ec2, place):
        (instance,) = launch(ec2, place)
        assert instance["MetadataOptions"]["HttpTokens"] == "optional"
        changed = ec2.modify_instance_metadata_options(
            InstanceId=instance["InstanceId"], HttpTokens="required", HttpPutResponseHopLimit=3
        )["InstanceMetadataOptions"]
        assert (changed["HttpTokens"], changed["HttpPutResponseHopLimit"]) == ("required", 3)

    def test_one_a_call(self, ec2, place):
        (instance,) = launch(ec2, place)
        id = instance["InstanceId"]
        with refused("InvalidParameterCombination"):
            ec2.modify_instance_attribute(
                InstanceId=id, DisableApiStop={"Value": True}, DisableApiTermination={"Value": True}
            )
        with refused("UnsupportedOperation", "EnclaveOptions"):
            ec2.modify_instance_attribute(InstanceId=id, Attribute="enclaveOptions", Value="true")

    def test_monitoring(self, ec2, place):
        (instance,) = launch(ec2, place)
        id = instance["InstanceId"]
        assert (
            ec2.monitor_instances(InstanceIds=[id])["InstanceMonitorings"][0]["Monitoring"]["State"]
            == "enabled"
        )
        assert (
            ec2.unmonitor_instances(InstanceIds=[id])["InstanceMonitorings"][0]["Monitoring"]["State"]
            == "disabled"
        )


def test_console_of_an_instance_that_carries_no_packets(ec2, place):
    (instance,) = launch(ec2, place)
    assert "Output" not in ec2.get_console_output(InstanceId=instance["InstanceId"])


def test_status_of_all_and_of_running_ones(ec2, place):
    one, two = launch(ec2, place, 2)
    ec2.stop_instances(InstanceIds=[two["InstanceId"]])
    running = ec2.describe_instance_status()["InstanceStatuses"]
    assert [(s["InstanceId"], s["InstanceStatus"]["Status"]) for s in running] == [(one["InstanceId"], "ok")]
    assert len(ec2.describe_instance_status(IncludeAllInstances=True)["InstanceStatuses"]) == 2


def test_filters_on_interfaces_and_reservations(ec2, place):
    (one,) = launch(ec2, place)
    launch(ec2, place)
    eni = one["NetworkInterfaces"][0]

    def found(name, value):
        shown = ec2.describe_instances(Filters=[{"Name": name, "Values": [value]}])
        return [i["InstanceId"] for r in shown["Reservations"] for i in r["Instances"]]

    for name, value in (
        ("network-interface.network-interface-id", eni["NetworkInterfaceId"]),
        ("network-interface.addresses.private-ip-address", one["PrivateIpAddress"]),
        ("network-interface.attachment.attachment-id", eni["Attachment"]["AttachmentId"]),
        ("private-ip-address", one["PrivateIpAddress"]),
        ("client-token", one["ClientToken"]),
    ):
        assert found(name, value) == [one["InstanceId"]], name
    assert len(found("instance-state-name", "running")) == 2
    assert len(found("instance-state-code", "16")) == 2
    assert len(found("network-interface.vpc-id", place.vpc)) == 2
    assert found("instance-type", "t*") == []


def test_accounts_and_regions_are_apart(server, ec2, place):
    (instance,) = launch(ec2, place)
    stranger = server.client()
    with refused("InvalidInstanceID.NotFound"):
        stranger.describe_instances(InstanceIds=[instance["InstanceId"]])
    abroad = server.client(region="eu-west-1")
    assert abroad.describe_instances()["Reservations"] == []
    assert [v["CidrBlock"] for v in abroad.describe_vpcs()["Vpcs"]] == ["172.31.0.0/16"]


def test_an_empty_word_is_one_that_was_left_out(ec2):
    """Packer and the Go clients name an empty subnet, key, profile or zone where they want none."""
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    mapping = {"DeviceName": "/dev/sdb", "NoDevice": ""}  # whose empty word says something
    (instance,) = ec2.run_instances(
        ImageId=image["ImageId"],
        InstanceType="t3.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId="",
        KeyName="",
        UserData="",
        IamInstanceProfile={"Name": ""},
        Placement={"AvailabilityZone": "", "GroupName": ""},
        BlockDeviceMappings=[mapping],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "empty", "Value": ""}]}],
    )["Instances"]
    (subnet,) = ec2.describe_subnets(SubnetIds=[instance["SubnetId"]])["Subnets"]
    assert subnet["DefaultForAz"]
    assert not {"KeyName", "IamInstanceProfile"} & set(instance)
    assert (instance["Placement"]["Tenancy"], instance["Tags"]) == (
        "default",
        [{"Key": "empty", "Value": ""}],
    )
