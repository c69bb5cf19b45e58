"""A wild region with one of everything that is described, and what becomes of it when all has settled."""

from elastinet.ec2.core.fact import (
    ImageCaptured,
    InstanceGone,
    InstanceRunning,
    InterfaceAttached,
    InterfaceDetached,
)
from elastinet.model.image import Snapshot
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from small_region import HERE, OWNER, THERE
from wild_region import Wild

CONTENT = "ab" * 32
TAGS = [{"Key": "Name", "Value": "a name"}, {"Key": "empty", "Value": ""}]


class Full(Wild):
    """A wild region with one of everything that is described, and not in every wild one."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed, forwards=seed % 2 == 0)
        self.vpc, self.subnet = self.vpcs[0], self.subnets[0]
        self._six()
        self._names()
        self._images()
        self._endings()
        every = [
            self.vpc,
            self.subnet,
            *self.ends,
            self.list,
            *(groups[0] for groups in self.groups.values()),
        ]
        self.attempt("CreateTags", Resources=every, Tags=TAGS)

    def _six(self) -> None:
        self.attempt("AssociateVpcCidrBlock", VpcId=self.vpc, AmazonProvidedIpv6CidrBlock=True)
        (seen,) = self.region.call("DescribeVpcs", VpcIds=[self.vpc])["Vpcs"]
        block = seen["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"].replace("/56", "/64")
        self.attempt("AssociateSubnetCidrBlock", SubnetId=self.subnet, Ipv6CidrBlock=block)
        self.attempt("AssociateVpcCidrBlock", VpcId=self.vpc, CidrBlock="10.77.0.0/16")
        door = self.region.call("CreateEgressOnlyInternetGateway", VpcId=self.vpc)
        own = door["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
        six = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": own}
        self.attempt("CreateRoute", RouteTableId=self.region.table(self.vpc), **six)
        for end in self.ends:
            self.attempt("AssignIpv6Addresses", NetworkInterfaceId=end, Ipv6AddressCount=2)
            self.attempt("AssignIpv6Addresses", NetworkInterfaceId=end, Ipv6PrefixCount=1)

    def _names(self) -> None:
        self.attempt("ModifyVpcAttribute", VpcId=self.vpc, EnableDnsHostnames={"Value": True})
        service, table = f"com.amazonaws.{HERE}.s3", self.region.table(self.vpc)
        self.attempt("CreateVpcEndpoint", VpcId=self.vpc, ServiceName=service, RouteTableIds=[table])
        options = [{"Key": "domain-name", "Values": ["a.example"]}]
        made = self.region.call("CreateDhcpOptions", DhcpConfigurations=options)["DhcpOptions"]
        self.attempt("AssociateDhcpOptions", VpcId=self.vpc, DhcpOptionsId=made["DhcpOptionsId"])
        self.attempt("CreateKeyPair", KeyName="a key", KeyType="ed25519")
        self.attempt("CreatePlacementGroup", GroupName="near", Strategy="partition", PartitionCount=3)
        aside = {"SubnetId": self.subnet, "Cidr": "10.0.0.16/28", "ReservationType": "explicit"}
        self.attempt("CreateSubnetCidrReservation", **aside)
        idle = {"AllocationId": self._elastic(), "DomainName": "a.example"}
        self.attempt("ModifyAddressAttribute", **idle)
        self.attempt("CreateNetworkInterface", SubnetId=self.subnet, Description="alone")
        entry = {
            "PrefixListId": self.list,
            "AddEntries": [{"Cidr": "192.0.2.0/24", "Description": "of docs"}],
        }
        self.attempt("ModifyManagedPrefixList", CurrentVersion=1, **entry)

    def _images(self) -> None:
        (public, *_) = self.region.call("DescribeImages", Owners=["amazon"])["Images"]
        copy = {"SourceImageId": public["ImageId"], "SourceRegion": HERE}
        self.attempt("CopyImage", Name="a copy", **copy)
        one = self.region.instance(self.region.launch(self.subnet))
        self.region.engine.report(OWNER, HERE, InstanceRunning(one.id, one.boot))
        self.region.call("CreateImage", InstanceId=one.id, Name="of an instance", NoReboot=True)

    def _endings(self) -> None:
        """What has gone is shown for a while, and routes to it are black holes."""
        gone = self.region.launch(self.subnet)
        target = {"RouteTableId": self.region.table(self.vpc), "NetworkInterfaceId": gone.id}
        self.attempt("CreateRoute", DestinationCidrBlock="198.51.100.0/24", **target)
        ended = self.region.instance(gone).id
        self.attempt("TerminateInstances", InstanceIds=[ended])
        self.region.engine.report(OWNER, HERE, InstanceGone(ended, asked=True))
        far = self.region.vpc("10.99.0.0/16", THERE)
        asked = {"VpcId": self.vpc, "PeerVpcId": far, "PeerRegion": THERE}
        self.attempt("CreateVpcPeeringConnection", **asked)

    def settle(self) -> None:
        """Have come what a fabric would tell of."""
        engine, state = self.region.engine, self.region.state
        for snapshot in state.where(Snapshot, "state", "pending"):
            engine.report(*snapshot.scope, ImageCaptured(snapshot.id, CONTENT))
        for instance in state.all(Instance):
            if instance.state in ("stopping", "shutting-down"):
                engine.report(*instance.scope, InstanceGone(instance.id, asked=True))
        for interface in state.all(NetworkInterface):
            if attachment := interface.attachment:
                engine.report(*interface.scope, InterfaceAttached(interface.id, attachment.id))
                engine.report(*interface.scope, InterfaceDetached(interface.id, attachment.id))
