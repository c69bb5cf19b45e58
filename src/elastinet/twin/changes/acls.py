"""Network ACLs, their entries and their subnets."""

from typing import Any

from elastinet.model.acl import AclRule, NetworkAcl
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import filtering
from elastinet.twin.both import Both, Steps, do, make
from elastinet.twin.changes.lookups import association_of


def made(both: Both) -> Steps:
    """New ones; a default one comes with its VPC."""
    for acl in both.made(NetworkAcl):
        if not acl.is_default:
            yield make(acl, "NetworkAcl.NetworkAclId", "CreateNetworkAcl", VpcId=acl.vpc_id)


def ended(both: Both) -> Steps:
    """Those that are gone, once no subnet has them."""
    for acl in both.gone(NetworkAcl):
        if not (acl.is_default or (both.is_gone(Vpc, acl.vpc_id) and acl.is_default)):
            yield do(acl, "DeleteNetworkAcl", NetworkAclId=acl.id)


def entries(both: Both) -> Steps:
    """Entries that are gone, are otherwise, or are new."""
    for new in both.after.all(NetworkAcl):
        old = both.before.get(NetworkAcl, new.id)
        rules = old.rules if old else _first(new)
        there, here = ({rule.place: rule for rule in some} for some in (rules, new.rules))
        for place in there.keys() - here.keys():
            egress, number = place
            given = {"NetworkAclId": new.id, "RuleNumber": number, "Egress": egress}
            yield do(new, "DeleteNetworkAclEntry", **given)
        for place, rule in here.items():
            if there.get(place) != rule:
                verb = "ReplaceNetworkAclEntry" if place in there else "CreateNetworkAclEntry"
                yield do(new, verb, NetworkAclId=new.id, **_entry(rule))


def associations(both: Both) -> Steps:
    """Subnets that have another one than they had, or than a new subnet has."""
    for acl in both.after.all(NetworkAcl):
        for one in acl.associations:
            subnet = both.after.get(Subnet, one.subnet_id)
            if subnet is None:
                continue
            had = next(both.before.where(NetworkAcl, "association.subnet-id", subnet.id), None)
            if (had is None and acl.is_default) or (had is not None and had.id == acl.id):
                continue
            own = next((a.id for a in had.associations if a.subnet_id == subnet.id), "") if had else ""
            if not own:
                own = f"{subnet.id}-acl"
                yield association_of(subnet, own)
            yield do(acl, "ReplaceNetworkAclAssociation", AssociationId=own, NetworkAclId=acl.id)


def _first(acl: NetworkAcl) -> tuple[AclRule, ...]:
    """The entries of a new one: of a default one those that let all pass."""
    if not acl.is_default:
        return ()
    return tuple(AclRule(100, egress, -1, -1, -1, "0.0.0.0/0", True) for egress in (False, True))


def _entry(rule: AclRule) -> dict[str, Any]:
    block = "Ipv6CidrBlock" if ":" in rule.cidr else "CidrBlock"
    found: dict[str, Any] = {"RuleNumber": rule.number, "Egress": rule.egress, "Protocol": str(rule.protocol)}
    found |= {"RuleAction": "allow" if rule.allow else "deny", block: rule.cidr}
    if rule.protocol in filtering.PORTS:
        found["PortRange"] = {"From": rule.low, "To": rule.high}
    if rule.protocol in filtering.ICMPS:
        found["IcmpTypeCode"] = {"Type": rule.low, "Code": rule.high}
    return found
