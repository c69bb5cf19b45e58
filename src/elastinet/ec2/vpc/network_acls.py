"""Network ACLs, and which subnets go by them (facts sheet, section 6.2)."""

from typing import TYPE_CHECKING

from elastinet.catalog.protocols import ANY
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.model.acl import AclAssociation, AclRule, NetworkAcl
from elastinet.model.view import StateView
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules.filtering import ICMPS, PORTS

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import NetworkAclEntryTypeDef, NetworkAclTypeDef

LAST = 32767
"""The number under which the API shows that what no rule speaks of is denied; one more for IPv6."""

FIRST = 100
"""The number of the default ACL's own rule; one more for IPv6."""

FAMILIES = ("0.0.0.0/0", "::/0")


def view(tx: Transaction, acl: NetworkAcl) -> StateView:
    """A network ACL in the shape of the API."""
    vpc = tx.need(Vpc, acl.vpc_id)
    return tx.views.of(acl, (vpc,), lambda: _view(acl, vpc))


def _view(acl: NetworkAcl, vpc: Vpc) -> "NetworkAclTypeDef":
    both = (True, False)
    shown = [rule for egress in both for rule in (*_rules(acl, egress), *_last(vpc, egress))]
    return {
        "NetworkAclId": acl.id,
        "VpcId": acl.vpc_id,
        "OwnerId": acl.owner,
        "IsDefault": acl.is_default,
        "Entries": [_entry(rule) for rule in shown],
        "Associations": [
            {"NetworkAclAssociationId": one.id, "NetworkAclId": acl.id, "SubnetId": one.subnet_id}
            for one in acl.associations
        ],
        "Tags": tag_set(acl),
    }


def _rules(acl: NetworkAcl, egress: bool) -> list[AclRule]:
    return [rule for rule in acl.rules if rule.egress == egress]


def _last(vpc: Vpc, egress: bool) -> list[AclRule]:
    families = FAMILIES if vpc.cidrs6 else FAMILIES[:1]
    return [_any(LAST + n, egress, cidr, allow=False) for n, cidr in enumerate(families)]


def _any(number: int, egress: bool, cidr: str, *, allow: bool) -> AclRule:
    """A rule about all protocols."""
    return AclRule(number, egress, ANY, ANY, ANY, cidr, allow)


def _entry(rule: AclRule) -> "NetworkAclEntryTypeDef":
    shown: NetworkAclEntryTypeDef = {
        "RuleNumber": rule.number,
        "Egress": rule.egress,
        "Protocol": str(rule.protocol),
        "RuleAction": "allow" if rule.allow else "deny",
    }
    shown["Ipv6CidrBlock" if ":" in rule.cidr else "CidrBlock"] = rule.cidr
    if rule.protocol in PORTS:
        shown["PortRange"] = {"From": rule.low, "To": rule.high}
    elif rule.protocol in ICMPS:
        shown["IcmpTypeCode"] = {"Type": rule.low, "Code": rule.high}
    return shown


NETWORK_ACLS = Describable(
    NetworkAcl,
    "acl",
    "NetworkAcls",
    "NetworkAclIds",
    view,
    paths(
        """
        association.network-acl-id association.subnet-id entry.protocol entry.rule-action
        entry.rule-number network-acl-id owner-id vpc-id
        """,
        {"association": "Associations", "entry": "Entries"},
        default="IsDefault",
        association__association_id="Associations.NetworkAclAssociationId",
        entry__cidr="Entries.CidrBlock",
        entry__egress="Entries.Egress",
        entry__icmp__code="Entries.IcmpTypeCode.Code",
        entry__icmp__type="Entries.IcmpTypeCode.Type",
        entry__ipv6_cidr="Entries.Ipv6CidrBlock",
        entry__port_range__from="Entries.PortRange.From",
        entry__port_range__to="Entries.PortRange.To",
    ),
    {
        "vpc-id": "vpc-id",
        "association.subnet-id": "association.subnet-id",
        "association.association-id": "association.association-id",
    },
)


def describe_network_acls(tx: Transaction, request: Request) -> Answer:
    """Network ACLs by id or filter."""
    return describe(tx, request, NETWORK_ACLS)


def create_network_acl(tx: Transaction, request: Request) -> Answer:
    """A network ACL that denies all and that no subnet goes by yet."""
    id = once(tx, "CreateNetworkAcl", request, lambda: _create(tx, request).id)
    made = view(tx, need(tx, NetworkAcl, "acl", id))
    token = request.get("ClientToken")
    return {"NetworkAcl": made} | ({"ClientToken": token} if token else {})


def _create(tx: Transaction, request: Request) -> NetworkAcl:
    vpc = need(tx, Vpc, "vpc", request["VpcId"])
    if tx.state.count(NetworkAcl, "vpc-id", vpc.id) >= tx.settings.quotas.network_acls_per_vpc:
        raise faults.quota("NetworkAclLimitExceeded", "network ACLs")
    return tx.new(NetworkAcl, "acl", vpc_id=vpc.id, tags=tags_for(tx, request, "network-acl"))


def make_default_acl(tx: Transaction, vpc: Vpc) -> NetworkAcl:
    """The ACL that a VPC's subnets go by at first: everything may pass."""
    families = FAMILIES if vpc.cidrs6 else FAMILIES[:1]
    rules = [_pass(egress, n, cidr) for egress in (False, True) for n, cidr in enumerate(families)]
    return tx.new(NetworkAcl, "acl", vpc_id=vpc.id, is_default=True, rules=tuple(rules))


def _pass(egress: bool, number: int, cidr: str) -> AclRule:
    return _any(FIRST + number, egress, cidr, allow=True)


def let_ipv6_pass(tx: Transaction, vpc: Vpc) -> None:
    """Let IPv6 pass a VPC's default ACL too, each way whose rules nobody has changed."""
    acl = next(a for a in tx.where(NetworkAcl, "vpc-id", vpc.id) if a.is_default)
    as_made = [way for way in (False, True) if _rules(acl, way) == [_pass(way, 0, FAMILIES[0])]]
    more = [_pass(egress, 1, FAMILIES[1]) for egress in as_made]
    tx.put(acl.but(rules=tuple(sorted((*acl.rules, *more), key=lambda rule: rule.place))))


def associate_default(tx: Transaction, subnet: Subnet) -> None:
    """Let a new subnet go by its VPC's default ACL."""
    acl = next(a for a in tx.where(NetworkAcl, "vpc-id", subnet.vpc_id) if a.is_default)
    association = AclAssociation(tx.new_id("aclassoc"), subnet.id)
    tx.put(acl.but(associations=(*acl.associations, association)))


def dissociate(tx: Transaction, subnet: Subnet) -> None:
    """Forget a subnet that is no more."""
    for acl in tx.where(NetworkAcl, "association.subnet-id", subnet.id):
        tx.put(acl.but(associations=tuple(a for a in acl.associations if a.subnet_id != subnet.id)))


def delete_network_acl(tx: Transaction, request: Request) -> None:
    """Remove a network ACL of one's own that no subnet goes by."""
    acl = need(tx, NetworkAcl, "acl", request["NetworkAclId"])
    if acl.is_default:
        raise faults.invalid(acl.id, "networkAclId", "The default network ACL cannot be deleted.")
    if acl.associations:
        raise faults.dependency(f"The network ACL '{acl.id}' has dependencies and cannot be deleted.")
    tx.drop(acl)


def replace_network_acl_association(tx: Transaction, request: Request) -> Answer:
    """Let a subnet go by another ACL of its VPC."""
    id = request["AssociationId"]
    old = next(tx.where(NetworkAcl, "association.association-id", id), None)
    if old is None:
        faults.check_form("aclassoc", id)
        raise faults.missing("aclassoc", [id])
    acl = need(tx, NetworkAcl, "acl", request["NetworkAclId"])
    if acl.vpc_id != old.vpc_id:
        sentence = f"Network ACLs {acl.id} and {old.id} belong to different networks"
        raise faults.invalid(acl.id, "networkAclId", sentence)
    return {"NewAssociationId": id if acl.id == old.id else _move(tx, old, acl, id).id}


def _move(tx: Transaction, old: NetworkAcl, acl: NetworkAcl, id: str) -> AclAssociation:
    gone = next(a for a in old.associations if a.id == id)
    new = AclAssociation(tx.new_id("aclassoc"), gone.subnet_id)
    tx.put(old.but(associations=tuple(a for a in old.associations if a != gone)))
    tx.put(acl.but(associations=(*acl.associations, new)))
    return new
