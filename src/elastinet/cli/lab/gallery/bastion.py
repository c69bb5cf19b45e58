"""A bastion: the one way in, by SSH, to instances that have no public address.

The inner group names the bastion's group, not an address: whoever is a member may come.
"""

from elastinet.cli.lab.region import INTERNET, Region


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    public, private = vpc.subnets
    region.table(vpc.id, private)  # without a way to the internet
    door = region.group(vpc.id, "bastion", 22, "0.0.0.0/0")
    inner = region.group(vpc.id, "inside", 22, door)
    bastion = region.launch(public, door, name="bastion")
    app, other = (region.launch(private, inner, name=name) for name in ("app", "other"))
    address = region.elastic_ip(bastion.eni)

    region.reaches("the internet reaches the bastion by SSH", INTERNET, address, 22)
    region.blocked("but no other port of it", INTERNET, address, 80)
    region.reaches("the bastion reaches the app by SSH", bastion.id, app.id, 22)
    region.blocked("but no other port of that", bastion.id, app.id, 443)
    region.blocked("the apps do not reach each other", other.id, app.id, 22)
    region.blocked("an app does not go out", app.id, INTERNET, 443)
    region.ec2.modify_network_interface_attribute(NetworkInterfaceId=bastion.eni, Groups=[vpc.group])
    region.blocked("out of its group, the bastion is a stranger", bastion.id, app.id, 22)
