import pytest

from place import launch, make_place
from refused import refused


@pytest.fixture
def place(ec2):
    return make_place(ec2)


def rules(ec2, group, egress=False):
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    return [r for r in found["SecurityGroupRules"] if r["IsEgress"] == egress]


def tcp(low, high=None, **peers):
    return [{"IpProtocol": "tcp", "FromPort": low, "ToPort": high or low, **peers}]


ANY = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def test_new_group_lets_nothing_in_and_everything_out(ec2, place):
    (group,) = ec2.describe_security_groups(GroupIds=[place.group])["SecurityGroups"]
    assert (group["GroupName"], group["Description"], group["VpcId"]) == ("web", "d", place.vpc)
    assert group["IpPermissions"] == []
    (out,) = group["IpPermissionsEgress"]
    assert out["IpProtocol"] == "-1"
    assert out["IpRanges"] == [{"CidrIp": "0.0.0.0/0"}]
    assert "FromPort" not in out


def test_default_group_lets_itself_in(ec2, place):
    found = ec2.describe_security_groups(
        Filters=[{"Name": "vpc-id", "Values": [place.vpc]}, {"Name": "group-name", "Values": ["default"]}]
    )
    (group,) = found["SecurityGroups"]
    (pair,) = group["IpPermissions"][0]["UserIdGroupPairs"]
    assert pair["GroupId"] == group["GroupId"]
    with refused("CannotDelete", "default"):
        ec2.delete_security_group(GroupId=group["GroupId"])


@pytest.mark.parametrize(
    ("name", "code"),
    [("default", "InvalidGroup.Reserved"), ("sg-mine", "InvalidParameterValue"), ("web", "InvalidGroup.Duplicate"),
     ("ünicode", "InvalidParameterValue"), ("x" * 256, "InvalidParameterValue"), ("a;drop table`", "InvalidParameterValue")],
)  # fmt: skip
def test_bad_names(ec2, place, name, code):
    with refused(code):
        ec2.create_security_group(GroupName=name, Description="d", VpcId=place.vpc)


def test_same_name_in_another_vpc(ec2, place):
    ec2.create_security_group(GroupName="web", Description="d")  # the default VPC


def test_authorize_gives_each_rule_an_id(ec2, place):
    given = ec2.authorize_security_group_ingress(
        GroupId=place.group,
        IpPermissions=[
            *tcp(
                80,
                81,
                IpRanges=[{"CidrIp": "10.0.0.1/8", "Description": "inside"}],
                Ipv6Ranges=[{"CidrIpv6": "::/0"}],
            ),
            {
                "IpProtocol": "icmp",
                "FromPort": 8,
                "ToPort": -1,
                "UserIdGroupPairs": [{"GroupId": place.group}],
            },
            {"IpProtocol": "47", "IpRanges": [{"CidrIp": "1.2.3.4/32"}]},
        ],
    )["SecurityGroupRules"]
    shown = [
        (r["IpProtocol"], r["FromPort"], r["ToPort"], r.get("CidrIpv4") or r.get("CidrIpv6")) for r in given
    ]
    assert shown == [
        ("tcp", 80, 81, "10.0.0.0/8"),
        ("tcp", 80, 81, "::/0"),
        ("icmp", 8, -1, None),
        ("47", -1, -1, "1.2.3.4/32"),
    ]
    assert given[0]["Description"] == "inside"
    assert given[2]["ReferencedGroupInfo"]["GroupId"] == place.group
    assert [r["SecurityGroupRuleId"] for r in rules(ec2, place.group)] == [
        r["SecurityGroupRuleId"] for r in given
    ]


def test_duplicates_are_refused_and_nothing_is_added(ec2, place):
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=tcp(22, **ANY))
    sentence = 'the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists'
    with refused("InvalidPermission.Duplicate", sentence):
        ec2.authorize_security_group_ingress(
            GroupId=place.group, IpPermissions=tcp(23, **ANY) + tcp(22, **ANY)
        )
    assert len(rules(ec2, place.group)) == 1
    all_in = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": place.group}]}]
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=all_in)
    with refused("InvalidPermission.Duplicate", f'"peer: {place.group}, ALL, ALLOW"'):
        ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=all_in)


@pytest.mark.parametrize(
    ("permission", "code"),
    [
        ({"IpProtocol": "tcp", "FromPort": 80, "ToPort": 79, **ANY}, "InvalidParameterValue"),
        ({"IpProtocol": "tcp", "FromPort": 1, "ToPort": 65536, **ANY}, "InvalidParameterValue"),
        ({"IpProtocol": "tcp", **ANY}, "MissingParameter"),
        ({"IpProtocol": "icmp", "FromPort": -1, "ToPort": 3, **ANY}, "InvalidParameterValue"),
        ({"IpProtocol": "nonsense", **ANY}, "InvalidPermission.Malformed"),
        ({"IpProtocol": "256", **ANY}, "InvalidPermission.Malformed"),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.0/33"}]}, "InvalidParameterValue"),
        ({"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.0.0.1"}]}, "InvalidParameterValue"),
        ({"IpProtocol": "-1", "Ipv6Ranges": [{"CidrIpv6": "10.0.0.0/8"}]}, "InvalidParameterValue"),
        ({"IpProtocol": "-1"}, "MissingParameter"),
        ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "sg-12345678"}]}, "InvalidGroup.NotFound"),
        ({"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": "vpc-12345678"}]}, "InvalidGroupId.Malformed"),
        (
            {"IpProtocol": "-1", "PrefixListIds": [{"PrefixListId": "pl-12345678"}]},
            "InvalidPrefixListID.NotFound",
        ),
    ],
)
def test_bad_rules(ec2, place, permission, code):
    with refused(code):
        ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=[permission])
    assert rules(ec2, place.group) == []


def test_revoke_by_rule_and_by_id(ec2, place):
    made = ec2.authorize_security_group_ingress(
        GroupId=place.group, IpPermissions=tcp(80, **ANY) + tcp(81, **ANY)
    )
    id = made["SecurityGroupRules"][1]["SecurityGroupRuleId"]
    ec2.revoke_security_group_ingress(GroupId=place.group, IpPermissions=tcp(80, **ANY))
    gone = ec2.revoke_security_group_ingress(GroupId=place.group, SecurityGroupRuleIds=[id])
    assert [r["SecurityGroupRuleId"] for r in gone["RevokedSecurityGroupRules"]] == [id]
    assert rules(ec2, place.group) == []
    with refused("InvalidPermission.NotFound", "The specified rule does not exist in this security group."):
        ec2.revoke_security_group_ingress(GroupId=place.group, IpPermissions=tcp(80, **ANY))
    with refused("InvalidSecurityGroupRuleId.NotFound"):
        ec2.revoke_security_group_ingress(GroupId=place.group, SecurityGroupRuleIds=[id])


def test_egress(ec2, place):
    (every,) = rules(ec2, place.group, egress=True)
    ec2.revoke_security_group_egress(GroupId=place.group, SecurityGroupRuleIds=[every["SecurityGroupRuleId"]])
    ec2.authorize_security_group_egress(GroupId=place.group, IpPermissions=tcp(443, **ANY))
    assert [r["FromPort"] for r in rules(ec2, place.group, egress=True)] == [443]


def test_modify_rules_keeps_their_ids(ec2, place):
    made = ec2.authorize_security_group_ingress(
        GroupId=place.group, IpPermissions=tcp(80, **ANY) + tcp(81, **ANY)
    )
    first, second = (r["SecurityGroupRuleId"] for r in made["SecurityGroupRules"])
    new = {
        "IpProtocol": "tcp",
        "FromPort": 8080,
        "ToPort": 8090,
        "CidrIpv4": "10.0.0.0/8",
        "Description": "new",
    }
    ec2.modify_security_group_rules(
        GroupId=place.group, SecurityGroupRules=[{"SecurityGroupRuleId": first, "SecurityGroupRule": new}]
    )
    changed = next(r for r in rules(ec2, place.group) if r["SecurityGroupRuleId"] == first)
    assert (changed["FromPort"], changed["CidrIpv4"], changed["Description"]) == (8080, "10.0.0.0/8", "new")
    with refused("InvalidPermission.Duplicate"):
        ec2.modify_security_group_rules(
            GroupId=place.group,
            SecurityGroupRules=[{"SecurityGroupRuleId": second, "SecurityGroupRule": new}],
        )


def test_descriptions(ec2, place):
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=tcp(80, **ANY))
    described = tcp(80, IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "the web"}])
    ec2.update_security_group_rule_descriptions_ingress(GroupId=place.group, IpPermissions=described)
    assert [r["Description"] for r in rules(ec2, place.group)] == ["the web"]
    (out,) = rules(ec2, place.group, egress=True)
    ec2.update_security_group_rule_descriptions_egress(
        GroupId=place.group,
        SecurityGroupRuleDescriptions=[
            {"SecurityGroupRuleId": out["SecurityGroupRuleId"], "Description": "all"}
        ],
    )
    assert rules(ec2, place.group, egress=True)[0]["Description"] == "all"


def test_quota_of_rules(ec2, place):
    sixty = [p for port in range(60) for p in tcp(1000 + port, **ANY)]
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=sixty)
    with refused("RulesPerSecurityGroupLimitExceeded"):
        ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=tcp(22, **ANY))
    # The families count apart.
    ec2.authorize_security_group_ingress(
        GroupId=place.group, IpPermissions=tcp(22, Ipv6Ranges=[{"CidrIpv6": "::/0"}])
    )


def test_delete(ec2, place):
    other = ec2.create_security_group(GroupName="other", Description="d", VpcId=place.vpc)["GroupId"]
    pair = [{"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": other}]}]
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=pair)
    with refused("DependencyViolation", f"resource {other} has a dependent object"):
        ec2.delete_security_group(GroupId=other)
    ec2.revoke_security_group_ingress(GroupId=place.group, IpPermissions=pair)
    ec2.delete_security_group(GroupId=other)
    with refused("InvalidGroup.NotFound", f"The security group '{other}' does not exist"):
        ec2.describe_security_groups(GroupIds=[other])
    launch(ec2, place, SecurityGroupIds=[place.group])
    with refused("DependencyViolation"):
        ec2.delete_security_group(GroupId=place.group)


def test_tags_on_rules_and_groups(ec2, place):
    spec = [{"ResourceType": "security-group-rule", "Tags": [{"Key": "a", "Value": "b"}]}]
    ec2.authorize_security_group_ingress(
        GroupId=place.group, IpPermissions=tcp(80, **ANY), TagSpecifications=spec
    )
    found = ec2.describe_security_group_rules(Filters=[{"Name": "tag:a", "Values": ["b"]}])[
        "SecurityGroupRules"
    ]
    assert [r["FromPort"] for r in found] == [80]


def test_filters(ec2, place):
    ec2.authorize_security_group_ingress(GroupId=place.group, IpPermissions=tcp(80, **ANY))

    def found(name, value):
        filters = [{"Name": name, "Values": [value]}, {"Name": "vpc-id", "Values": [place.vpc]}]
        return [g["GroupName"] for g in ec2.describe_security_groups(Filters=filters)["SecurityGroups"]]

    assert found("ip-permission.from-port", "80") == ["web"]
    assert found("ip-permission.cidr", "0.0.0.0/0") == ["web"]
    assert sorted(found("egress.ip-permission.protocol", "-1")) == ["default", "web"]
    assert found("ip-permission.from-port", "81") == []


def test_five_groups_an_interface(ec2, place):
    groups = [place.group] + [
        ec2.create_security_group(GroupName=f"g{n}", Description="d", VpcId=place.vpc)["GroupId"]
        for n in range(5)
    ]
    with refused("SecurityGroupsPerInterfaceLimitExceeded"):
        ec2.create_network_interface(SubnetId=place.subnet, Groups=groups)
    made = ec2.create_network_interface(SubnetId=place.subnet, Groups=groups[:5])["NetworkInterface"]
    assert [g["GroupId"] for g in made["Groups"]] == groups[:5]


def test_group_of_another_vpc(ec2, place):
    other = ec2.create_security_group(GroupName="far", Description="d")["GroupId"]
    with refused("InvalidParameter", "security group and subnet belong to different networks"):
        ec2.create_network_interface(SubnetId=place.subnet, Groups=[other])
