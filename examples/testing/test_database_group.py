"""Only web servers reach the database. Open the wrong port, or open it to all, and this fails."""

import boto3
import pytest


def build() -> tuple[str, str]:
    """Make the groups of web servers and of the database: the program under test, as it runs on AWS."""
    ec2 = boto3.client("ec2")
    web, database = (
        ec2.create_security_group(GroupName=n, Description=n)["GroupId"] for n in ("web", "database")
    )
    members = {"FromPort": 5432, "ToPort": 5432, "IpProtocol": "tcp", "UserIdGroupPairs": [{"GroupId": web}]}
    ec2.authorize_security_group_ingress(GroupId=database, IpPermissions=[members])
    return web, database


@pytest.mark.needs_packets
def test_only_web_servers_reach_the_database(instances):
    web, database = (instances.run(SecurityGroupIds=[group]) for group in build())
    stranger = instances.run()
    assert web.can_reach(database, port=5432)
    assert not stranger.can_reach(database, port=5432)
