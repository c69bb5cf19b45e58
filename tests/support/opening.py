"""What opens one blocker of an answer, by the operations of the API: the law that explanations are enough."""

from elastinet.model.acl import NetworkAcl
from elastinet.model.peering import Peering
from elastinet.model.security import SecurityGroupRule
from elastinet.model.vpc import Vpc
from elastinet.rules.reachability.steps import Blocker
from small_region import Region

ALL = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def open_up(region: Region, blocker: Blocker) -> None:
    """Change what a blocker says must change, as far as it goes."""
    OPENERS[blocker.code](region, blocker)


def remedy(blocker: Blocker) -> object:
    """What is changed: a public address opens the way out of an interface and the way in."""
    opener = OPENERS[blocker.code]
    return (opener, blocker.get("interface")) if opener is _public else blocker


def _groups(region: Region, blocker: Blocker) -> None:
    egress = blocker.get("direction") == "egress"
    action = "AuthorizeSecurityGroupEgress" if egress else "AuthorizeSecurityGroupIngress"
    group = blocker.get("groups").split(",")[0]
    there = region.state.where(SecurityGroupRule, "group-id", group)
    if not any(rule.permission == (egress, -1, -1, -1, "0.0.0.0/0") for rule in there):
        region.call(action, GroupId=group, IpPermissions=[ALL])


def _acl(region: Region, blocker: Blocker) -> None:
    egress = blocker.get("direction") == "egress"
    acl = region.state.need(NetworkAcl, blocker.get("acl"))
    free = min((rule.number for rule in acl.rules if rule.egress == egress), default=100) - 1
    entry = {"RuleNumber": free, "Protocol": "-1", "RuleAction": "allow", "CidrBlock": "0.0.0.0/0"}
    region.call("CreateNetworkAclEntry", NetworkAclId=acl.id, Egress=egress, **entry)


def _route(region: Region, blocker: Blocker) -> None:
    target, table = blocker.get("destination"), blocker.get("table")
    kind = {"pcx": "VpcPeeringConnectionId", "igw": "GatewayId", "nat": "NatGatewayId"}[target.split("-")[0]]
    blocks = (
        ["0.0.0.0/0"] if kind != "VpcPeeringConnectionId" else _far_blocks(region, target, blocker.get("vpc"))
    )
    for block in blocks:
        found = {"RouteTableId": table, "DestinationCidrBlock": block, kind: target}
        there = region.call("DescribeRouteTables", RouteTableIds=[table])["RouteTables"][0]["Routes"]
        known = any(route.get("DestinationCidrBlock") == block for route in there)
        region.call("ReplaceRoute" if known else "CreateRoute", **found)


def _far_blocks(region: Region, peering: str, vpc_id: str) -> list[str]:
    found = region.state.need(Peering, peering)
    other = found.accepter if found.requester.vpc_id == vpc_id else found.requester
    return list(region.state.need(Vpc, other.vpc_id).cidrs)


def _public(region: Region, blocker: Blocker) -> None:
    address = region.call("AllocateAddress", Domain="vpc")["AllocationId"]
    region.call("AssociateAddress", AllocationId=address, NetworkInterfaceId=blocker.get("interface"))


def _check(region: Region, blocker: Blocker) -> None:
    wanted = {"NetworkInterfaceId": blocker.get("component"), "SourceDestCheck": {"Value": False}}
    region.call("ModifyNetworkInterfaceAttribute", **wanted)


OPENERS = {
    "ENI_SG_RULES_MISMATCH": _groups,
    "SUBNET_ACL_RESTRICTION": _acl,
    "NO_ROUTE_TO_DESTINATION": _route,
    "IGW_PUBLIC_IP_ASSOCIATION_FOR_EGRESS": _public,
    "IGW_PRIVATE_IP_ASSOCIATION_FOR_INGRESS": _public,
    "ENI_SOURCE_DEST_CHECK_RESTRICTION": _check,
}
