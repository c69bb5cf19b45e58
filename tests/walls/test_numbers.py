"""Numbers of every size and spelling, in every place that takes one: refused before anything is made of them."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from raw import ask

import scope_place
from elastinet.digits import decimal, whole
from elastinet.ec2.operations import OPERATIONS
from elastinet.wire.service import service, service_of
from served import Served
from tries import some
from watched import Stderr, Watched

HUGE = ("2147483647", "-2147483648", "-1", "10000", "65536")
NO_NUMBERS = (
    *("2147483648", "9223372036854775807", "9223372036854775808", "-9223372036854775809", "9" * 5000, "-" + "9" * 5000),
    *("", " ", "1 ", " 1", "+1", "--1", "-", "1_0", "0x10", "1e3", "1.0", "nan", "inf", "Infinity", "1e999", "NaN", "\u0661", "\uff11", "\u00b2", "\u4e94", "1\n", "1\x00"),
)  # fmt: skip
QUICK_SECONDS = 40.0
"""For one call; what is counted up to 2,147,483,647 takes minutes."""

# --- the EC2 API ----------------------------------------------------------------------------------

INTEGERS = ("integer", "long", "float", "double")


def numbers(shape: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The names on the wire under which a request carries a number, and the types of those."""
    for name, member in shape.members.items() if shape and depth < 6 else ():
        path = prefix + service().request_name(name, member)
        if member.type_name == "list":
            path, member = f"{path}.1", member.member
        if member.type_name == "structure":
            yield from numbers(member, f"{path}.", depth + 1)
        elif member.type_name in INTEGERS:
            yield path, member.type_name


def with_numbers() -> list[str]:
    ours = (action for action in OPERATIONS if service_of(action) is service())
    return sorted(action for action in ours if any(numbers(service().input_shape(action))))


LAUNCH = {"ImageId": "{image}", "InstanceType": "c5.large", "MinCount": "1", "MaxCount": "1"}
RULE = {"GroupId": "{group}", "IpProtocol": "tcp", "FromPort": "7", "ToPort": "7", "CidrIp": "10.0.0.0/8"}
LISTED = {"IpPermissions.1.IpProtocol": "tcp", "IpPermissions.1.FromPort": "8", "IpPermissions.1.ToPort": "8",
          "IpPermissions.1.IpRanges.1.CidrIp": "10.0.0.0/8"}  # fmt: skip
ENTRY = {"NetworkAclId": "{acl}", "RuleNumber": "7", "Protocol": "6", "RuleAction": "allow", "Egress": "true",
         "CidrBlock": "10.0.0.0/8", "PortRange.From": "1", "PortRange.To": "2"}  # fmt: skip
CHANGED = {"SecurityGroupRule.1.SecurityGroupRuleId": "{rule}", "SecurityGroupRule.1.SecurityGroupRule.IpProtocol": "tcp",
           "SecurityGroupRule.1.SecurityGroupRule.CidrIpv4": "10.0.0.0/8",
           "SecurityGroupRule.1.SecurityGroupRule.FromPort": "1", "SecurityGroupRule.1.SecurityGroupRule.ToPort": "2"}  # fmt: skip
# A request that would be answered, but for the number that is put into it.
REQUESTS: dict[str, dict[str, str]] = {
    "AllocateHosts": {"AvailabilityZone": "us-east-1a", "InstanceFamily": "c5", "Quantity": "1"},
    "AssignIpv6Addresses": {"NetworkInterfaceId": "{eni}"},
    "AssignPrivateIpAddresses": {"NetworkInterfaceId": "{eni}"},
    "AssociateSubnetCidrBlock": {"SubnetId": "{subnet}"},
    "AssociateVpcCidrBlock": {"VpcId": "{vpc}"},
    "AttachNetworkInterface": {"NetworkInterfaceId": "{eni}", "InstanceId": "{instance}", "DeviceIndex": "1"},
    "AttachVolume": {"VolumeId": "{volume}", "InstanceId": "{instance}", "Device": "/dev/sdf"},
    "AuthorizeSecurityGroupEgress": {"GroupId": "{group}", **LISTED},
    "AuthorizeSecurityGroupIngress": RULE,
    "CopyImage": {"SourceImageId": "{image}", "SourceRegion": "us-east-1", "Name": "copied"},
    "CreateImage": {"InstanceId": "{instance}", "Name": "made", "NoReboot": "true"},
    "RegisterImage": {"Name": "registered", "RootDeviceName": "/dev/xvda"},
    "CreateFleet": {
        "Type": "instant",
        "LaunchTemplateConfigs.1.LaunchTemplateSpecification.LaunchTemplateId": "{template}",
        "LaunchTemplateConfigs.1.LaunchTemplateSpecification.Version": "1",
        "TargetCapacitySpecification.TotalTargetCapacity": "1",
        "TargetCapacitySpecification.DefaultTargetCapacityType": "on-demand",
    },
    "CreateLaunchTemplate": {"LaunchTemplateName": "named"},
    "CreateLaunchTemplateVersion": {"LaunchTemplateId": "{template}"},
    "CreateManagedPrefixList": {"PrefixListName": "n", "AddressFamily": "IPv4", "MaxEntries": "1"},
    "CreateNatGateway": {"SubnetId": "{subnet}", "ConnectivityType": "private"},
    "CreateNetworkAclEntry": ENTRY,
    "CreateNetworkInsightsPath": {"Source": "{instance}", "Destination": "{eni}", "Protocol": "tcp"},
    "CreateNetworkInterface": {"SubnetId": "{subnet}"},
    "CreatePlacementGroup": {"GroupName": "n", "Strategy": "partition"},
    "CreateSubnet": {"VpcId": "{vpc}", "CidrBlock": "10.0.9.0/24"},
    "CreateVolume": {"AvailabilityZone": "us-east-1a", "VolumeType": "gp3", "Size": "8"},
    "CreateVpc": {"CidrBlock": "10.7.0.0/16"},
    "DeleteNetworkAclEntry": {"NetworkAclId": "{acl}", "Egress": "true", "RuleNumber": "9"},
    "DescribeInstanceTopology": {},
    "DescribeStaleSecurityGroups": {"VpcId": "{vpc}"},
    "GetManagedPrefixListAssociations": {"PrefixListId": "{list}"},
    "GetManagedPrefixListEntries": {"PrefixListId": "{list}"},
    "GetNetworkInsightsAccessScopeAnalysisFindings": {"NetworkInsightsAccessScopeAnalysisId": "{analysis}"},
    "GetSecurityGroupsForVpc": {"VpcId": "{vpc}"},
    "GetSubnetCidrReservations": {"SubnetId": "{subnet}"},
    "ModifyInstanceMetadataDefaults": {},
    "ModifyInstanceMetadataOptions": {"InstanceId": "{instance}"},
    "ModifyInstancePlacement": {"InstanceId": "{instance}", "GroupName": "parts"},
    "ModifyManagedPrefixList": {"PrefixListId": "{list}"},
    "ModifyNetworkInterfaceAttribute": {"NetworkInterfaceId": "{eni}"},
    "ModifySecurityGroupRules": {"GroupId": "{group}", **CHANGED},
    "ModifySubnetAttribute": {"SubnetId": "{subnet}"},
    "ModifyVolume": {"VolumeId": "{volume}"},
    "ReplaceNetworkAclEntry": ENTRY | {"RuleNumber": "100"},
    "RestoreManagedPrefixListVersion": {
        "PrefixListId": "{list}",
        "PreviousVersion": "1",
        "CurrentVersion": "1",
    },
    "RevokeSecurityGroupEgress": {"GroupId": "{group}", **LISTED},
    "RevokeSecurityGroupIngress": RULE,
    "RunInstances": LAUNCH,
    "UpdateSecurityGroupRuleDescriptionsEgress": {"GroupId": "{group}", **LISTED},
    "UpdateSecurityGroupRuleDescriptionsIngress": {"GroupId": "{group}", **LISTED},
}
# What belongs to such a number, where it belongs to something that the request above does not have.
BESIDE: dict[str, dict[str, str]] = {
    "NetworkInterface.1.": {"NetworkInterface.1.DeviceIndex": "0", "NetworkInterface.1.SubnetId": "{subnet}"},
    "BlockDeviceMapping.1.Ebs.": {"BlockDeviceMapping.1.DeviceName": "/dev/sdf", "BlockDeviceMapping.1.Ebs.VolumeType": "gp3",
                                  "BlockDeviceMapping.1.Ebs.VolumeSize": "8"},
    "CpuOptions.": {"CpuOptions.CoreCount": "1", "CpuOptions.ThreadsPerCore": "1"},
    "Placement.": {"Placement.GroupName": "parts"},
    "Ipv4NetmaskLength": {"Ipv4IpamPoolId": "ipam-pool-0123456789abcdef0"},
    "Icmp.": {"Protocol": "1", "Icmp.Type": "1", "Icmp.Code": "1"},
    "Ipv6AddressCount": {"SubnetId": "{subnet}"},
}  # fmt: skip
FITTING = (
    *(("ToPort", "10000"), ("RuleNumber", "10000"), ("Icmp.Code", "-1")),
    *((name, text) for name in ("Iops", "Size") for text in ("10000", "65536")),
    *(("TcpEstablishedTimeout", text) for text in ("10000", "65536")),
)
"""What EC2 takes of those."""
KEPT = re.compile(r"^SpotOptions\.|\.(WeightedCapacity|Priority)$")
"""What a fleet takes of any size: what is said of Spot, and how pools compare."""
KEEPING = ("CreateLaunchTemplate", "CreateLaunchTemplateVersion")
"""Operations that keep any number: only a launch asks what it means."""

READING = ("Describe", "Get")


def is_taken(action: str, path: str, text: str) -> bool:
    """Whether a number may change something."""
    kept = action in KEEPING or (action == "CreateFleet" and KEPT.search(path) is not None)
    return kept or any(path.endswith(name) and text == taken for name, taken in FITTING)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("numbers")
    path = folder / "stderr"
    with path.open("wb") as log, closing(Stderr(log.fileno())):
        served = Served(folder)
    watched = Watched(served, lambda: path.read_text(errors="replace"))
    yield watched
    watched.close()
    served.stop()
    assert "Traceback" not in watched.log()


@pytest.fixture(scope="module")
def things(watched: Watched) -> dict[str, str]:
    """What the requests speak of."""
    ec2 = watched.served.client(account=watched.account)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    (block,) = ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
    six = block["Ipv6CidrBlock"].replace("/56", "/64")
    subnet = ec2.create_subnet(
        VpcId=vpc, CidrBlock="10.0.0.0/18", Ipv6CidrBlock=six, AvailabilityZone="us-east-1a"
    )
    subnet = subnet["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="g", Description="d", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 9, "ToPort": 9, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    added = ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])["SecurityGroupRules"]
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    ec2.create_placement_group(GroupName="parts", Strategy="partition", PartitionCount=2)
    given = {
        "ImageId": image["ImageId"],
        "InstanceType": "c5.large",
        "MinCount": 1,
        "MaxCount": 1,
        "SubnetId": subnet,
    }
    (instance,) = ec2.run_instances(**given)["Instances"]
    ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
    launch = {name: given[name] for name in ("ImageId", "InstanceType")}
    launch |= {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnet}]}
    template = ec2.create_launch_template(LaunchTemplateName="launch", LaunchTemplateData=launch)[
        "LaunchTemplate"
    ]
    made = ec2.create_managed_prefix_list(PrefixListName="p", AddressFamily="IPv4", MaxEntries=5)
    outside = scope_place.scope(ec2, {"Source": scope_place.of_types(scope_place.IGW)})
    analysis = scope_place.start(ec2, outside)
    scope_place.analyse(ec2, analysis)
    return {
        "vpc": vpc, "subnet": subnet, "group": group, "rule": added[0]["SecurityGroupRuleId"], "image": image["ImageId"],
        "instance": instance["InstanceId"], "list": made["PrefixList"]["PrefixListId"],
        "eni": ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"],
        "template": template["LaunchTemplateId"],
        "volume": ec2.create_volume(AvailabilityZone="us-east-1a", Size=8, VolumeType="gp3")["VolumeId"],
        "analysis": analysis,
        "acl": ec2.create_network_acl(VpcId=vpc)["NetworkAcl"]["NetworkAclId"],
    }  # fmt: skip


def request(action: str, path: str, text: str, things: dict[str, str]) -> dict[str, str]:
    given = {"Action": action, "Version": "2016-11-15"} | REQUESTS.get(action, {})
    if action == "CreateLaunchTemplate":
        given["LaunchTemplateName"] = f"of{hash((path, text))}"  # each is another one
    for start, more in BESIDE.items():
        if path.startswith(start) and (start != "Ipv6AddressCount" or action == "RunInstances"):
            given |= {name: value for name, value in more.items() if name != path}
    if path.startswith("IpPermissions"):
        given = (
            {name: value for name, value in given.items() if name not in RULE}
            | {"GroupId": "{group}"}
            | LISTED
        )
    elif action.endswith(("Ingress", "Egress")) and not action.startswith("Update"):
        given = {"Action": action, "Version": "2016-11-15"} | RULE
    return {name: value.format(**things) for name, value in (given | {path: text}).items()}


def test_every_operation_with_numbers_is_tried() -> None:
    assert {action for action in with_numbers() if not action.startswith("Describe")} <= REQUESTS.keys()


@pytest.mark.parametrize("action", with_numbers())
def test_every_number_of_the_api(watched: Watched, things: dict[str, str], action: str) -> None:
    before: dict[str, bytes] | None = watched.everything()
    tried = 0
    own = with_numbers().index(action)
    for turn, (path, kind) in enumerate(numbers(service().input_shape(action)), own):
        for text in some(HUGE + NO_NUMBERS, turn):
            if before is None and not is_taken(action, path, text):
                before = watched.everything()
            body = urlencode(request(action, path, text, things)).encode()
            began = time.monotonic()
            status, code = watched.ask(body)
            assert time.monotonic() - began < QUICK_SECONDS, (path, text)
            tried += 1
            if status != 200 or not (text in HUGE or (kind == "double" and decimal(text) is not None)):
                assert (status, bool(code)) == (400, True), (path, text, code)
            elif is_taken(action, path, text):
                before = None
            elif not action.startswith(READING):  # what these would change, the look in the end sees
                assert watched.everything() == before, (path, text)
    assert action in KEEPING or before is None or watched.everything() == before
    assert tried >= len(some(HUGE + NO_NUMBERS, own))


MOST = 64
"""The most addresses of one family that any instance type bears on an interface."""
OVER = "PrivateIpAddressLimitExceeded"
COUNTS = {
    "CreateNetworkInterface": ("Ipv6AddressCount", "Ipv6PrefixCount", "SecondaryPrivateIpAddressCount", "Ipv4PrefixCount"),
    "AssignIpv6Addresses": ("Ipv6AddressCount", "Ipv6PrefixCount"),
    "AssignPrivateIpAddresses": ("SecondaryPrivateIpAddressCount", "Ipv4PrefixCount"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("action", "path"), [(action, path) for action, paths in COUNTS.items() for path in paths]
)
def test_counts_end_at_what_an_interface_bears(
    watched: Watched, things: dict[str, str], action: str, path: str
) -> None:
    ec2 = watched.served.client(account=watched.account)
    eni = ec2.create_network_interface(SubnetId=things["subnet"])["NetworkInterface"]["NetworkInterfaceId"]
    room = MOST - 1 if path.startswith(("Secondary", "Ipv4")) else MOST
    for count in (room + 1, 100, 1000, 10_000, 65_536, 2_147_483_647):
        body = urlencode(request(action, path, str(count), things | {"eni": eni})).encode()
        assert watched.ask(body) == (400, OVER), count
    assert watched.ask(urlencode(request(action, path, str(room), things | {"eni": eni})).encode()) == (
        200,
        "",
    )
    if action.startswith("Assign"):
        assert watched.ask(urlencode(request(action, path, "1", things | {"eni": eni})).encode()) == (
            400,
            OVER,
        )
    for made in ec2.describe_network_interfaces()["NetworkInterfaces"]:
        if made["Status"] == "available" and made["NetworkInterfaceId"] != things["eni"]:
            ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])


@pytest.mark.parametrize(
    "path", ["Ipv6AddressCount", "Ipv6PrefixCount", "SecondaryPrivateIpAddressCount", "Ipv4PrefixCount"]
)
def test_counts_of_a_launch_end_at_what_its_type_bears(
    watched: Watched, things: dict[str, str], path: str
) -> None:
    name = f"NetworkInterface.1.{path}"
    for count in ("11", "1000", "2147483647"):
        body = urlencode(request("RunInstances", name, count, things)).encode()
        assert watched.ask(body) == (400, "InvalidInterface.IpAddressLimitExceeded"), count
    assert watched.ask(urlencode(request("RunInstances", name, "-1", things)).encode()) == (
        400,
        "InvalidParameterValue",
    )


def test_named_addresses_are_counted_too(watched: Watched, things: dict[str, str]) -> None:
    given = {f"PrivateIpAddresses.{n}.PrivateIpAddress": f"10.0.{n >> 8}.{n & 255}" for n in range(10, 1010)}
    body = {
        "Action": "CreateNetworkInterface",
        "Version": "2016-11-15",
        "SubnetId": things["subnet"],
        **given,
    }
    assert watched.ask(urlencode(body).encode()) == (400, OVER)


@pytest.mark.parametrize("text", [text for text in HUGE + NO_NUMBERS if text not in ("-1", "10000")])
def test_numbers_within_texts(watched: Watched, things: dict[str, str], text: str) -> None:
    """Protocols, lengths of blocks and a lease are numbers that the service model takes for strings."""
    rule = {"Action": "AuthorizeSecurityGroupIngress", **RULE, "IpProtocol": text}
    block = {"Action": "CreateVpc", "CidrBlock": f"10.9.0.0/{text}"}
    entry = {"Action": "CreateNetworkAclEntry", **ENTRY, "Protocol": text}
    source = {"Action": "AuthorizeSecurityGroupIngress", **RULE, "CidrIp": f"10.0.0.0/{text}"}
    lease = {"Action": "CreateDhcpOptions", "DhcpConfiguration.1.Key": "ipv6-address-preferred-lease-time",
             "DhcpConfiguration.1.Value.1": text if text != "2147483647" else "2147483648"}  # fmt: skip
    for given in (rule, block, entry, source, lease if text != "65536" else rule):
        asked = {name: value.format(**things) for name, value in (given | {"Version": "2016-11-15"}).items()}
        status, code = watched.ask(urlencode(asked).encode())
        assert (status, bool(code)) == (400, True), asked


# --- elastinet's own pages, and the metadata service ----------------------------------------------

PAGES = ("GET /_elastinet/place?type=c5.large&count={}", "POST /_elastinet/settle?timeout={}",
         "POST /_elastinet/fail?unit=use1-az1-rack-{}", "POST /_elastinet/repair?unit=use1-az1-host-{}",
         "GET /_elastinet/predict?source={id}&target={id}&flows={}", "GET /_elastinet/predict?source={id}&target={id}&duration={}",
         "GET /_elastinet/predict?source={id}&target={id}&bytes={}", "GET /_elastinet/perf?source={id}&target={id}&flows={}",
         "GET /_elastinet/plant?zone={}", "GET /_elastinet/interface?id={}")  # fmt: skip
BLANKS = (" ", "1 ", " 1", "", "1.0", "1e3", "+1", "10000", "65536")
"""What some of those pages take for a number, or for nothing."""


@pytest.mark.parametrize("page", PAGES)
def test_every_number_of_a_page(watched: Watched, things: dict[str, str], page: str) -> None:
    method, _, path = page.partition(" ")
    for text in (text for text in HUGE + NO_NUMBERS if text not in BLANKS):
        asked = path.format(quote(text, safe=""), id=things["instance"])
        status, told = ask(watched.served.url, method, asked, [("Host", "localhost")])
        assert 400 <= status < 500, (text, told)
        assert json.loads(told)["error"], text


ALL_PAGES = ("status", "instances", "interface", "costs", "efa", "mpi", "plant", "place", "nic", "traffic", "metrics",
             "predict", "credits", "perf", "why", "verify", "fail", "repair", "settle")  # fmt: skip
NAMES = ("id", "instance", "zone", "type", "count", "strategy", "group", "source", "target", "flows", "duration", "bytes",
         "transport", "via", "port", "protocol", "ipv6", "all", "packets", "unit", "kind", "timeout", "name")  # fmt: skip
ODD = (
    "",
    "%00",
    "%ff%fe",
    "%",
    "%zz",
    "..%2F..%2Fetc",
    "%F0%9F%98%80",
    "x" * 3000,
    "us-east-1a-",
    "-az-",
    "i-",
    "eni-",
    "use1-az1-rack-",
    "nan",
)


@pytest.mark.parametrize("page", ALL_PAGES)
def test_no_page_is_without_an_answer(watched: Watched, things: dict[str, str], page: str) -> None:
    method = "POST" if page in ("fail", "repair", "settle") else "GET"
    for turn, name in enumerate(NAMES, ALL_PAGES.index(page)):
        for value in some((*ODD, *HUGE, things["instance"]), turn):
            query = f"{name}={value}&{name}=x&{name}={value}"
            status, told = ask(
                watched.served.url, method, f"/_elastinet/{page}?{query}", [("Host", "localhost")]
            )
            assert status in (200, 400, 404, 408), (query, told)
    assert "Traceback" not in watched.log()


# --- the readers themselves -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [text for text in NO_NUMBERS if not text.strip("-").isascii() or not text.strip("-").isdigit()]
)
def test_no_number(text: str) -> None:
    assert whole(text, -(1 << 63), 1 << 63) is None


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("-1", -1), ("007", 7), ("7" * 18, int("7" * 18)), ("9" * 21, None)]
)
def test_whole_numbers(text: str, number: int | None) -> None:
    assert whole(text, -(10**30), 10**30) == number


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("1e3", 1000), ("-.5", None), ("nan", None), ("inf", None), ("1e999", None),
                                              ("9" * 401, None), ("1_0", None), ("\u0661", None), ("2.50", 2.5), (" 1", None)])  # fmt: skip
def test_decimals(text: str, number: float | None) -> None:
    assert decimal(text) == number


def test_bounds_are_kept() -> None:
    assert (whole("5", 5, 5), whole("4", 5, 5), whole("6", 5, 5)) == (5, None, None)
    assert (decimal("5", 5, 5), decimal("4.9", 5, 5), decimal("5.1", 5, 5)) == (5.0, None, None)
