"""Three tiers: the internet reaches web, web reaches app, app reaches db, and nobody skips one."""

from elastinet.cli.lab.region import INTERNET, Region


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/24")
    public, *private = vpc.subnets
    region.table(vpc.id, *private)  # without a way to the internet
    web_group = region.group(vpc.id, "web", 80, "0.0.0.0/0")
    app_group = region.group(vpc.id, "app", 8080, web_group)
    db_group = region.group(vpc.id, "db", 5432, app_group)
    web = region.launch(public, web_group, name="web")
    app = region.launch(private[0], app_group, name="app")
    db = region.launch(private[1], db_group, name="db")
    address = region.elastic_ip(web.eni)

    region.reaches("the internet reaches web", INTERNET, address, 80)
    region.reaches("web reaches app", web.id, app.id, 8080)
    region.reaches("app reaches db", app.id, db.id, 5432)
    region.blocked("web does not reach db", web.id, db.id, 5432)
    region.blocked("db does not go back to app", db.id, app.id, 8080)
    region.blocked("db does not go out", db.id, INTERNET, 443)
    region.reaches("web does", web.id, INTERNET, 443)
    region.ec2.create_network_acl_entry(
        NetworkAclId=_acl(region, vpc.id), RuleNumber=90, Protocol="6", RuleAction="deny", Egress=False,
        CidrBlock="10.0.1.0/24", PortRange={"From": 8080, "To": 8080},
    )  # fmt: skip
    region.blocked("a network ACL between the subnets ends it", web.id, app.id, 8080)


def _acl(region: Region, vpc: str) -> str:
    """The VPC's default network ACL."""
    found = region.ec2.describe_network_acls(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["NetworkAcls"]
    return str(found[0]["NetworkAclId"])
