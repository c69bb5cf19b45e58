"""What may be asked of a region: for each move, an action and how its parameters are chosen."""

from collections.abc import Callable
from typing import Any

from choice import ACCOUNTS, REGION, Choice

from blocks6 import numbered
from elastinet.catalog.images import images
from elastinet.ec2.vpc.route_tables import destination_member
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.acl import NetworkAcl
from elastinet.model.dhcp import DhcpOptions
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fleet import Fleet
from elastinet.model.insights import InsightsAnalysis, InsightsPath
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.launch_template import LaunchTemplate
from elastinet.model.nat import NatGateway
from elastinet.model.peering import Peering
from elastinet.model.placement import DedicatedHost, PlacementGroup
from elastinet.model.prefix_list import PrefixList
from elastinet.model.reservation import SubnetReservation
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.transfer import AddressTransfer
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.rules.efa.efa import is_efa

Params = dict[str, Any]
Call = tuple[str, Params]

IMAGE = next(i.id for i in images(REGION, ()).values() if i.architecture == "x86_64" and i.ena_support)
TYPES = ("t3.micro", "m5.large", "m5.4xlarge")
OLD_TYPES = ("m3.medium", "c3.large", "r4.large")
EXPRESS_TYPES, WEIGHTED_TYPES = ("m6i.8xlarge", "m8i.24xlarge"), ("m8i.large", "m8i.24xlarge")
EFA_TYPES = ("c5n.18xlarge", "c6in.32xlarge")
NO_ENA = next(i.id for i in images(REGION, ()).values() if not i.ena_support)

MOVES: dict[str, Callable[[Choice], Call]] = {}


def move(action: str) -> Callable[[Callable[[Choice], Params]], Callable[[Choice], Params]]:
    """Add a move that makes the parameters of an action."""

    def add(make: Callable[[Choice], Params]) -> Callable[[Choice], Params]:
        MOVES[make.__name__] = lambda choice: (action, make(choice))
        return make

    return add


# --- instances ------------------------------------------------------------------------------------


def _launch(c: Choice, **fields: Any) -> Params:
    return {"ImageId": IMAGE, "InstanceType": c.one(TYPES), "MinCount": 1, "MaxCount": 1} | fields


@move("RunInstances")
def launch(c: Choice) -> Params:
    return _launch(c, MaxCount=1 + c.number(2))


@move("RunInstances")
def launch_somewhere(c: Choice) -> Params:
    subnet = c.subnet
    return _launch(c, SubnetId=subnet, SecurityGroupIds=c.groups())


@move("RunInstances")
def launch_old(c: Choice) -> Params:
    return _launch(c, ImageId=c.one((IMAGE, NO_ENA)), InstanceType=c.one((*OLD_TYPES, "m5.large")))


@move("RunInstances")
def launch_in_group(c: Choice) -> Params:
    groups = c.nouns(PlacementGroup)
    name = c.one([g.group_name for g in groups] or ["nowhere"])
    kind = c.one(("m5.large", "m5.4xlarge", "m5.24xlarge"))
    return _launch(c, InstanceType=kind, MaxCount=1 + c.number(3), Placement={"GroupName": name})


@move("RunInstances")
def launch_apart(c: Choice) -> Params:
    return _launch(c, InstanceType="m5.large", Placement={"Tenancy": c.one(("dedicated", "host"))})


# --- launch templates and fleets ------------------------------------------------------------------


def _template(c: Choice) -> Params:
    return {"LaunchTemplateName": f"template{c.number(2)}"}


def _data(c: Choice) -> Params:
    """What a template asks for: of interfaces in part, of types some that a zone may lack."""
    interface = {"DeviceIndex": 0, "Groups": c.groups(), "SubnetId": c.subnet}
    more: Params = {"NetworkInterfaces": [interface]} if c.chance(2) else {"SecurityGroupIds": c.groups()}
    return (
        {"InstanceType": c.one((*TYPES, "c5n.18xlarge"))} | ({} if c.chance(4) else {"ImageId": IMAGE}) | more
    )


@move("CreateLaunchTemplate")
def make_template(c: Choice) -> Params:
    return _template(c) | {"LaunchTemplateData": _data(c)}


@move("CreateLaunchTemplateVersion")
def make_template_version(c: Choice) -> Params:
    source = {"SourceVersion": c.one(("1", "$Latest"))} if c.chance(2) else {}
    return _template(c) | {"LaunchTemplateData": _data(c)} | source


@move("ModifyLaunchTemplate")
def choose_template_version(c: Choice) -> Params:
    return _template(c) | {"DefaultVersion": str(1 + c.number(3))}


@move("DeleteLaunchTemplateVersions")
def delete_template_version(c: Choice) -> Params:
    return _template(c) | {"Versions": [str(1 + c.number(3)), str(1 + c.number(3))]}


@move("DeleteLaunchTemplate")
def delete_template(c: Choice) -> Params:
    return {"LaunchTemplateId": c.id(LaunchTemplate, "lt")}


@move("RunInstances")
def launch_from_template(c: Choice) -> Params:
    named = _template(c) | {"Version": c.one(("1", "2", "$Latest", "$Default"))}
    over = {"ImageId": IMAGE} if c.chance(2) else {"InstanceType": c.one(TYPES)}
    return {"LaunchTemplate": named, "MinCount": 1, "MaxCount": 1 + c.number(2)} | over


@move("CreateFleet")
def make_fleet(c: Choice) -> Params:
    named = _template(c) | {"Version": c.one(("1", "$Latest"))}
    overrides = [{"InstanceType": c.one((*TYPES, "t9.huge")), "SubnetId": c.subnet} for _ in range(2)]
    least = {"MinTargetCapacity": 2, "SingleInstanceType": True} if c.chance(3) else {}
    capacity = {"TotalTargetCapacity": 1 + c.number(3), "DefaultTargetCapacityType": "on-demand"}
    return {
        "Type": "instant",
        "LaunchTemplateConfigs": [{"LaunchTemplateSpecification": named, "Overrides": overrides}],
        "TargetCapacitySpecification": capacity,
        "OnDemandOptions": least,
    }


@move("DeleteFleets")
def delete_fleet(c: Choice) -> Params:
    return {"FleetIds": [c.id(Fleet, "fleet")], "TerminateInstances": True}


@move("CreatePlacementGroup")
def make_placement_group(c: Choice) -> Params:
    strategy = c.one(("cluster", "spread", "partition"))
    return {"GroupName": f"{strategy}{c.number(2)}", "Strategy": strategy}


@move("DeletePlacementGroup")
def delete_placement_group(c: Choice) -> Params:
    return {"GroupName": c.one([g.group_name for g in c.nouns(PlacementGroup)] or ["nowhere"])}


@move("ModifyInstancePlacement")
def move_to_group(c: Choice) -> Params:
    instance = c.id(Instance, "i", lambda i: i.state == "stopped")
    return {
        "InstanceId": instance,
        "GroupName": c.one([*(g.group_name for g in c.nouns(PlacementGroup)), ""]),
    }


@move("AllocateHosts")
def allocate_hosts(c: Choice) -> Params:
    return {"AvailabilityZone": "us-east-1a", "InstanceFamily": "m5", "Quantity": 1 + c.number(2)}


@move("ModifyHosts")
def modify_hosts(c: Choice) -> Params:
    return {"HostIds": [_host(c)], "AutoPlacement": c.one(("on", "off"))}


@move("ReleaseHosts")
def release_hosts(c: Choice) -> Params:
    return {"HostIds": [_host(c)]}


def _host(c: Choice) -> str:
    return c.id(DedicatedHost, "h", lambda h: h.release_time is None)


@move("RunInstances")
def launch_with_interfaces(c: Choice) -> Params:
    free = c.id(NetworkInterface, "eni", lambda i: i.attachment is None)
    first = {"DeviceIndex": 0, "NetworkInterfaceId": free}
    fresh = {"DeviceIndex": 0, "SubnetId": c.subnet, "SecondaryPrivateIpAddressCount": c.number(3)}
    second = {"DeviceIndex": 1, "SubnetId": fresh["SubnetId"], "DeleteOnTermination": c.number(2) == 0}
    given = [first if c.chance(2) else fresh, *([second] if c.chance(2) else [])]
    return _launch(c, NetworkInterfaces=given)


def _instances(c: Choice) -> Params:
    return {"InstanceIds": list(dict.fromkeys([c.instance, c.instance]))}


for _action in ("StartInstances", "StopInstances", "TerminateInstances", "RebootInstances"):
    MOVES[_action] = lambda c, action=_action: (action, _instances(c))


@move("ModifyInstanceAttribute")
def protect(c: Choice) -> Params:
    return {"InstanceId": c.instance, "DisableApiTermination": {"Value": c.chance(3)}}


@move("ModifyInstanceAttribute")
def give_devices(c: Choice) -> Params:
    given = c.one(
        (
            {"EnaSupport": {"Value": c.chance(2)}},
            {"SriovNetSupport": {"Value": c.one(("simple", "simple", ""))}},
            {"InstanceType": {"Value": c.one((*TYPES, *OLD_TYPES, *EXPRESS_TYPES, *WEIGHTED_TYPES))}},
        )
    )
    return {"InstanceId": c.id(Instance, "i", lambda i: i.state == "stopped"), **given}


def _express(c: Choice) -> Params:
    return {"EnaSrdEnabled": not c.chance(3), "EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": c.chance(2)}}


@move("RunInstances")
def launch_with_express(c: Choice) -> Params:
    first = {"DeviceIndex": 0, "SubnetId": c.subnet, "EnaSrdSpecification": _express(c)}
    return _launch(c, InstanceType=c.one((*EXPRESS_TYPES, "m5.large")), NetworkInterfaces=[first])


@move("ModifyNetworkInterfaceAttribute")
def change_express(c: Choice) -> Params:
    big = [i.id for i in c.nouns(Instance) if i.instance_type in EXPRESS_TYPES]
    id = c.id(NetworkInterface, "eni", lambda i: bool(i.attachment and i.attachment.instance_id in big))
    return {"NetworkInterfaceId": id, "EnaSrdSpecification": _express(c)}


@move("AttachNetworkInterface")
def attach_with_express(c: Choice) -> Params:
    big = [i for i in c.nouns(Instance) if i.instance_type in EXPRESS_TYPES]
    there = [i for i in big if i.state in ("running", "stopped")]
    zones = {i.zone for i in there}
    interface = c.id(
        NetworkInterface, "eni", lambda i: i.attachment is None and not is_efa(i) and i.zone in zones
    )
    instance = c.id(Instance, "i", lambda i: i in there)
    where = {"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": 1 + c.number(3)}
    return where | {"EnaSrdSpecification": _express(c)}


def _efa(c: Choice) -> str:
    return c.one(("efa", "efa", "efa-only"))


@move("CreateNetworkInterface")
def make_efa(c: Choice) -> Params:
    return {"SubnetId": c.subnet, "InterfaceType": _efa(c)}


@move("RunInstances")
def launch_with_efa(c: Choice) -> Params:
    subnet, kind = c.subnet, c.one((*EFA_TYPES, *EFA_TYPES, "m5.large"))
    first = {"DeviceIndex": 0, "SubnetId": subnet, "InterfaceType": c.one(("interface", "efa"))}
    second = {"DeviceIndex": 1, "SubnetId": subnet, "InterfaceType": _efa(c), "NetworkCardIndex": c.number(2)}
    return _launch(c, InstanceType=kind, NetworkInterfaces=[first, second])


@move("AttachNetworkInterface")
def attach_efa(c: Choice) -> Params:
    interface = c.id(NetworkInterface, "eni", lambda i: i.attachment is None and is_efa(i))
    instance = c.id(Instance, "i", lambda i: i.instance_type in EFA_TYPES and i.state == "stopped")
    where = {"DeviceIndex": 2 + c.number(3), "NetworkCardIndex": 0 if c.chance(2) else 1}
    return {"NetworkInterfaceId": interface, "InstanceId": instance, **where}


@move("DetachNetworkInterface")
def detach_efa(c: Choice) -> Params:
    bonds = [i.attachment.id for i in c.nouns(NetworkInterface) if i.attachment and is_efa(i)]
    return {"AttachmentId": c.one(bonds) if bonds else c.attachment}


@move("ModifyInstanceAttribute")
def change_type_with_efa(c: Choice) -> Params:
    instance = c.id(Instance, "i", lambda i: i.state == "stopped" and i.instance_type in EFA_TYPES)
    return {"InstanceId": instance, "InstanceType": {"Value": c.one((*EFA_TYPES, "m5.large"))}}


def _weighting(c: Choice) -> Params:
    return {"BandwidthWeighting": c.one(("default", "vpc-1", "ebs-1"))}


@move("RunInstances")
def launch_weighted(c: Choice) -> Params:
    kind = c.one((*WEIGHTED_TYPES, "m5.large"))
    return _launch(c, InstanceType=kind, NetworkPerformanceOptions=_weighting(c))


@move("ModifyInstanceNetworkPerformanceOptions")
def weigh(c: Choice) -> Params:
    instance = c.id(Instance, "i", lambda i: i.state == "stopped" and i.instance_type in WEIGHTED_TYPES)
    return {"InstanceId": instance, **_weighting(c)}


@move("EnableAddressTransfer")
def offer_address(c: Choice) -> Params:
    return {"AllocationId": c.allocation, "TransferAccountId": c.one([a for a in ACCOUNTS if a != c.owner])}


@move("DisableAddressTransfer")
def withdraw_address(c: Choice) -> Params:
    return {"AllocationId": c.id(AddressTransfer, "eipalloc", lambda t: t.accepted is None)}


@move("AcceptAddressTransfer")
def accept_address(c: Choice) -> Params:
    """An address on offer to this account, idle where there is one."""
    state = c.engine.state
    offers = [t for t in state.all(AddressTransfer) if t.account == c.owner and t.accepted is None]
    there = [(t, state.get(Address, t.id)) for t in offers]
    idle = [t for t, address in there if address and not address.interface_id] or offers
    return {"Address": c.one(idle).public_ip if idle else "198.18.0.1"}


@move("ModifyInstanceCreditSpecification")
def change_credits(c: Choice) -> Params:
    asked = {"InstanceId": c.instance, "CpuCredits": c.one(("standard", "unlimited"))}
    return {"InstanceCreditSpecifications": [asked]}


@move("ModifyPrivateDnsNameOptions")
def rename(c: Choice) -> Params:
    kind = c.one(("ip-name", "resource-name"))
    return {"InstanceId": c.id(Instance, "i", lambda i: i.state == "stopped"), "PrivateDnsHostnameType": kind}


@move("ResetInstanceAttribute")
def reset_check(c: Choice) -> Params:
    return {"InstanceId": c.instance, "Attribute": "sourceDestCheck"}


@move("ModifyVpcTenancy")
def share_hardware(c: Choice) -> Params:
    return {"VpcId": c.vpc, "InstanceTenancy": "default"}


@move("CreateSubnetCidrReservation")
def set_aside(c: Choice) -> Params:
    subnet = c.subnet
    noun = c.engine.state.get(Subnet, subnet)
    base = noun.cidr.split("/")[0].rsplit(".", 1)[0] if noun else "172.31.0"
    cidr = f"{base}.{16 * c.number(16)}/{c.one((26, 28))}"
    return {"SubnetId": subnet, "Cidr": cidr, "ReservationType": c.one(("prefix", "explicit"))}


@move("DeleteSubnetCidrReservation")
def give_again(c: Choice) -> Params:
    return {"SubnetCidrReservationId": c.id(SubnetReservation, "scr")}


@move("CreateVpcEndpoint")
def make_endpoint(c: Choice) -> Params:
    vpc = c.vpc
    service = f"com.amazonaws.{REGION}.{c.one(('s3', 'dynamodb'))}"
    near = [t.id for t in c.nouns(RouteTable) if t.vpc_id == vpc]
    return {"VpcId": vpc, "ServiceName": service, "RouteTableIds": [c.one(near)] if near else []}


@move("CreateVpcEndpoint")
def make_interface_endpoint(c: Choice) -> Params:
    vpc = c.vpc
    service = f"com.amazonaws.{REGION}.{c.one(('ec2', 'ecr.dkr'))}"
    asked = {"VpcId": vpc, "ServiceName": service, "VpcEndpointType": "Interface"}
    near = [s.id for s in c.nouns(Subnet) if s.vpc_id == vpc]
    return asked | {"SubnetIds": [c.one(near)] if near else [], "PrivateDnsEnabled": c.one((True, False))}


@move("ModifyVpcEndpoint")
def change_interface_endpoint(c: Choice) -> Params:
    id = c.id(VpcEndpoint, "vpce")
    endpoint = c.engine.state.get(VpcEndpoint, id)
    gone = [subnet.id for subnet in endpoint.subnets] if endpoint else []
    near = [s.id for s in c.nouns(Subnet) if endpoint and s.vpc_id == endpoint.vpc_id]
    changed = {"RemoveSubnetIds": gone, "AddSubnetIds": [c.one(near)] if near else []}
    return {"VpcEndpointId": id} | c.one((changed, {"PrivateDnsEnabled": c.one((True, False))}))


@move("ModifyVpcEndpoint")
def change_endpoint(c: Choice) -> Params:
    id = c.id(VpcEndpoint, "vpce")
    endpoint = c.engine.state.get(VpcEndpoint, id)
    gone = list(endpoint.route_tables) if endpoint else []
    near = [t.id for t in c.nouns(RouteTable) if endpoint and t.vpc_id == endpoint.vpc_id] or [c.table]
    return {"VpcEndpointId": id, "RemoveRouteTableIds": gone, "AddRouteTableIds": [c.one(near)]}


@move("DeleteVpcEndpoints")
def delete_endpoint(c: Choice) -> Params:
    return {"VpcEndpointIds": [c.id(VpcEndpoint, "vpce")]}


@move("CreateNetworkInsightsPath")
def make_path(c: Choice) -> Params:
    ends = [c.instance, c.interface, c.id(InternetGateway, "igw"), c.id(Peering, "pcx")]
    port = {"DestinationPort": c.one((22, 80, 443))} if c.chance(2) else {}
    return {"Source": c.one(ends), "Destination": c.one(ends), "Protocol": c.one(("tcp", "udp"))} | port


@move("StartNetworkInsightsAnalysis")
def analyse_path(c: Choice) -> Params:
    return {"NetworkInsightsPathId": c.id(InsightsPath, "nip")}


@move("DeleteNetworkInsightsAnalysis")
def forget_analysis(c: Choice) -> Params:
    return {"NetworkInsightsAnalysisId": c.id(InsightsAnalysis, "nia")}


@move("DeleteNetworkInsightsPath")
def forget_path(c: Choice) -> Params:
    return {"NetworkInsightsPathId": c.id(InsightsPath, "nip")}


SCOPED_TYPES = ("InternetGateway", "NetworkInterface", "VPCPeeringConnection")


@move("CreateNetworkInsightsAccessScope")
def make_scope(c: Choice) -> Params:
    kinds = {"ResourceTypes": [f"AWS::EC2::{c.one(SCOPED_TYPES)}"]}
    match = {"Source": {"ResourceStatement": kinds}}
    excluded = {
        "Destination": {"ResourceStatement": {"Resources": [c.one((c.group, c.subnet, c.vpc, c.interface))]}}
    }
    return {"MatchPaths": [match], "ExcludePaths": [excluded] if c.chance(2) else []}


@move("StartNetworkInsightsAccessScopeAnalysis")
def analyse_scope(c: Choice) -> Params:
    return {"NetworkInsightsAccessScopeId": c.id(AccessScope, "nis")}


@move("DeleteNetworkInsightsAccessScopeAnalysis")
def forget_scope_analysis(c: Choice) -> Params:
    return {"NetworkInsightsAccessScopeAnalysisId": c.id(AccessScopeAnalysis, "nisa")}


@move("DeleteNetworkInsightsAccessScope")
def forget_scope(c: Choice) -> Params:
    return {"NetworkInsightsAccessScopeId": c.id(AccessScope, "nis")}


PROFILE = {"Arn": "arn:aws:iam::000000000000:instance-profile/worker"}


@move("AssociateIamInstanceProfile")
def give_role(c: Choice) -> Params:
    return {"InstanceId": c.instance, "IamInstanceProfile": PROFILE}


def _role(c: Choice) -> str:
    found = [i.profile_association for i in c.nouns(Instance) if i.profile_association]
    return c.one(found) if found else "iip-assoc-00000000000000000"


@move("ReplaceIamInstanceProfileAssociation")
def replace_role(c: Choice) -> Params:
    return {"AssociationId": _role(c), "IamInstanceProfile": {"Name": "other"}}


@move("DisassociateIamInstanceProfile")
def take_role(c: Choice) -> Params:
    return {"AssociationId": _role(c)}


# --- interfaces -----------------------------------------------------------------------------------


@move("CreateNetworkInterface")
def make_interface(c: Choice) -> Params:
    return {"SubnetId": c.subnet, "SecondaryPrivateIpAddressCount": c.number(3)}


@move("CreateNetworkInterface")
def make_interface_in_groups(c: Choice) -> Params:
    return {"SubnetId": c.subnet, "Groups": c.groups()}


@move("DeleteNetworkInterface")
def delete_interface(c: Choice) -> Params:
    return {"NetworkInterfaceId": c.id(NetworkInterface, "eni", lambda i: i.attachment is None)}


@move("AttachNetworkInterface")
def attach(c: Choice) -> Params:
    zone = c.one([i.zone for i in c.nouns(Instance)] or ["us-east-1a"])
    interface = c.id(
        NetworkInterface, "eni", lambda i: i.attachment is None and i.zone == zone and not is_efa(i)
    )
    instance = c.id(Instance, "i", lambda i: i.state in ("running", "stopped") and i.zone == zone)
    return {"NetworkInterfaceId": interface, "InstanceId": instance, "DeviceIndex": 1 + c.number(3)}


@move("DetachNetworkInterface")
def detach(c: Choice) -> Params:
    return {"AttachmentId": c.attachment}


@move("ModifyNetworkInterfaceAttribute")
def change_groups(c: Choice) -> Params:
    return {"NetworkInterfaceId": c.interface, "Groups": c.groups()}


@move("ModifyNetworkInterfaceAttribute")
def change_idle_times(c: Choice) -> Params:
    times = {"TcpEstablishedTimeout": c.one((60, 350, 432_000)), "UdpTimeout": c.one((30, 60))}
    return {"NetworkInterfaceId": c.interface, "ConnectionTrackingSpecification": times}


@move("ModifyNetworkInterfaceAttribute")
def change_check(c: Choice) -> Params:
    return {"NetworkInterfaceId": c.interface, "SourceDestCheck": {"Value": c.chance(2)}}


@move("ModifyNetworkInterfaceAttribute")
def keep_on_termination(c: Choice) -> Params:
    attachment = [i for i in c.nouns(NetworkInterface) if i.attachment]
    interface = c.one(attachment) if attachment else None
    attachment = interface.attachment.id if interface and interface.attachment else c.attachment
    id = interface.id if interface else c.interface
    value = {"AttachmentId": attachment, "DeleteOnTermination": c.chance(2)}
    return {"NetworkInterfaceId": id, "Attachment": value}


@move("AssignPrivateIpAddresses")
def assign(c: Choice) -> Params:
    return {"NetworkInterfaceId": c.interface, "SecondaryPrivateIpAddressCount": 1 + c.number(2)}


def _address(c: Choice) -> str:
    """An address that some interface has, a secondary one where there is any."""
    secondary = [a for i in c.nouns(NetworkInterface) for a in i.addresses[1:]]
    every = [a for i in c.nouns(NetworkInterface) for a in i.addresses[:1]]
    return c.one(secondary or every or ["172.31.0.9"])


@move("AssignPrivateIpAddresses")
def reassign(c: Choice) -> Params:
    fields = {"PrivateIpAddresses": [_address(c)], "AllowReassignment": not c.chance(3)}
    return {"NetworkInterfaceId": c.interface} | fields


@move("UnassignPrivateIpAddresses")
def unassign(c: Choice) -> Params:
    several = [i for i in c.nouns(NetworkInterface) if len(i.addresses) > 1]
    if not several:
        return {"NetworkInterfaceId": c.interface, "PrivateIpAddresses": ["172.31.0.9"]}
    interface = c.one(several)
    return {"NetworkInterfaceId": interface.id, "PrivateIpAddresses": [c.one(interface.addresses[1:])]}


# --- security groups ------------------------------------------------------------------------------


@move("CreateSecurityGroup")
def make_group(c: Choice) -> Params:
    return {"GroupName": f"g{c.number(1000)}", "Description": "a group", "VpcId": c.vpc}


@move("DeleteSecurityGroup")
def delete_group(c: Choice) -> Params:
    return {"GroupId": c.id(SecurityGroup, "sg", lambda g: g.group_name != "default")}


def _permission(c: Choice) -> Params:
    port = 80 + c.number(3)
    peers = {"IpRanges": [{"CidrIp": c.cidr()}]}
    if c.chance(2):
        peers = {"UserIdGroupPairs": [{"GroupId": c.group}]}
    return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port} | peers


@move("AuthorizeSecurityGroupIngress")
def let_peer_in(c: Choice) -> Params:
    """A rule about a group of a peered VPC, of any account."""
    active = [p for p in c.nouns(Peering) if p.status == "active"]
    if not active:
        return {"GroupId": c.group, "IpPermissions": [_permission(c)]}
    one = c.one(active)
    ends = c.one([(one.requester, one.accepter), (one.accepter, one.requester)])
    state = c.engine.state
    own, peer = (c.one(list(state.where(SecurityGroup, "vpc-id", end.vpc_id))).id for end in ends)
    pairs = [{"GroupId": peer}]
    return {"GroupId": own, "IpPermissions": [{"IpProtocol": "-1", "UserIdGroupPairs": pairs}]}


@move("AuthorizeSecurityGroupIngress")
def let_in(c: Choice) -> Params:
    return {"GroupId": c.group, "IpPermissions": [_permission(c), _permission(c)]}


@move("AuthorizeSecurityGroupEgress")
def let_out(c: Choice) -> Params:
    return {"GroupId": c.group, "IpPermissions": [_permission(c)]}


def _rule(c: Choice, egress: bool) -> Params:
    rules = [r for r in c.nouns(SecurityGroupRule) if r.egress == egress]
    if not rules:
        return {"GroupId": c.group, "SecurityGroupRuleIds": ["sgr-00000000000000000"]}
    rule = c.one(rules)
    return {"GroupId": rule.group_id, "SecurityGroupRuleIds": [rule.id]}


@move("RevokeSecurityGroupIngress")
def let_less_in(c: Choice) -> Params:
    return _rule(c, egress=False)


@move("RevokeSecurityGroupEgress")
def let_less_out(c: Choice) -> Params:
    return _rule(c, egress=True)


@move("ModifySecurityGroupRules")
def rewrite_rule(c: Choice) -> Params:
    rules = c.nouns(SecurityGroupRule)
    group, id = (lambda r: (r.group_id, r.id))(c.one(rules)) if rules else (c.group, "sgr-" + "0" * 17)
    new: Params = {"IpProtocol": "udp", "FromPort": 53, "ToPort": 53}
    new |= {"ReferencedGroupId": c.group} if c.chance(2) else {"CidrIpv4": c.cidr()}
    return {
        "GroupId": group,
        "SecurityGroupRules": [{"SecurityGroupRuleId": id, "SecurityGroupRule": new}],
    }


# --- VPCs, gateways, routes -----------------------------------------------------------------------


def _vpc(c: Choice) -> Params:
    return {"CidrBlock": f"10.{c.number(2)}.0.0/16"}


@move("CreateVpc")
def make_vpc(c: Choice) -> Params:
    return _vpc(c)


@move("DeleteVpc")
def delete_vpc(c: Choice) -> Params:
    return {"VpcId": c.vpc}


@move("CreateSubnet")
def make_subnet(c: Choice) -> Params:
    vpc = c.id(Vpc, "vpc", lambda v: not v.is_default)
    noun = c.engine.state.get(Vpc, vpc)
    base = noun.cidrs[0].removesuffix(".0.0/16") if noun else "10.0"
    zone = {"AvailabilityZone": c.one(("us-east-1a", "us-east-1b"))}
    return {"VpcId": vpc, "CidrBlock": f"{base}.{c.number(4)}.0/24"} | zone


@move("DeleteSubnet")
def delete_subnet(c: Choice) -> Params:
    return {"SubnetId": c.subnet}


@move("CreateInternetGateway")
def make_gateway(c: Choice) -> Params:
    return {}


def _gateway(c: Choice) -> Params:
    pairs = [g for g in c.nouns(InternetGateway) if g.vpc_id]
    if pairs and not c.chance(3):
        gateway = c.one(pairs)
        return {"InternetGatewayId": gateway.id, "VpcId": gateway.vpc_id}
    return {"InternetGatewayId": c.gateway, "VpcId": c.vpc}


@move("AttachInternetGateway")
def attach_gateway(c: Choice) -> Params:
    having = {g.vpc_id for g in c.nouns(InternetGateway)}
    gateway = c.id(InternetGateway, "igw", lambda g: g.vpc_id is None)
    return {"InternetGatewayId": gateway, "VpcId": c.id(Vpc, "vpc", lambda v: v.id not in having)}


@move("DetachInternetGateway")
def detach_gateway(c: Choice) -> Params:
    return _gateway(c)


@move("DeleteInternetGateway")
def delete_gateway(c: Choice) -> Params:
    return {"InternetGatewayId": c.id(InternetGateway, "igw", lambda g: g.vpc_id is None)}


@move("CreateRouteTable")
def make_table(c: Choice) -> Params:
    return {"VpcId": c.vpc}


@move("DeleteRouteTable")
def delete_table(c: Choice) -> Params:
    return {"RouteTableId": c.id(RouteTable, "rtb", lambda t: not t.associations)}


@move("AssociateRouteTable")
def associate(c: Choice) -> Params:
    table = c.table
    noun = c.engine.state.get(RouteTable, table)
    near = [s.id for s in c.nouns(Subnet) if noun and s.vpc_id == noun.vpc_id] or [c.subnet]
    return {"RouteTableId": table, "SubnetId": c.one(near)}


@move("AssociateRouteTable")
def associate_gateway(c: Choice) -> Params:
    gateway = c.gateway
    noun = c.engine.state.get(InternetGateway, gateway)
    fits = c.id(RouteTable, "rtb", lambda t: noun is not None and t.vpc_id == noun.vpc_id and not t.is_main)
    return {"RouteTableId": fits, "GatewayId": gateway}


@move("CreateRoute")
def make_route_inside(c: Choice) -> Params:
    subnet = c.engine.state.get(Subnet, c.subnet)
    vpc, block = (subnet.vpc_id, subnet.cidr) if subnet else (c.vpc, "10.0.0.0/24")
    eni = c.id(NetworkInterface, "eni", lambda i: i.vpc_id == vpc)
    table = c.id(RouteTable, "rtb", lambda t: t.vpc_id == vpc)
    return {"RouteTableId": table, "DestinationCidrBlock": block, "NetworkInterfaceId": eni}


@move("ReplaceRoute")
def replace_local_route(c: Choice) -> Params:
    table = c.table
    noun = c.engine.state.get(RouteTable, table)
    eni = c.id(NetworkInterface, "eni", lambda i: noun is not None and i.vpc_id == noun.vpc_id)
    target = {"LocalTarget": True} if c.chance(2) else {"NetworkInterfaceId": eni}
    block = noun.routes[0].destination if noun else "10.0.0.0/16"
    return {"RouteTableId": table, "DestinationCidrBlock": block} | target


@move("DisassociateRouteTable")
def disassociate(c: Choice) -> Params:
    bonds = [a.id for t in c.nouns(RouteTable) for a in t.associations if not a.is_main]
    return {"AssociationId": c.one(bonds or [c.association])}


@move("ReplaceRouteTableAssociation")
def replace_association(c: Choice) -> Params:
    return {"AssociationId": c.association, "RouteTableId": c.table}


def _destination(c: Choice) -> str:
    return c.one([r.destination for t in c.nouns(RouteTable) for r in t.routes[1:]] or ["0.0.0.0/0"])


def _route(c: Choice) -> Params:
    table = c.table
    noun = c.engine.state.get(RouteTable, table)
    vpc = noun.vpc_id if noun else c.vpc
    interfaces = [i.id for i in c.nouns(NetworkInterface) if i.vpc_id == vpc] or [c.interface]
    gateways = [g.id for g in c.nouns(InternetGateway) if g.vpc_id == vpc] or [c.gateway]
    target = [{"NetworkInterfaceId": c.one(interfaces)}, {"GatewayId": c.one(gateways)}][c.number(2)]
    return {"RouteTableId": table, "DestinationCidrBlock": c.cidr()} | target


@move("CreateRoute")
def make_route(c: Choice) -> Params:
    return _route(c)


@move("ReplaceRoute")
def replace_route(c: Choice) -> Params:
    route, destination = _route(c), _destination(c)
    del route["DestinationCidrBlock"]
    return route | {destination_member(destination): destination}


@move("DeleteRoute")
def delete_route(c: Choice) -> Params:
    routes = [(t.id, r.destination) for t in c.nouns(RouteTable) for r in t.routes[1:]]
    table, destination = c.one(routes) if routes else (c.table, "0.0.0.0/0")
    return {"RouteTableId": table, destination_member(destination): destination}


# --- NAT gateways ---------------------------------------------------------------------------------


@move("CreateNatGateway")
def make_nat_gateway(c: Choice) -> Params:
    if c.chance(2):
        return {"SubnetId": c.subnet, "ConnectivityType": "private"}
    idle = c.id(Address, "eipalloc", lambda a: a.association_id is None)
    return {"SubnetId": c.subnet, "AllocationId": idle}


@move("DeleteNatGateway")
def delete_nat_gateway(c: Choice) -> Params:
    return {"NatGatewayId": c.id(NatGateway, "nat", lambda n: n.alive)}


@move("CreateRoute")
def make_nat_route(c: Choice) -> Params:
    nat = c.id(NatGateway, "nat", lambda n: n.alive)
    noun = c.engine.state.get(NatGateway, nat)
    table = c.id(RouteTable, "rtb", lambda t: noun is not None and t.vpc_id == noun.vpc_id)
    return {"RouteTableId": table, "DestinationCidrBlock": c.cidr(), "NatGatewayId": nat}


@move("CreateRoute")
def make_nat64_route(c: Choice) -> Params:
    block = c.one(("64:ff9b::/96", "64:ff9b::a00:0/104"))
    return {k: v for k, v in make_nat_route(c).items() if k != "DestinationCidrBlock"} | {
        "DestinationIpv6CidrBlock": block
    }


# --- prefix lists ---------------------------------------------------------------------------------


@move("CreateManagedPrefixList")
def make_prefix_list(c: Choice) -> Params:
    fields = {"PrefixListName": f"l{c.number(9)}", "AddressFamily": "IPv4", "MaxEntries": 3}
    return fields | {"Entries": [{"Cidr": c.cidr()}]}


@move("ModifyManagedPrefixList")
def change_prefix_list(c: Choice) -> Params:
    lists = c.nouns(PrefixList)
    if not lists:
        return {"PrefixListId": c.prefix_list}
    found = c.one(lists)
    change = {"AddEntries": [{"Cidr": c.cidr()}]}
    if found.entries and c.chance(2):
        change = {"RemoveEntries": [{"Cidr": found.entries[0].cidr}]}
    return {"PrefixListId": found.id, "CurrentVersion": found.version} | change


@move("DeleteManagedPrefixList")
def delete_prefix_list(c: Choice) -> Params:
    return {"PrefixListId": c.prefix_list}


@move("CreateRoute")
def make_prefix_list_route(c: Choice) -> Params:
    route = _route(c)
    del route["DestinationCidrBlock"]
    return route | {"DestinationPrefixListId": c.prefix_list}


@move("AuthorizeSecurityGroupIngress")
def let_prefix_list_in(c: Choice) -> Params:
    lists = [{"PrefixListId": c.prefix_list}]
    return {"GroupId": c.group, "IpPermissions": [{"IpProtocol": "-1", "PrefixListIds": lists}]}


# --- peering --------------------------------------------------------------------------------------


@move("CreateVpcPeeringConnection")
def ask_to_peer(c: Choice) -> Params:
    mine, owner = c.vpc, c.one(ACCOUNTS)
    noun = c.engine.state.get(Vpc, mine)
    theirs = list(c.engine.state.where(Vpc, "scope", (owner, REGION)))
    apart = [v for v in theirs if noun and v.cidrs[0] != noun.cidrs[0]] or theirs
    peer = c.one(apart).id if apart else "vpc-00000000000000000"
    return {"VpcId": mine, "PeerVpcId": peer, "PeerOwnerId": owner}


def _peering(c: Choice) -> Params:
    return {"VpcPeeringConnectionId": c.id(Peering, "pcx", lambda p: p.open)}


for _action in ("Accept", "Reject", "Delete"):
    MOVES[f"{_action}Peering"] = lambda c, action=_action: (f"{action}VpcPeeringConnection", _peering(c))


@move("CreateRoute")
def make_peering_route(c: Choice) -> Params:
    found = [p for p in c.nouns(Peering) if p.open]
    ends = {vpc for p in found for vpc in (p.requester.vpc_id, p.accepter.vpc_id)}
    table = c.id(RouteTable, "rtb", lambda t: t.vpc_id in ends)
    return {"RouteTableId": table, "DestinationCidrBlock": c.cidr()} | _peering(c)


# --- blocks ---------------------------------------------------------------------------------------


@move("AssociateVpcCidrBlock")
def add_block(c: Choice) -> Params:
    return {"VpcId": c.vpc, "CidrBlock": c.one(("100.64.0.0/16", "10.7.0.0/16", "172.20.0.0/16"))}


@move("DisassociateVpcCidrBlock")
def take_block(c: Choice) -> Params:
    ids = [id for v in c.nouns(Vpc) for id in v.cidr_associations[1:]]
    return {"AssociationId": c.one(ids or ["vpc-cidr-assoc-00000000000000000"])}


# --- IPv6 -----------------------------------------------------------------------------------------


@move("CreateVpc")
def make_dual_stack_vpc(c: Choice) -> Params:
    return _vpc(c) | {"AmazonProvidedIpv6CidrBlock": True}


@move("AssociateVpcCidrBlock")
def add_ipv6_block(c: Choice) -> Params:
    return {"VpcId": c.id(Vpc, "vpc", lambda v: not v.cidrs6), "AmazonProvidedIpv6CidrBlock": True}


@move("DisassociateVpcCidrBlock")
def take_ipv6_block(c: Choice) -> Params:
    ids = [id for v in c.nouns(Vpc) for id in v.cidr6_associations]
    return {"AssociationId": c.one(ids or ["vpc-cidr-assoc-00000000000000000"])}


@move("AssociateSubnetCidrBlock")
def add_subnet_ipv6_block(c: Choice) -> Params:
    """For a subnet that has none, of a VPC that has one, if there is any."""
    blocks = {v.id: v.cidrs6[0] for v in c.nouns(Vpc) if v.cidrs6}
    subnet = c.id(Subnet, "subnet", lambda s: s.vpc_id in blocks and not s.cidr6)
    noun = c.engine.state.get(Subnet, subnet)
    block = blocks.get(noun.vpc_id, "2001:db8::/56") if noun else "2001:db8::/56"
    return {"SubnetId": subnet, "Ipv6CidrBlock": numbered(block, c.number(6))}


@move("CreateSubnet")
def make_ipv6_only_subnet(c: Choice) -> Params:
    vpc = c.id(Vpc, "vpc", lambda v: bool(v.cidrs6))
    noun = c.engine.state.get(Vpc, vpc)
    block = ((noun and noun.cidrs6) or ("2001:db8::/56",))[0]
    return {"VpcId": vpc, "Ipv6CidrBlock": numbered(block, 8 + c.number(6)), "Ipv6Native": True}


@move("RunInstances")
def launch_with_ipv6_only(c: Choice) -> Params:
    return _launch(c, SubnetId=c.id(Subnet, "subnet", lambda s: s.ipv6_native), MaxCount=1 + c.number(2))


@move("DisassociateSubnetCidrBlock")
def take_subnet_ipv6_block(c: Choice) -> Params:
    ids = [s.cidr6_association for s in c.nouns(Subnet) if s.cidr6]
    return {"AssociationId": c.one(ids or ["subnet-cidr-assoc-00000000000000000"])}


@move("ModifySubnetAttribute")
def assign_ipv6_on_creation(c: Choice) -> Params:
    subnet = c.id(Subnet, "subnet", lambda s: bool(s.cidr6))
    return {"SubnetId": subnet, "AssignIpv6AddressOnCreation": {"Value": not c.chance(3)}}


@move("ModifySubnetAttribute")
def switch_dns64(c: Choice) -> Params:
    return {"SubnetId": _six(c), "EnableDns64": {"Value": not c.chance(3)}}


def _six(c: Choice) -> str:
    """A subnet with an IPv6 block, if there is one."""
    return c.id(Subnet, "subnet", lambda s: bool(s.cidr6))


@move("CreateNetworkInterface")
def make_ipv6_interface(c: Choice) -> Params:
    wanted = c.one(({"Ipv6AddressCount": 1 + c.number(2)}, {"Ipv6PrefixCount": 1}, {"Ipv4PrefixCount": 1}))
    return {"SubnetId": _six(c)} | wanted


@move("RunInstances")
def launch_with_ipv6(c: Choice) -> Params:
    asked = {"EnableResourceNameDnsAAAARecord": c.chance(2)}
    return _launch(c, SubnetId=_six(c), Ipv6AddressCount=1 + c.number(2), PrivateDnsNameOptions=asked)


def _six_interface(c: Choice) -> str:
    return c.id(NetworkInterface, "eni", lambda i: bool(i.addresses6 or i.prefixes6))


@move("AssignIpv6Addresses")
def assign_ipv6(c: Choice) -> Params:
    wanted = c.one(({"Ipv6AddressCount": 1}, {"Ipv6PrefixCount": 1}))
    return {"NetworkInterfaceId": _six_interface(c)} | wanted


@move("UnassignIpv6Addresses")
def unassign_ipv6(c: Choice) -> Params:
    found = [i for i in c.nouns(NetworkInterface) if i.addresses6 or i.prefixes6]
    if not found:
        return {"NetworkInterfaceId": c.interface, "Ipv6Addresses": ["2001:db8::9"]}
    interface = c.one(found)
    gone = {"Ipv6Addresses": [*interface.addresses6[:1]]}
    if not interface.addresses6 or (interface.prefixes6 and c.chance(2)):
        gone = {"Ipv6Prefixes": [*interface.prefixes6[:1]]}
    return {"NetworkInterfaceId": interface.id} | gone


@move("AssignPrivateIpAddresses")
def delegate(c: Choice) -> Params:
    return {"NetworkInterfaceId": c.interface, "Ipv4PrefixCount": 1}


@move("UnassignPrivateIpAddresses")
def take_prefix(c: Choice) -> Params:
    found = [(i.id, p) for i in c.nouns(NetworkInterface) for p in i.prefixes]
    id, prefix = c.one(found) if found else (c.interface, "172.31.0.16/28")
    return {"NetworkInterfaceId": id, "Ipv4Prefixes": [prefix]}


@move("ModifyNetworkInterfaceAttribute")
def enable_primary_ipv6(c: Choice) -> Params:
    return {"NetworkInterfaceId": _six_interface(c), "EnablePrimaryIpv6": True}


def _ipv6_route(c: Choice) -> Params:
    gateway = c.id(EgressOnlyGateway, "eigw")
    noun = c.engine.state.get(EgressOnlyGateway, gateway)
    table = c.id(RouteTable, "rtb", lambda t: noun is not None and t.vpc_id == noun.vpc_id)
    target = {"EgressOnlyInternetGatewayId": gateway}
    if c.chance(2):
        target = {"NetworkInterfaceId": c.interface}
    return {"RouteTableId": table, "DestinationIpv6CidrBlock": c.cidr6()} | target


@move("CreateRoute")
def make_ipv6_route(c: Choice) -> Params:
    return _ipv6_route(c)


@move("ReplaceRoute")
def replace_ipv6_route(c: Choice) -> Params:
    """Another way for a block that has one already, where there is any."""
    there = [(t, r.destination) for t in c.nouns(RouteTable) for r in t.routes if ":" in r.destination]
    there = [pair for pair in there if not pair[0].is_edge] or there
    if not there:
        return _ipv6_route(c)
    table, destination = c.one(there)
    near = [i.id for i in c.nouns(NetworkInterface) if i.vpc_id == table.vpc_id] or [c.interface]
    route = {"RouteTableId": table.id, "DestinationIpv6CidrBlock": destination}
    return route | {"NetworkInterfaceId": c.one(near)}


@move("CreateNetworkAclEntry")
def make_ipv6_acl_entry(c: Choice) -> Params:
    entry = _acl_entry(c)
    del entry["CidrBlock"]
    return entry | {"Ipv6CidrBlock": c.cidr6()}


@move("AuthorizeSecurityGroupIngress")
def let_ipv6_in(c: Choice) -> Params:
    ranges = [{"CidrIpv6": c.cidr6()}]
    icmp = {"IpProtocol": "icmpv6", "FromPort": 128, "ToPort": -1, "Ipv6Ranges": ranges}
    return {"GroupId": c.group, "IpPermissions": [icmp]}


# --- DHCP options, names --------------------------------------------------------------------------


@move("CreateDhcpOptions")
def make_dhcp_options(c: Choice) -> Params:
    domain = {"Key": "domain-name", "Values": [f"d{c.number(9)}.example"]}
    servers = {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS", "192.0.2.53"]}
    return {"DhcpConfigurations": [domain, servers]}


@move("AssociateDhcpOptions")
def associate_dhcp_options(c: Choice) -> Params:
    id = "default" if c.chance(4) else c.id(DhcpOptions, "dopt")
    return {"VpcId": c.vpc, "DhcpOptionsId": id}


@move("DeleteDhcpOptions")
def delete_dhcp_options(c: Choice) -> Params:
    used = {v.dhcp_options_id for v in c.nouns(Vpc)}
    return {"DhcpOptionsId": c.id(DhcpOptions, "dopt", lambda d: d.id not in used)}


@move("ModifyVpcAttribute")
def change_dns(c: Choice) -> Params:
    name = c.one(("EnableDnsSupport", "EnableDnsHostnames"))
    return {"VpcId": c.vpc, name: {"Value": c.chance(2)}}


@move("ModifyAddressAttribute")
def name_address(c: Choice) -> Params:
    return {"AllocationId": c.allocation, "DomainName": "a.example.com"}


@move("ResetAddressAttribute")
def unname_address(c: Choice) -> Params:
    return {"AllocationId": c.allocation, "Attribute": "domain-name"}


# --- egress-only internet gateways ----------------------------------------------------------------


@move("CreateEgressOnlyInternetGateway")
def make_egress_gateway(c: Choice) -> Params:
    used = {i.vpc_id for i in c.nouns(NetworkInterface)}
    return {"VpcId": c.id(Vpc, "vpc", lambda v: v.id in used)}


@move("DeleteEgressOnlyInternetGateway")
def delete_egress_gateway(c: Choice) -> Params:
    return {"EgressOnlyInternetGatewayId": c.id(EgressOnlyGateway, "eigw")}


# --- network ACLs ---------------------------------------------------------------------------------


@move("CreateNetworkAcl")
def make_acl(c: Choice) -> Params:
    return {"VpcId": c.vpc}


@move("DeleteNetworkAcl")
def delete_acl(c: Choice) -> Params:
    return {"NetworkAclId": c.id(NetworkAcl, "acl", lambda a: not a.is_default and not a.associations)}


def _acl_entry(c: Choice) -> Params:
    port = {"From": 80, "To": 80 + c.number(3)}
    fields = {"RuleNumber": 1 + c.number(3), "Egress": c.chance(2), "RuleAction": c.one(("allow", "deny"))}
    return {"NetworkAclId": c.acl, "Protocol": "6", "PortRange": port, "CidrBlock": c.cidr()} | fields


@move("CreateNetworkAclEntry")
def make_acl_entry(c: Choice) -> Params:
    return _acl_entry(c)


@move("ReplaceNetworkAclEntry")
def replace_acl_entry(c: Choice) -> Params:
    return _acl_entry(c) | _there(c)


@move("DeleteNetworkAclEntry")
def delete_acl_entry(c: Choice) -> Params:
    return _there(c)


def _there(c: Choice) -> Params:
    """The place of an entry that some ACL has."""
    found = [(a.id, r) for a in c.nouns(NetworkAcl) for r in a.rules]
    if not found:
        return {"NetworkAclId": c.acl, "RuleNumber": 1, "Egress": True}
    id, rule = c.one(found)
    return {"NetworkAclId": id, "RuleNumber": rule.number, "Egress": rule.egress}


@move("ReplaceNetworkAclAssociation")
def replace_acl_association(c: Choice) -> Params:
    bonds = [a.id for acl in c.nouns(NetworkAcl) for a in acl.associations]
    return {"AssociationId": c.one(bonds or ["aclassoc-00000000000000000"]), "NetworkAclId": c.acl}


# --- Elastic IPs, tags ----------------------------------------------------------------------------


@move("AllocateAddress")
def allocate(c: Choice) -> Params:
    return {}


@move("ReleaseAddress")
def release(c: Choice) -> Params:
    return {"AllocationId": c.allocation}


@move("AssociateAddress")
def lead_to_interface(c: Choice) -> Params:
    interfaces = c.nouns(NetworkInterface)
    if not interfaces:
        return {"AllocationId": c.allocation, "NetworkInterfaceId": c.interface}
    interface = c.one(interfaces)
    fields = {
        "NetworkInterfaceId": interface.id,
        "PrivateIpAddress": c.one(interface.addresses or ("172.31.0.9",)),
    }
    return {"AllocationId": c.allocation} | fields


@move("AssociateAddress")
def lead_to_instance(c: Choice) -> Params:
    return {"AllocationId": c.allocation, "InstanceId": c.instance}


@move("DisassociateAddress")
def lead_nowhere(c: Choice) -> Params:
    bound = [a.association_id for a in c.nouns(Address) if a.association_id]
    return {"AssociationId": c.one(bound) if bound else "eipassoc-00000000000000000"}


@move("CreateTags")
def tag(c: Choice) -> Params:
    resources = [c.instance, c.subnet, c.group]
    return {"Resources": resources, "Tags": [{"Key": f"k{c.number(3)}", "Value": f"v{c.number(9)}"}]}


@move("DeleteTags")
def untag(c: Choice) -> Params:
    return {"Resources": [c.one([c.instance, c.subnet, c.group])]}
