"""Descriptions and tag keys outside EC2's bounds, in every operation that takes one."""

import pytest

from elastinet.wire.service import service_of
from place import make_place
from refused import refused

BAD = ("the operator's address", "a -> b", "naïve", "x" * 256, "two\nlines")
GOOD = ("", "a", "x" * 255, "a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*")
SENTENCE = (
    "Valid descriptions are strings less than 256 characters from the following set: a-zA-Z0-9. _-:/()#,@"
)
PEERS = {
    "IpRanges": {"CidrIp": "10.0.0.0/8"},
    "Ipv6Ranges": {"CidrIpv6": "2001:db8::/32"},
    "UserIdGroupPairs": {},
    "PrefixListIds": {},
}


@pytest.fixture
def place(ec2):
    made = make_place(ec2)
    asked = {"PrefixListName": "l", "AddressFamily": "IPv4", "MaxEntries": 9}
    made.listed = ec2.create_managed_prefix_list(**asked)["PrefixList"]["PrefixListId"]
    return made


def permission(place, kind, description):
    ids = {"UserIdGroupPairs": {"GroupId": place.group}, "PrefixListIds": {"PrefixListId": place.listed}}
    peer = PEERS[kind] | ids.get(kind, {}) | {"Description": description}
    return [{"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7, kind: [peer]}]


def rule_ids(ec2, group, *, egress):
    asked = [{"Name": "group-id", "Values": [group]}]
    found = ec2.describe_security_group_rules(Filters=asked)["SecurityGroupRules"]
    return [rule["SecurityGroupRuleId"] for rule in found if rule["IsEgress"] == egress]


@pytest.mark.parametrize("direction", ["ingress", "egress"])
@pytest.mark.parametrize("kind", PEERS)
def test_rules(ec2, place, kind, direction):
    group = {"GroupId": place.group}
    authorize = getattr(ec2, f"authorize_security_group_{direction}")
    update = getattr(ec2, f"update_security_group_rule_descriptions_{direction}")
    for text in BAD:
        with refused("InvalidParameterValue", "Invalid rule description.", SENTENCE):
            authorize(**group, IpPermissions=permission(place, kind, text))
    authorize(**group, IpPermissions=permission(place, kind, GOOD[-1]))
    for text in BAD:
        with refused("InvalidParameterValue", "Invalid rule description.", SENTENCE):
            update(**group, IpPermissions=permission(place, kind, text))
    for text in GOOD:
        update(**group, IpPermissions=permission(place, kind, text))


@pytest.mark.parametrize("direction", ["ingress", "egress"])
def test_rules_by_id(ec2, place, direction):
    group, update = (
        {"GroupId": place.group},
        getattr(ec2, f"update_security_group_rule_descriptions_{direction}"),
    )
    permissions = permission(place, "IpRanges", "")
    getattr(ec2, f"authorize_security_group_{direction}")(**group, IpPermissions=permissions)
    *_, id = rule_ids(ec2, place.group, egress=direction == "egress")
    rule = {"IpProtocol": "tcp", "FromPort": 7, "ToPort": 7, "CidrIpv4": "10.0.0.0/8"}
    for text in BAD:
        item = {"SecurityGroupRuleId": id, "Description": text}
        with refused("InvalidParameterValue", "Invalid rule description.", SENTENCE):
            update(**group, SecurityGroupRuleDescriptions=[item])
        changed = {"SecurityGroupRuleId": id, "SecurityGroupRule": rule | {"Description": text}}
        with refused("InvalidParameterValue", "Invalid rule description.", SENTENCE):
            ec2.modify_security_group_rules(**group, SecurityGroupRules=[changed])


@pytest.mark.parametrize("text", BAD)
def test_groups(ec2, place, text):
    with refused("InvalidParameterValue"):
        ec2.create_security_group(GroupName="other", Description=text, VpcId=place.vpc)


def test_a_groups_sentence(ec2, place):
    with refused("InvalidParameterValue", "Invalid security group description.", SENTENCE):
        ec2.create_security_group(GroupName="other", Description=BAD[0], VpcId=place.vpc)


@pytest.mark.parametrize("text", BAD)
def test_entries_of_prefix_lists(ec2, place, text):
    entry = {"Cidr": "192.0.2.0/24", "Description": text}
    asked = {"PrefixListName": "m", "AddressFamily": "IPv4", "MaxEntries": 9}
    with refused("InvalidParameterValue", SENTENCE):
        ec2.create_managed_prefix_list(**asked, Entries=[entry])
    where = {"PrefixListId": place.listed, "CurrentVersion": 1}
    with refused("InvalidParameterValue", SENTENCE):
        ec2.modify_managed_prefix_list(**where, AddEntries=[entry])


RESERVED = ("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
TAKING = {
    "create_volume": ("volume", lambda p: {"AvailabilityZone": "us-east-1a", "Size": 1}),
    "create_vpc": ("vpc", lambda p: {"CidrBlock": "10.9.0.0/16"}),
    "create_subnet": ("subnet", lambda p: {"VpcId": p.vpc, "CidrBlock": "10.0.9.0/24"}),
    "create_subnet_cidr_reservation": (
        "subnet-cidr-reservation",
        lambda p: {"SubnetId": p.other, "Cidr": "10.0.2.0/28", "ReservationType": "prefix"},
    ),
    "create_internet_gateway": ("internet-gateway", lambda p: {}),
    "create_egress_only_internet_gateway": ("egress-only-internet-gateway", lambda p: {"VpcId": p.vpc}),
    "create_nat_gateway": ("natgateway", lambda p: {"SubnetId": p.subnet, "ConnectivityType": "private"}),
    "create_route_table": ("route-table", lambda p: {"VpcId": p.vpc}),
    "create_network_acl": ("network-acl", lambda p: {"VpcId": p.vpc}),
    "create_dhcp_options": (
        "dhcp-options",
        lambda p: {"DhcpConfigurations": [{"Key": "domain-name", "Values": ["a.b"]}]},
    ),
    "create_managed_prefix_list": (
        "prefix-list",
        lambda p: {"PrefixListName": "n", "AddressFamily": "IPv4", "MaxEntries": 1},
    ),
    "create_security_group": (
        "security-group",
        lambda p: {"GroupName": "n", "Description": "d", "VpcId": p.vpc},
    ),
    "authorize_security_group_ingress": (
        "security-group-rule",
        lambda p: {"GroupId": p.group, "IpPermissions": permission(p, "IpRanges", "")},
    ),
    "authorize_security_group_egress": (
        "security-group-rule",
        lambda p: {"GroupId": p.group, "IpPermissions": permission(p, "IpRanges", "")},
    ),
    "create_network_interface": ("network-interface", lambda p: {"SubnetId": p.subnet}),
    "allocate_address": ("elastic-ip", lambda p: {}),
    "create_key_pair": ("key-pair", lambda p: {"KeyName": "n"}),
    "import_key_pair": ("key-pair", lambda p: {"KeyName": "n", "PublicKeyMaterial": KEY}),
    "create_placement_group": ("placement-group", lambda p: {"GroupName": "n", "Strategy": "spread"}),
    "allocate_hosts": (
        "dedicated-host",
        lambda p: {"AvailabilityZone": "us-east-1a", "InstanceType": "m5.large"},
    ),
    "create_vpc_endpoint": (
        "vpc-endpoint",
        lambda p: {"VpcId": p.vpc, "ServiceName": "com.amazonaws.us-east-1.s3"},
    ),
    "create_vpc_peering_connection": (
        "vpc-peering-connection",
        lambda p: {"VpcId": p.vpc, "PeerVpcId": p.peer},
    ),
    "create_launch_template": (
        "launch-template",
        lambda p: {"LaunchTemplateName": "new", "LaunchTemplateData": {"ImageId": p.image}},
    ),
    "create_network_insights_path": (
        "network-insights-path",
        lambda p: {
            "Source": p.gateway,
            "Protocol": "tcp",
            "FilterAtSource": {"DestinationAddress": "192.0.2.1"},
        },
    ),
    "create_network_insights_access_scope": (
        "network-insights-access-scope",
        lambda p: {"MatchPaths": [{"Source": {"ResourceStatement": {"Resources": [p.gateway]}}}]},
    ),
    "start_network_insights_access_scope_analysis": (
        "network-insights-access-scope-analysis",
        lambda p: {"NetworkInsightsAccessScopeId": p.scope},
    ),
    "start_network_insights_analysis": (
        "network-insights-analysis",
        lambda p: {"NetworkInsightsPathId": p.path},
    ),
    "create_fleet": (
        "volume",
        lambda p: {
            "Type": "instant",
            "TargetCapacitySpecification": {
                "TotalTargetCapacity": 1,
                "DefaultTargetCapacityType": "on-demand",
            },
            "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": p.template}],
        },
    ),
    "copy_image": (
        "image",
        lambda p: {"Name": "copied", "SourceImageId": p.image, "SourceRegion": "us-east-1"},
    ),
    "create_image": ("image", lambda p: {"Name": "created", "InstanceId": p.instance}),
    "register_image": (
        "image",
        lambda p: {
            "Name": "registered",
            "RootDeviceName": "/dev/xvda",
            "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"SnapshotId": p.snapshot}}],
        },
    ),
    "run_instances": (
        "volume",
        lambda p: {
            "ImageId": p.image,
            "InstanceType": "c5.large",
            "MinCount": 1,
            "MaxCount": 1,
            "SubnetId": p.subnet,
        },
    ),
}
KEY = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE2Z1mPXd0vGgGiWhOlTr+0wg4ZAvYOvNWrCmV5FPIrE x"


@pytest.mark.parametrize("method", TAKING)
def test_reserved_tag_keys(ec2, place, method):
    resource, asked = TAKING[method]
    place.peer = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    template = {"LaunchTemplateName": "old", "LaunchTemplateData": {"ImageId": place.image}}
    ec2.create_launch_template(**template)
    place.template = {"LaunchTemplateName": "old", "Version": "1"}
    path = TAKING["create_network_insights_path"][1](place)
    place.path = ec2.create_network_insights_path(**path)["NetworkInsightsPath"]["NetworkInsightsPathId"]
    scope = ec2.create_network_insights_access_scope(
        **TAKING["create_network_insights_access_scope"][1](place)
    )
    place.scope = scope["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
    copied = ec2.copy_image(Name="for its snapshot", SourceImageId=place.image, SourceRegion="us-east-1")
    (image,) = ec2.describe_images(ImageIds=[copied["ImageId"]])["Images"]
    place.snapshot = image["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    launched = ec2.run_instances(**TAKING["run_instances"][1](place))["Instances"]
    place.instance = launched[0]["InstanceId"]
    given = asked(place)
    for key in ("aws:cloudformation:stack-name", "AWS:x"):
        tags = [{"ResourceType": resource, "Tags": [{"Key": key, "Value": "v"}]}]
        with refused(*RESERVED):
            getattr(ec2, method)(**given, TagSpecifications=tags)
    mine = [{"ResourceType": resource, "Tags": [{"Key": "mine:aws:", "Value": "aws:"}]}]
    getattr(ec2, method)(**given, TagSpecifications=mine)


def test_every_operation_with_tags_is_tried(ec2):
    from botocore import xform_name

    from elastinet.ec2.operations import OPERATIONS

    def takes_tags(action):
        shape = service_of(action).input_shape(action)
        return shape is not None and "TagSpecifications" in shape.members

    # An accepted transfer needs an account that offers one; its tags are read where all others are.
    apart = {"accept_address_transfer"}
    assert {xform_name(action) for action in OPERATIONS if takes_tags(action)} - apart == TAKING.keys()
