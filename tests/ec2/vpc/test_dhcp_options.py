import pytest

from refused import refused


def make(ec2, **options):
    given = [{"Key": key.replace("_", "-"), "Values": values} for key, values in options.items()]
    return ec2.create_dhcp_options(DhcpConfigurations=given)["DhcpOptions"]


def shown(ec2, id):
    (found,) = ec2.describe_dhcp_options(DhcpOptionsIds=[id])["DhcpOptions"]
    return {one["Key"]: [v["Value"] for v in one["Values"]] for one in found["DhcpConfigurations"]}


def of_vpc(ec2, vpc):
    return ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["DhcpOptionsId"]


def test_the_default_set(server, ec2, vpc):
    assert shown(ec2, of_vpc(ec2, vpc)) == {
        "domain-name": ["ec2.internal"],
        "domain-name-servers": ["AmazonProvidedDNS"],
    }
    far = server.client(region="eu-west-1")
    (one,) = far.describe_vpcs()["Vpcs"]
    assert shown(far, one["DhcpOptionsId"])["domain-name"] == ["eu-west-1.compute.internal"]


def test_create(ec2):
    options = {
        "domain_name": ["example.com corp.example.com"],
        "domain_name_servers": ["AmazonProvidedDNS", "192.0.2.53"],
        "ntp_servers": ["192.0.2.1,192.0.2.2"],
        "netbios_name_servers": ["192.0.2.3"],
        "netbios_node_type": ["2"],
        "ipv6_address_preferred_lease_time": ["140"],
    }
    made = make(ec2, **options)
    found = shown(ec2, made["DhcpOptionsId"])
    assert found["ntp-servers"] == ["192.0.2.1", "192.0.2.2"]
    assert (found["netbios-node-type"], len(found)) == (["2"], 6)
    asked = [{"Name": "key", "Values": ["domain-name"]}, {"Name": "value", "Values": ["example.com*"]}]
    assert ec2.describe_dhcp_options(Filters=asked)["DhcpOptions"] == [made]
    ec2.create_tags(Resources=[made["DhcpOptionsId"]], Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("domain_name", ["a\nport=53"]),
        ("domain_name", ["a,b"]),
        ("domain_name", ["a.example", "b.example"]),
        ("domain_name_servers", ["ns.example.com"]),
        ("domain_name_servers", [f"192.0.2.{n}" for n in range(5)]),
        ("ntp_servers", ["AmazonProvidedDNS"]),
        ("netbios_node_type", ["3"]),
        ("ipv6_address_preferred_lease_time", ["139"]),
        ("boot_file", ["x"]),
    ],
)
def test_what_cannot_be(ec2, key, values):
    with refused("InvalidParameterValue"):
        make(ec2, **{key: values})


def test_what_is_missing_or_twice(ec2):
    with refused("MissingParameter"):
        make(ec2, domain_name=[])
    twice = [{"Key": "domain-name", "Values": [name]} for name in ("a.example", "b.example")]
    with refused("InvalidParameterValue", "only once"):
        ec2.create_dhcp_options(DhcpConfigurations=twice)


def test_associate_and_delete(ec2, vpc):
    id = make(ec2, domain_name=["example.com"])["DhcpOptionsId"]
    ec2.associate_dhcp_options(VpcId=vpc, DhcpOptionsId=id)
    assert of_vpc(ec2, vpc) == id
    with refused("DependencyViolation", f"The dhcpOptions '{id}' has dependencies and cannot be deleted."):
        ec2.delete_dhcp_options(DhcpOptionsId=id)
    ec2.associate_dhcp_options(VpcId=vpc, DhcpOptionsId="default")
    assert of_vpc(ec2, vpc) == "default"
    ec2.delete_dhcp_options(DhcpOptionsId=id)
    with refused("InvalidDhcpOptionID.NotFound", id):
        ec2.associate_dhcp_options(VpcId=vpc, DhcpOptionsId=id)
    with refused("InvalidDhcpOptionsId.Malformed"):
        shown(ec2, "x")
    with refused("InvalidVpcID.NotFound"):
        ec2.associate_dhcp_options(VpcId="vpc-00000000000000000", DhcpOptionsId="default")


def test_quota(serve):
    ec2 = serve(quotas={"dhcp_options": 2}).client()
    ec2.describe_vpcs()
    make(ec2, domain_name=["example.com"])
    with refused("DhcpOptionsLimitExceeded"):
        make(ec2, domain_name=["example.org"])
