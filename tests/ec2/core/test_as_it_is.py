"""A parameter at its own default, or "off", asks for nothing: it is taken, and shown where EC2 shows it."""

from pathlib import Path
from typing import Any

import pytest

from elastinet.ec2.core.as_it_is import AS_IT_IS
from place import instances, interface, launch, make_place
from refused import refused

PEERING = dict.fromkeys(
    (
        "AllowDnsResolutionFromRemoteVpc",
        "AllowEgressFromLocalClassicLinkToRemoteVpc",
        "AllowEgressFromLocalVpcToRemoteClassicLink",
        "AllowMultipathResilience",
    ),
    False,
)
OFF = {"EnaSrdEnabled": False, "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": False}}
LAUNCHES: tuple[tuple[dict[str, Any], dict[str, Any] | None], ...] = (
    ({"EnclaveOptions": {"Enabled": False}}, {"EnclaveOptions": {"Enabled": True}}),
    ({"CpuOptions": {"AmdSevSnp": "disabled"}}, {"CpuOptions": {"AmdSevSnp": "enabled"}}),
    ({"CpuOptions": {"NestedVirtualization": "disabled"}}, {"CpuOptions": {"NestedVirtualization": "enabled"}}),
    ({"MaintenanceOptions": {"AutoRecovery": "default"}}, None),
    ({"MaintenanceOptions": {"AutoRecovery": "disabled"}}, None),
    ({"InstanceMarketOptions": {"MarketType": "on-demand"}}, {"InstanceMarketOptions": {"MarketType": "spot"}}),
    ({"HibernationOptions": {"Configured": False}}, None),
    ({"NetworkPerformanceOptions": {"BandwidthWeighting": "default"}}, None),
    ({"CapacityReservationSpecification": {"CapacityReservationPreference": "open"}},
     {"CapacityReservationSpecification": {"CapacityReservationPreference": "capacity-reservations-only"}}),
    ({"CapacityReservationSpecification": {"CapacityReservationPreference": "none"}},
     {"CapacityReservationSpecification": {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}}),
    ({"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"EbsCardIndex": 0}}]},
     {"BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"EbsCardIndex": 1}}]}),
)  # fmt: skip
OF_INTERFACE: tuple[tuple[dict[str, Any], dict[str, Any] | None], ...] = (
    ({"AssociateCarrierIpAddress": False}, {"AssociateCarrierIpAddress": True}),
    ({"EnaSrdSpecification": OFF}, {"EnaSrdSpecification": {"EnaSrdEnabled": True}}),
    ({"PrimaryIpv6": False, "Ipv4PrefixCount": 0, "Ipv6PrefixCount": 0}, None),
)  # fmt: skip
SHOWN = (
    "CpuOptions", "EnclaveOptions", "HibernationOptions", "MaintenanceOptions", "CapacityReservationSpecification",
)  # fmt: skip


@pytest.fixture
def place(ec2):
    return make_place(ec2)


@pytest.mark.parametrize(("off", "on"), LAUNCHES)
def test_launch(ec2, place, off, on):
    (instance,) = launch(ec2, place, **off)
    for structure in off.keys() & set(SHOWN):
        assert off[structure].items() <= instance[structure].items()
    if on is not None:
        with refused("UnsupportedOperation", "elastinet"):
            launch(ec2, place, **on)


@pytest.mark.parametrize("word", ["MaintenanceOptions.AutoRecovery", "CpuOptions.AmdSevSnp"])
def test_another_word(ec2, place, word):
    structure, member = word.split(".")
    with refused("InvalidParameterValue", "sometimes", member):
        launch(ec2, place, **{structure: {member: "sometimes"}})


@pytest.mark.parametrize(("off", "on"), OF_INTERFACE)
def test_interface_of_launch(ec2, place, off, on):
    first = {"DeviceIndex": 0, "SubnetId": place.subnet}
    (instance,) = launch(ec2, place, NetworkInterfaces=[first | off])
    assert len(instance["NetworkInterfaces"]) == 1
    if on is not None:
        with refused("UnsupportedOperation"):
            launch(ec2, place, NetworkInterfaces=[first | on])


def test_beside_a_list_of_interfaces(ec2, place):
    items = [{"DeviceIndex": 0, "SubnetId": place.subnet, "DeleteOnTermination": True}]
    launch(ec2, place, NetworkInterfaces=items, EnablePrimaryIpv6=False, Ipv6AddressCount=0)
    id = ec2.create_network_interface(SubnetId=place.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    off = {"PrimaryIpv6": False, "SecondaryPrivateIpAddressCount": 0, "DeleteOnTermination": False}
    launch(ec2, place, NetworkInterfaces=[{"DeviceIndex": 0, "NetworkInterfaceId": id, **off}])


def test_an_instance_is_launched_as_another_is_shown(ec2, place):
    """The options that DescribeInstances shows are taken back as they are, in either edition's words."""
    (first,) = launch(ec2, place)
    same = {name: first[name] for name in (*SHOWN, "PrivateDnsNameOptions", "Placement", "EbsOptimized")}
    same["MetadataOptions"] = {k: v for k, v in first["MetadataOptions"].items() if k != "State"}
    same["MaintenanceOptions"] = {"AutoRecovery": first["MaintenanceOptions"]["AutoRecovery"]}
    del same["Placement"]["AvailabilityZoneId"]  # the zone is named once
    (second,) = launch(ec2, place, **same)
    for name in same.keys() - {"Placement", "MaintenanceOptions"}:
        assert second[name] == first[name]


@pytest.mark.parametrize("rules", ["classic", "2026"])
def test_ena_express_off(ec2, ec2_2026, rules):
    """Off is off on a type without it, and in the edition that knows of none."""
    client = ec2 if rules == "classic" else ec2_2026
    where = make_place(client)
    (instance,) = launch(client, where, InstanceType="m6i.large")
    made = client.create_network_interface(SubnetId=where.subnet)["NetworkInterface"]["NetworkInterfaceId"]
    asked = {"NetworkInterfaceId": made, "EnaSrdSpecification": OFF}
    client.attach_network_interface(**asked, InstanceId=instance["InstanceId"], DeviceIndex=1)
    client.modify_network_interface_attribute(**asked)
    assert "EnaSrdSpecification" not in interface(client, made)["Attachment"]


def test_weighting_default(ec2, place):
    (instance,) = launch(ec2, place)
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    asked = {"InstanceId": instance["InstanceId"], "BandwidthWeighting": "default"}
    assert ec2.modify_instance_network_performance_options(**asked)["BandwidthWeighting"] == "default"


def test_attributes_of_subnets(ec2, place):
    for off in (
        {"MapCustomerOwnedIpOnLaunch": {"Value": False}},
        {"DisableLniAtDeviceIndex": {"Value": True}},
    ):
        ec2.modify_subnet_attribute(SubnetId=place.subnet, **off)
    with refused("UnsupportedOperation", "MapCustomerOwnedIpOnLaunch"):
        ec2.modify_subnet_attribute(SubnetId=place.subnet, MapCustomerOwnedIpOnLaunch={"Value": True})
    (shown,) = ec2.describe_subnets(SubnetIds=[place.subnet])["Subnets"]
    assert shown["MapCustomerOwnedIpOnLaunch"] is False


def test_attributes_of_vpcs(ec2, place):
    off = {"EnableNetworkAddressUsageMetrics": {"Value": False}}
    ec2.modify_vpc_attribute(VpcId=place.vpc, **off)
    shown = ec2.describe_vpc_attribute(VpcId=place.vpc, Attribute="enableNetworkAddressUsageMetrics")
    assert off.items() <= shown.items()
    with refused("UnsupportedOperation", "EnableNetworkAddressUsageMetrics"):
        ec2.modify_vpc_attribute(VpcId=place.vpc, EnableNetworkAddressUsageMetrics={"Value": True})


def test_attributes_of_interfaces(ec2, place):
    (instance,) = launch(ec2, place)
    (shown,) = instance["NetworkInterfaces"]
    bond = {"AttachmentId": shown["Attachment"]["AttachmentId"]}
    asked = {"NetworkInterfaceId": shown["NetworkInterfaceId"]}
    ec2.modify_network_interface_attribute(**asked, Attachment=bond | {"DefaultEnaQueueCount": True})
    with refused("UnsupportedOperation", "EnaQueueCount"):
        ec2.modify_network_interface_attribute(**asked, Attachment=bond | {"EnaQueueCount": 4})


def test_stop_without_hibernation(ec2, place):
    (instance,) = launch(ec2, place)
    with refused("UnsupportedOperation", "Hibernate"):
        ec2.stop_instances(InstanceIds=[instance["InstanceId"]], Hibernate=True)
    assert instances(ec2, instance["InstanceId"])[0]["State"]["Name"] == "running"
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]], Hibernate=False)


def test_hosts_and_addresses(ec2):
    where = {"AvailabilityZone": "us-east-1a", "InstanceType": "m5.large", "Quantity": 1}
    (host,) = ec2.allocate_hosts(**where, CpuOptions={"AmdSevSnp": "disabled"})["HostIds"]
    ec2.release_hosts(HostIds=[host])
    with refused("UnsupportedOperation", "AmdSevSnp"):
        ec2.allocate_hosts(**where, CpuOptions={"AmdSevSnp": "enabled"})
    ec2.allocate_address(PublicIpv4Pool="amazon")
    with refused("UnsupportedOperation", "PublicIpv4Pool"):
        ec2.allocate_address(PublicIpv4Pool="ipv4pool-ec2-1")


def test_lists_and_endpoints(ec2, place):
    made = ec2.create_managed_prefix_list(PrefixListName="l", AddressFamily="IPv4", MaxEntries=1)
    id = made["PrefixList"]["PrefixListId"]
    ec2.modify_managed_prefix_list(PrefixListId=id, IpamPrefixListResolverSyncEnabled=False)
    asked = {"VpcId": place.vpc, "ServiceName": "com.amazonaws.us-east-1.s3"}
    options = {"DnsRecordIpType": "service-defined", "PrivateDnsOnlyForInboundResolverEndpoint": False}
    ec2.create_vpc_endpoint(**asked, DnsOptions=options)
    with refused("UnsupportedOperation", "DnsOptions.DnsRecordIpType"):
        ec2.create_vpc_endpoint(**asked, DnsOptions={"DnsRecordIpType": "dualstack"})


def test_peerings(ec2, place):
    other = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    options = {"RequesterPeeringConnectionOptions": {"AllowMultipathResilience": False}}
    made = ec2.create_vpc_peering_connection(VpcId=place.vpc, PeerVpcId=other, **options)
    id = {"VpcPeeringConnectionId": made["VpcPeeringConnection"]["VpcPeeringConnectionId"]}
    ec2.accept_vpc_peering_connection(**id)
    for side in ("RequesterPeeringConnectionOptions", "AccepterPeeringConnectionOptions"):
        ec2.modify_vpc_peering_connection_options(**id, **{side: PEERING})
        with refused("UnsupportedOperation", f"{side}.AllowDnsResolutionFromRemoteVpc"):
            on = PEERING | {"AllowDnsResolutionFromRemoteVpc": True}
            ec2.modify_vpc_peering_connection_options(**id, **{side: on})


def test_volumes_go_with_their_instance_or_stay(ec2, place):
    (instance,) = launch(ec2, place)
    id = instance["InstanceId"]

    def goes():
        (shown,) = instances(ec2, id)[0]["BlockDeviceMappings"]
        return shown["Ebs"]["DeleteOnTermination"]

    for value in (True, False):
        item = {"DeviceName": instance["RootDeviceName"], "Ebs": {"DeleteOnTermination": value}}
        ec2.modify_instance_attribute(InstanceId=id, BlockDeviceMappings=[item])
        assert goes() is value
    with refused("InvalidInstanceAttributeValue", "No device is currently mapped at /dev/sdz"):
        ec2.modify_instance_attribute(InstanceId=id, BlockDeviceMappings=[item | {"DeviceName": "/dev/sdz"}])


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ({"ReplaceUnhealthyInstances": False}, {"ReplaceUnhealthyInstances": True}),
        ({"TerminateInstancesWithExpiration": False}, {"TerminateInstancesWithExpiration": True}),
        (
            {"TargetCapacitySpecification": {"TotalTargetCapacity": 1, "TargetCapacityUnitType": "units"}},
            {"TargetCapacitySpecification": {"TotalTargetCapacity": 1, "TargetCapacityUnitType": "vcpu"}},
        ),
    ],
)
def test_fleet(ec2, place, off, on):
    data = {"ImageId": place.image, "InstanceType": "t3.small"}
    ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)
    named = {"LaunchTemplateName": "web", "Version": "1"}
    configs = [{"LaunchTemplateSpecification": named, "Overrides": [{"SubnetId": place.subnet}]}]
    asked = {"Type": "instant", "LaunchTemplateConfigs": configs}
    asked |= {"TargetCapacitySpecification": {"TotalTargetCapacity": 1}}
    assert len(ec2.create_fleet(**asked | off)["Instances"]) == 1
    with refused("UnsupportedOperation", "elastinet"):
        ec2.create_fleet(**asked | on)


def test_default_subnet(ec2):
    subnet = ec2.describe_subnets()["Subnets"][0]
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    asked = {"AvailabilityZone": subnet["AvailabilityZone"]}
    with refused("UnsupportedOperation", "elastinet"):
        ec2.create_default_subnet(**asked, Ipv6Native=True)
    assert ec2.create_default_subnet(**asked, Ipv6Native=False)["Subnet"]["DefaultForAz"] is True


def test_every_line_of_the_table_is_tried_above():
    text = Path(__file__).read_text()
    assert not {path for path in AS_IT_IS if any(step not in text for step in path.split("."))}
