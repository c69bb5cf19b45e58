"""The numbered rules of a network ACL (facts sheet, section 6.2)."""

from elastinet.catalog.protocols import ANY, ICMP, ICMP6
from elastinet.ec2.core import faults
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.vpc.network_acls import LAST
from elastinet.model.acl import AclRule, NetworkAcl
from elastinet.model.fault import Fault
from elastinet.rules import filtering


def create_network_acl_entry(tx: Transaction, request: Request) -> None:
    """A rule under a number that its direction has no rule of."""
    acl, rule = _asked(tx, request)
    if _find(acl, rule.egress, rule.number):
        sentence = f"The network acl entry identified by {rule.number} already exists."
        raise Fault("NetworkAclEntryAlreadyExists", sentence)
    _check_quota(tx, acl, rule)
    _put(tx, acl, (*acl.rules, rule))


def replace_network_acl_entry(tx: Transaction, request: Request) -> None:
    """Another rule under the number of one that is there."""
    acl, rule = _asked(tx, request)
    old = _need(acl, rule.egress, rule.number)
    _put(tx, acl, (*(r for r in acl.rules if r is not old), rule))


def delete_network_acl_entry(tx: Transaction, request: Request) -> None:
    """Remove the rule of a number; what is denied at the end stays."""
    acl = need(tx, NetworkAcl, "acl", request["NetworkAclId"])
    gone = _need(acl, request["Egress"], request["RuleNumber"])
    _put(tx, acl, tuple(r for r in acl.rules if r is not gone))


def _put(tx: Transaction, acl: NetworkAcl, rules: tuple[AclRule, ...]) -> None:
    tx.put(acl.but(rules=tuple(sorted(rules, key=lambda rule: rule.place))))


def _find(acl: NetworkAcl, egress: bool, number: int) -> AclRule | None:
    return next((r for r in acl.rules if r.place == (egress, number)), None)


def _need(acl: NetworkAcl, egress: bool, number: int) -> AclRule:
    found = _find(acl, egress, number)
    if found is None:
        way = "egress" if egress else "ingress"
        sentence = f"The {way} network acl entry identified by {number} does not exist in {acl.id}."
        raise Fault("InvalidNetworkAclEntry.NotFound", sentence)
    return found


def _check_quota(tx: Transaction, acl: NetworkAcl, rule: AclRule) -> None:
    """Refuse too many rules of one direction and family; the deny at the end is one of them."""
    ipv6 = ":" in rule.cidr
    there = sum(1 for r in acl.rules if r.egress == rule.egress and (":" in r.cidr) == ipv6)
    if there + 2 > tx.settings.quotas.rules_per_network_acl:
        raise faults.quota("NetworkAclEntryLimitExceeded", "network acl entries")


def _asked(tx: Transaction, request: Request) -> tuple[NetworkAcl, AclRule]:
    acl = need(tx, NetworkAcl, "acl", request["NetworkAclId"])
    number, egress = request["RuleNumber"], request["Egress"]
    if not 1 <= number < LAST:
        raise faults.invalid(number, "ruleNumber", f"Expecting a value from 1 to {LAST - 1}.")
    protocol = _protocol(request["Protocol"])
    cidr, allow = _cidr(request), request["RuleAction"] == "allow"
    low, high = _span(protocol, cidr, request)
    return acl, AclRule(number, egress, protocol, low, high, cidr, allow)


def _protocol(name: str) -> int:
    try:
        return filtering.protocol_number(name)
    except Fault:
        raise faults.invalid(name, "protocol", "Unknown protocol.") from None


def _cidr(request: Request) -> str:
    given = [(request.get(name), version) for name, version in (("CidrBlock", 4), ("Ipv6CidrBlock", 6))]
    found = [filtering.cidr(text, version) for text, version in given if text is not None]
    if len(found) > 1:
        raise faults.combination("Only one of cidrBlock and ipv6CidrBlock may be given.")
    if not found:
        raise faults.missing_parameter("cidrBlock")
    return found[0]


def _span(protocol: int, cidr: str, request: Request) -> tuple[int, int]:
    ports, icmp = request.get("PortRange"), request.get("IcmpTypeCode")
    if protocol in filtering.PORTS:
        if ports is None:
            raise faults.missing_parameter("portRange")
        _ignore(icmp)
        return filtering.span(protocol, ports.get("From"), ports.get("To"))
    _ignore(ports)
    if protocol == ICMP or (protocol == ICMP6 and ":" in cidr):
        if icmp is None:
            raise faults.missing_parameter("icmpTypeCode")
        return filtering.span(protocol, icmp.get("Type"), icmp.get("Code"))
    _ignore(icmp)
    return ANY, ANY


def _ignore(part: Request | None) -> None:
    """Take as read what EC2 documents to say nothing for this protocol."""
    if part is not None:
        part.accept_all()
