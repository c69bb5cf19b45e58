"""A security group's mistake: a ping is blocked, why says by what and what opens it, and then it passes.

The web server may ask the database on port 5423. It listens on 5432: two digits are the wrong way round, and
nothing in the code that made the group looks wrong.
"""

from elastinet.cli.lab.region import INTERNET, Region


def run(region: Region) -> None:
    """Build it, and check it."""
    vpc = region.network("10.0.1.0/24")
    web_group = region.group(vpc.id, "web")
    db_group = region.group(vpc.id, "db", 5423, web_group)
    web = region.launch(vpc.subnets[0], web_group, name="web")
    db = region.launch(vpc.subnets[0], db_group, name="db")

    region.blocked("web pings db: no rule lets it", web.id, db.id)
    region.blocked("web asks db on its port, 5432", web.id, db.id, 5432)
    region.reaches("5423 is open, for the rule says so", web.id, db.id, 5423)
    told = region.why(web.id, db.id, port="5432")
    region.check("elastinet why names the group", db_group in str(told), told["sentence"])

    region.allow(db_group, 5432, web_group)
    region.reaches("with the rule web is answered", web.id, db.id, 5432)
    ping = {"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "UserIdGroupPairs": [{"GroupId": web_group}]}
    region.ec2.authorize_security_group_ingress(GroupId=db_group, IpPermissions=[ping])
    region.reaches("and so is its ping", web.id, db.id)
    region.blocked("db is not opened to others: db asks web", db.id, web.id, 5432)
    region.elastic_ip(db.eni)
    region.blocked("nor to the internet, with a public address", INTERNET, db.id, 5432)
