"""What a VPC's DHCP options tell its instances."""


def resolv_conf(world, **given):
    """The resolver configuration of an instance in a VPC with these options."""
    vpc = world.vpc()
    options = "default"
    if given:
        configurations = [{"Key": key.replace("_", "-"), "Values": values} for key, values in given.items()]
        options = world.ec2.create_dhcp_options(DhcpConfigurations=configurations)["DhcpOptions"][
            "DhcpOptionsId"
        ]
    world.ec2.associate_dhcp_options(VpcId=vpc.id, DhcpOptionsId=options)
    (one,) = world.launch(vpc.left, vpc.group)
    said = world.out(one.id, "cat /etc/resolv.conf").replace(f"10.{vpc.number}.", "10.N.")
    world.cli("reset")
    return said


def test_servers_of_one_s_own_and_amazon_s(world):
    given = {"domain_name": ["example.com"], "domain_name_servers": ["AmazonProvidedDNS", "192.0.2.53"]}
    assert resolv_conf(world, **given) == "search example.com\nnameserver 10.N.0.2\nnameserver 192.0.2.53\n"


def test_a_set_without_servers_gives_none(world):
    assert resolv_conf(world, domain_name=["example.com"]) == "search example.com\n"


def test_no_set_at_all(world):
    assert resolv_conf(world) == ""
