"""A region in which everything that EC2 refuses can be provoked, and a picture of all that it holds."""

import contextlib
import http.client
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode, urlsplit

from watched import REQUEST_ID

NONE = "00000000000000000"
LISTINGS = (
    "addresses",
    "dhcp_options",
    "egress_only_internet_gateways",
    "hosts",
    "instance_topology",
    "instances",
    "internet_gateways",
    "key_pairs",
    "launch_templates",
    "managed_prefix_lists",
    "nat_gateways",
    "network_acls",
    "network_interfaces",
    "placement_groups",
    "route_tables",
    "security_group_rules",
    "security_groups",
    "subnets",
    "tags",
    "volumes",
    "vpc_peering_connections",
    "vpcs",
)


def picture(ec2: Any) -> dict[str, bytes]:
    """Everything that the account can see of itself, as it is written: to compare it takes no reading.

    It is asked for over one connection and without boto3, which would take most of the time.
    """
    connection = http.client.HTTPConnection(urlsplit(ec2.meta.endpoint_url).netloc, timeout=60)
    account = ec2._request_signer._credentials.access_key
    scope = f"{account}/20260101/{ec2.meta.region_name}/ec2/aws4_request"
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0",
    }
    with contextlib.closing(connection):
        return {name: _shown(connection, name, headers) for name in LISTINGS}


def _shown(connection: http.client.HTTPConnection, name: str, headers: dict[str, str]) -> bytes:
    action = f"Describe{name.title().replace('_', '')}"
    connection.request("POST", "/", urlencode({"Action": action, "Version": "2016-11-15"}), headers)
    answer = connection.getresponse()
    document = answer.read()
    assert answer.status == 200, (action, document)
    return REQUEST_ID.sub(b"", document, count=1)


def table_of(ec2: Any, vpc: str) -> dict[str, Any]:
    """A VPC's main route table."""
    asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "association.main", "Values": ["true"]}]
    (table,) = ec2.describe_route_tables(Filters=asked)["RouteTables"]
    return dict(table)


def default_of(ec2: Any, noun: str, vpc: str) -> str:
    """A VPC's default group or network ACL."""
    if noun == "group":
        asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "group-name", "Values": ["default"]}]
        return str(ec2.describe_security_groups(Filters=asked)["SecurityGroups"][0]["GroupId"])
    asked = [{"Name": "vpc-id", "Values": [vpc]}, {"Name": "default", "Values": ["true"]}]
    return str(ec2.describe_network_acls(Filters=asked)["NetworkAcls"][0]["NetworkAclId"])


class Scene(SimpleNamespace):
    """The region's ids by the part that each plays."""

    def __init__(self, ec2: Any) -> None:
        super().__init__(ec2=ec2)
        self._networks()
        self._instances()
        self._places()
        self._gateways()
        self._quotas()

    def _networks(self) -> None:
        ec2 = self.ec2
        self.default_vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        self.vpc, self.bare = (
            ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in ("10.0.0.0/16", "10.1.0.0/16")
        )
        self.left = self._subnet(self.vpc, "10.0.1.0/24", "a")
        self.right = self._subnet(self.vpc, "10.0.2.0/24", "b")
        self.small = self._subnet(self.vpc, "10.0.3.0/28", "a")
        self.far = self._subnet(self.bare, "10.1.1.0/24", "a")
        self.igw, self.idle_igw = (
            ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"] for _ in range(2)
        )
        ec2.attach_internet_gateway(InternetGatewayId=self.igw, VpcId=self.vpc)
        self.main = table_of(ec2, self.vpc)["RouteTableId"]
        self.main_association = table_of(ec2, self.vpc)["Associations"][0]["RouteTableAssociationId"]
        ec2.create_route(RouteTableId=self.main, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.igw)
        self.table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        ec2.associate_route_table(RouteTableId=self.table, SubnetId=self.right)
        self.acl = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        self.entry = {
            "NetworkAclId": self.acl, "RuleNumber": 100, "Protocol": "-1", "RuleAction": "allow",
            "Egress": False, "CidrBlock": "0.0.0.0/0",
        }  # fmt: skip
        ec2.create_network_acl_entry(**self.entry)
        self.default_acl = default_of(ec2, "acl", self.vpc)
        self.default_group = default_of(ec2, "group", self.vpc)
        self.far_group = default_of(ec2, "group", self.bare)
        self.group = self._group("web")
        self.ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
        ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[self.ssh])

    def _subnet(self, vpc: str, block: str, zone: str) -> str:
        made = self.ec2.create_subnet(VpcId=vpc, CidrBlock=block, AvailabilityZone=f"us-east-1{zone}")
        return str(made["Subnet"]["SubnetId"])

    def _group(self, name: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description="d", VpcId=self.vpc)
        return str(made["GroupId"])

    def _interface(self, subnet: str, **more: Any) -> dict[str, Any]:
        return dict(self.ec2.create_network_interface(SubnetId=subnet, **more)["NetworkInterface"])

    def launch(self, **more: Any) -> dict[str, Any]:
        """Launch one instance and wait until it runs."""
        waiter = self.ec2.get_waiter("instance_running")
        (launched,) = self.ec2.run_instances(**self.launching(**more))["Instances"]
        waiter.wait(InstanceIds=[launched["InstanceId"]], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        return dict(launched)

    def _stop(self, *ids: str) -> None:
        self.ec2.stop_instances(InstanceIds=ids)
        waiter = self.ec2.get_waiter("instance_stopped")
        waiter.wait(InstanceIds=ids, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})

    def launching(self, **more: Any) -> dict[str, Any]:
        """What RunInstances is asked for."""
        given = {"ImageId": self.image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        place = {} if {"NetworkInterfaces", "SubnetId"} & more.keys() else {"SubnetId": self.left}
        return given | place | more

    def _instances(self) -> None:
        ec2 = self.ec2
        (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
            "Images"
        ]
        (bare,) = ec2.describe_images(Filters=[{"Name": "ena-support", "Values": ["false"]}])["Images"]
        self.image, self.no_ena = image["ImageId"], bare["ImageId"]
        one = self.launch(DisableApiTermination=True, SecurityGroupIds=[self.group])
        self.one, self.eni = one["InstanceId"], one["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.primary = one["NetworkInterfaces"][0]["Attachment"]["AttachmentId"]
        self.two = self.launch()["InstanceId"]
        self.free = self._interface(self.left, SecondaryPrivateIpAddressCount=1)["NetworkInterfaceId"]
        self.free_elsewhere = self._interface(self.right)["NetworkInterfaceId"]
        self.free_far = self._interface(self.far)["NetworkInterfaceId"]
        second = self._interface(self.left)
        self.second, self.taken = second["NetworkInterfaceId"], second["PrivateIpAddress"]
        self.attachment = ec2.attach_network_interface(
            NetworkInterfaceId=self.second, InstanceId=self.two, DeviceIndex=1
        )["AttachmentId"]
        self.token = self.launching(ClientToken="gone")
        (gone,) = ec2.run_instances(**self.token)["Instances"]
        self.gone = gone["InstanceId"]
        ec2.terminate_instances(InstanceIds=[self.gone])
        self.stopped = self.launch(ImageId=self.no_ena, InstanceType="t2.micro")["InstanceId"]
        self._stop(self.stopped)
        ec2.modify_instance_attribute(InstanceId=self.stopped, InstanceType={"Value": "t3.micro"})
        ec2.create_key_pair(KeyName="mine")
        self.volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=8)["VolumeId"]
        data = {"ImageId": self.image, "InstanceType": "t3.micro"}
        ec2.create_launch_template(LaunchTemplateName="mine", LaunchTemplateData=data)
        waiter = ec2.get_waiter("instance_terminated")
        waiter.wait(InstanceIds=[self.gone], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        self._interface(self.small, SecondaryPrivateIpAddressCount=9)

    def _places(self) -> None:
        """Groups, one of them with an instance that has stopped, and a host with another such instance."""
        ec2 = self.ec2
        for name, strategy in (("near", "cluster"), ("far", "spread"), ("apart", "partition")):
            ec2.create_placement_group(GroupName=name, Strategy=strategy)
        made = ec2.create_placement_group(GroupName="pair", Strategy="partition", PartitionCount=2)
        self.pair = made["PlacementGroup"]["GroupId"]
        self.member = self.launch(InstanceType="c5.large", Placement={"GroupName": "near"})["InstanceId"]
        zone = {"AvailabilityZone": "us-east-1a"}
        (self.host,) = ec2.allocate_hosts(InstanceType="m5.large", AutoPlacement="off", **zone)["HostIds"]
        on_host = {"Tenancy": "host", "HostId": self.host}
        self.hosted = self.launch(InstanceType="m5.large", Placement=on_host)["InstanceId"]
        self._stop(self.member, self.hosted)
        wanted = {"default-for-az": "true", "availability-zone": "us-east-1a"}
        asked = [{"Name": name, "Values": [value]} for name, value in wanted.items()]
        self.wide = ec2.describe_subnets(Filters=asked)["Subnets"][0]["SubnetId"]

    def placing(self, type_name: str = "c5.large", count: int = 1, **placement: Any) -> dict[str, Any]:
        """What RunInstances is asked for, with a place."""
        many = {"MinCount": count, "MaxCount": count, "SubnetId": self.wide}
        return self.launching(InstanceType=type_name, Placement=placement, **many)

    def _gateways(self) -> None:
        ec2 = self.ec2
        self.allocation, self.idle, *_ = (
            ec2.allocate_address(Domain="vpc")["AllocationId"] for _ in range(5)
        )
        associated = ec2.associate_address(AllocationId=self.allocation, InstanceId=self.one)
        self.association = associated["AssociationId"]
        made = ec2.create_nat_gateway(SubnetId=self.left, ConnectivityType="private")["NatGateway"]
        self.nat = made["NatGatewayId"]
        waiter = ec2.get_waiter("nat_gateway_available")
        waiter.wait(NatGatewayIds=[self.nat], WaiterConfig={"Delay": 0.1, "MaxAttempts": 300})
        (shown,) = ec2.describe_network_interfaces(
            Filters=[{"Name": "interface-type", "Values": ["nat_gateway", "natGateway"]}]
        )["NetworkInterfaces"]
        self.nat_eni, self.nat_bond = shown["NetworkInterfaceId"], shown["Attachment"]["AttachmentId"]
        asked = ec2.create_vpc_peering_connection(VpcId=self.vpc, PeerVpcId=self.bare)
        self.peering = asked["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=self.peering)
        self.eigw = ec2.create_egress_only_internet_gateway(VpcId=self.vpc)["EgressOnlyInternetGateway"][
            "EgressOnlyInternetGatewayId"
        ]
        made = ec2.create_managed_prefix_list(
            PrefixListName="mine", AddressFamily="IPv4", MaxEntries=1, Entries=[{"Cidr": "192.0.2.0/24"}]
        )
        self.listed = made["PrefixList"]["PrefixListId"]

    def _quotas(self) -> None:
        """Take what is left of the small quotas."""
        ec2 = self.ec2
        for number in range(5 - len(ec2.describe_vpcs()["Vpcs"])):
            ec2.create_vpc(CidrBlock=f"10.{10 + number}.0.0/16")
        for _ in range(5 - len(ec2.describe_internet_gateways()["InternetGateways"])):
            ec2.create_internet_gateway()
        self.full_group = self._group("full")
        ports = [
            {"IpProtocol": "udp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            for port in range(60)
        ]
        ec2.authorize_security_group_ingress(GroupId=self.full_group, IpPermissions=ports)
        self.groups = [self.group, self.full_group, *(self._group(f"g{number}") for number in range(4))]
        self.full_table = ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        for number in range(50):
            block = f"192.168.{number}.0/24"
            ec2.create_route(RouteTableId=self.full_table, DestinationCidrBlock=block, GatewayId=self.igw)
        self.full_acl = ec2.create_network_acl(VpcId=self.vpc)["NetworkAcl"]["NetworkAclId"]
        for number in range(1, 20):
            ec2.create_network_acl_entry(**self.entry | {"NetworkAclId": self.full_acl, "RuleNumber": number})
