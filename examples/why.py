"""Eight reasons for "it cannot connect": each made, found by `elastinet why`, opened by what that prints."""

import json
import os
import subprocess
from pathlib import Path

from region import ELASTINET, Region, check

os.environ |= {"AWS_ACCESS_KEY_ID": "example", "AWS_SECRET_ACCESS_KEY": "example"}
os.environ["PATH"] = f"{Path(ELASTINET).parent}:{os.environ['PATH']}"

with Region("--fabric", "none") as region:

    def why(*words):
        asked = [ELASTINET, "why", *words, "--json", "--server-port", region.port]
        return json.loads(subprocess.run(asked, stdout=subprocess.PIPE, check=False).stdout)

    def found(reason, *words):
        told = why(*words)
        check(reason, not told["reachable"], told["sentence"])
        for command in told["commands"]:
            subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)
        check("and it is opened by that", why(*words)["reachable"])

    os.environ["AWS_ENDPOINT_URL"] = region.url
    ec2, vpc = region.ec2, region.network("10.0.1.0/24", "10.0.2.0/24")
    group = region.group(vpc.id, "ssh", 22, "10.0.0.0/16")
    web, db = (region.launch(subnet, group) for subnet in vpc.subnets)
    there, out = (web.id, db.id, "--port", "5432"), (web.id, "internet", "--port", "443")
    own = {"Filters": [{"Name": "vpc-id", "Values": [vpc.id]}]}
    acl = ec2.describe_network_acls(**own)["NetworkAcls"][0]["NetworkAclId"]
    table = ec2.describe_route_tables(**own)["RouteTables"][0]["RouteTableId"]
    deny = {"NetworkAclId": acl, "Protocol": "-1", "RuleAction": "deny", "RuleNumber": 90}
    anywhere = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    found("no rule of a group lets it in", *there)
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=anywhere)
    found("no rule of a group lets it out", *there)
    ec2.create_network_acl_entry(Egress=False, CidrBlock="10.0.1.0/24", **deny)
    found("a network ACL denies it", *there)
    ec2.create_network_acl_entry(Egress=True, CidrBlock="10.0.1.0/24", **deny)
    found("a network ACL denies the answers", *there)
    ec2.stop_instances(InstanceIds=[db.id])
    region.settle()
    found("an instance is stopped", *there)
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=anywhere)
    found("no public address", *out)
    ec2.delete_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0")
    found("no route to the internet", *out)
    found("nothing lets the internet in", "internet", web.id, "--port", "443")
