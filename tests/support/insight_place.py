"""A VPC with a public and a private subnet, to ask Reachability Analyzer about."""

from typing import Any

Found = dict[str, Any]


def cidr(protocol: str, port: int, block: str = "0.0.0.0/0") -> Found:
    """A permission of a group."""
    return {"IpProtocol": protocol, "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": block}]}


class InsightPlace:
    """`web` has an Elastic IP and is open on 80, `db` is open on 5432 to web's group, and has no way out."""

    def __init__(self, ec2: Any, number: int = 0) -> None:
        self.ec2, self.number = ec2, number
        self.vpc = ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")["Vpc"]["VpcId"]
        self.public, self.private = self.subnet(1), self.subnet(2)
        self.gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.table = self.table_for(self.public)
        ec2.create_route(RouteTableId=self.table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)
        self.own = self.table_for(self.private)
        self.open, self.closed = self.group("open", cidr("tcp", 80)), self.group("closed")
        peers = {"UserIdGroupPairs": [{"GroupId": self.open}]}
        self.allow(self.closed, {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432} | peers)
        self.web, self.web_eni = self.instance(self.public, self.open)
        self.db, self.db_eni = self.instance(self.private, self.closed)
        self.address = self.elastic(self.web_eni)

    def subnet(self, number: int) -> str:
        block = f"10.{self.number}.{number}.0/24"
        made = self.ec2.create_subnet(
            VpcId=self.vpc, CidrBlock=block, AvailabilityZone=f"{self.ec2.meta.region_name}a"
        )
        return str(made["Subnet"]["SubnetId"])

    def table_for(self, subnet: str) -> str:
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return str(table)

    def group(self, name: str, *permissions: Found) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        for permission in permissions:
            self.allow(made["GroupId"], permission)
        return str(made["GroupId"])

    def allow(self, group: str, permission: Found) -> None:
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[permission])

    def instance(self, subnet: str, group: str) -> tuple[str, str]:
        image = self.ec2.describe_images(Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][
            0
        ]
        run = self.ec2.run_instances(
            ImageId=image["ImageId"],
            InstanceType="m5.large",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[group],
        )
        (made,) = run["Instances"]
        return made["InstanceId"], made["NetworkInterfaces"][0]["NetworkInterfaceId"]

    def elastic(self, eni: str) -> str:
        made = self.ec2.allocate_address(Domain="vpc")
        self.ec2.associate_address(AllocationId=made["AllocationId"], NetworkInterfaceId=eni)
        return str(made["PublicIp"])

    def nat(self) -> str:
        """A NAT gateway in the public subnet, to which the private one's table leads."""
        address = self.ec2.allocate_address(Domain="vpc")["AllocationId"]
        made = self.ec2.create_nat_gateway(SubnetId=self.public, AllocationId=address)
        id = str(made["NatGateway"]["NatGatewayId"])
        self.ec2.get_waiter("nat_gateway_available").wait(NatGatewayIds=[id])
        self.ec2.create_route(RouteTableId=self.own, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=id)
        return id

    def peer(self, other: "InsightPlace", *, routed: bool = True) -> str:
        """A peering connection with another VPC, and routes of all private subnets over it."""
        asked = self.ec2.create_vpc_peering_connection(VpcId=self.vpc, PeerVpcId=other.vpc)
        id = str(asked["VpcPeeringConnection"]["VpcPeeringConnectionId"])
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=id)
        for one, far in ((self, other), (other, self)) if routed else ():
            block = f"10.{far.number}.0.0/16"
            one.ec2.create_route(RouteTableId=one.own, DestinationCidrBlock=block, VpcPeeringConnectionId=id)
        return id

    def path(self, source: str, destination: str = "", port: int | None = None, **more: Any) -> str:
        """A new path."""
        asked = {"Source": source, "Protocol": "tcp"} | more
        asked |= {"Destination": destination} if destination else {}
        asked |= {} if port is None else {"DestinationPort": port}
        made = self.ec2.create_network_insights_path(**asked)
        return str(made["NetworkInsightsPath"]["NetworkInsightsPathId"])

    def analyse(self, path: str, **more: Any) -> Found:
        """The result of an analysis of a path."""
        started = self.ec2.start_network_insights_analysis(NetworkInsightsPathId=path, **more)
        id = started["NetworkInsightsAnalysis"]["NetworkInsightsAnalysisId"]
        shown = self.ec2.describe_network_insights_analyses(NetworkInsightsAnalysisIds=[id])
        (found,) = shown["NetworkInsightsAnalyses"]
        assert found["Status"] == "succeeded"
        return dict(found)

    def ask(self, source: str, destination: str = "", port: int | None = None, **more: Any) -> Found:
        """The result of an analysis of a new path."""
        filters = {name: more.pop(name) for name in ("FilterInArns", "FilterOutArns") if name in more}
        return self.analyse(self.path(source, destination, port, **more), **filters)


def codes(found: Found) -> list[str]:
    """The codes of an analysis's explanations."""
    return [one["ExplanationCode"] for one in found.get("Explanations", ())]


def ids(components: list[Found]) -> list[str]:
    """The ids of components, in the order of their numbers."""
    assert [one["SequenceNumber"] for one in components] == [*range(1, len(components) + 1)]
    return [one["Component"]["Id"] for one in components]


def kinds(components: list[Found]) -> list[str]:
    """The kinds of components, by the prefix of their ids."""
    return [id.rpartition("-")[0] for id in ids(components)]
