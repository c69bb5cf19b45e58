"""Random histories of a small region, for the laws that must hold after any of them.

A history is a list of moves. A move names what to do and carries a seed that chooses among what is
there by then, so that most moves find something to do, and a failing history shrinks to a short one.
"""

import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import role_moves  # noqa: F401  its moves are among MOVES
import volume_moves  # noqa: F401  these too
from choice import ACCOUNTS, REGION, Choice
from hypothesis import strategies as st
from region_moves import IMAGE, MOVES
from role_moves import NAMES as ROLES
from role_moves import POLICY

from elastinet.catalog.plant import Plant, Unit
from elastinet.catalog.settings import Settings, unlimited
from elastinet.ec2.core.fact import (
    InstanceGone,
    InstanceRunning,
    InterfaceAttached,
    InterfaceDetached,
    ScopeAnalysed,
    UnitFailed,
    UnitRepaired,
)
from elastinet.ec2.insights.scope_findings import Search
from elastinet.engine import Engine
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.placement import Failure
from elastinet.model.vpc import InternetGateway, Vpc
from elastinet.rules.placement.plants import zone_id
from elastinet.rules.routing import main_table
from elastinet.store import Journal

DRY_RUN_ONE_IN = 8
LAUNCH = {"ImageId": IMAGE, "InstanceType": "m5.large", "MinCount": 2, "MaxCount": 2}


class Move(NamedTuple):
    """One step of a history: what to do, and a seed that chooses to what."""

    name: str
    seed: int
    dry_run: bool


def report_everything(engine: Engine) -> None:
    """Have the fabric say that all which was asked of it is so."""
    for instance in engine.state.all(Instance):
        if instance.state == "pending":
            engine.report(*instance.scope, InstanceRunning(instance.id, instance.boot))
        elif instance.state in ("stopping", "shutting-down"):
            engine.report(*instance.scope, InstanceGone(instance.id, True))
    for interface in engine.state.all(NetworkInterface):
        if attachment := interface.attachment:
            fact = {"attaching": InterfaceAttached, "detaching": InterfaceDetached}.get(attachment.status)
            if fact:
                engine.report(*interface.scope, fact(interface.id, attachment.id))


def end_by_itself(c: Choice) -> None:
    """Have a machine end without anybody asking."""
    c.engine.report(c.owner, REGION, InstanceGone(c.instance, False))


def break_hardware(c: Choice) -> None:
    """Have the rack or the host fail on which an instance is."""
    placed = [i for i in c.nouns(Instance) if i.host is not None]
    if placed:
        instance = c.one(placed)
        plant, zone = c.engine.plants.plant, zone_id(REGION, instance.zone)
        rack = Unit(zone, "rack", (instance.host or 0) // plant.hosts_per_rack)
        unit = rack if c.chance(2) else Unit(zone, "host", instance.host or 0)
        c.engine.report("", REGION, UnitFailed(str(unit), c.one(("power", "network"))))


def mend_hardware(c: Choice) -> None:
    """Have something repaired that has failed."""
    if failures := list(c.engine.state.all(Failure)):
        c.engine.report("", REGION, UnitRepaired(c.one(failures).id))


def analyse(c: Choice) -> None:
    """Have the analyses of scopes that run end, each with what it finds by now."""
    for analysis in list(c.engine.state.where(AccessScopeAnalysis, "status", "running")):
        scope = c.engine.state.need(AccessScope, analysis.scope_id)
        found = Search(c.engine.state, scope).findings()
        fact = ScopeAnalysed(analysis.id, found.interfaces, found.found, found.pages, found.warning)
        c.engine.report(*analysis.scope, fact)


EVENTS: dict[str, Callable[[Choice], None]] = {
    "the fabric reports": lambda c: report_everything(c.engine),
    "an instance ends by itself": end_by_itself,
    "analyses end": analyse,
    "a long time passes": lambda c: c.engine.sweep(),
    "hardware fails": break_hardware,
    "hardware is repaired": mend_hardware,
}
LIKELY = (
    *("launch", "launch_somewhere", "launch_with_interfaces", "make_interface", "attach", "attach"),
    *("the fabric reports", "the fabric reports", "StopInstances", "StartInstances", "detach", "detach"),
    *("make_subnet", "allocate", "lead_to_interface", "lead_to_instance", "lead_nowhere", "assign"),
    *("make_route", "replace_route", "associate", "let_in", "attach_gateway", "replace_association"),
    *("make_nat_gateway", "make_nat_gateway", "make_nat_route", "make_nat64_route"),
    *("make_prefix_list", "change_prefix_list", "make_prefix_list_route", "let_prefix_list_in"),
    *("ask_to_peer", "ask_to_peer", "make_vpc", "AcceptPeering", "AcceptPeering", "RejectPeering"),
    *("RejectPeering", "DeletePeering", "make_peering_route", "make_peering_route"),
    *("let_peer_in", "let_peer_in", "detach_gateway", "detach_gateway", "detach_gateway"),
    *("make_egress_gateway", "add_block", "add_block", "add_block", "take_block"),
    *("add_ipv6_block", "add_ipv6_block", "add_subnet_ipv6_block", "add_subnet_ipv6_block"),
    *("make_ipv6_route", "make_ipv6_route", "make_egress_gateway", "delete_egress_gateway"),
    *("make_ipv6_only_subnet", "make_ipv6_only_subnet", "launch_with_ipv6_only", "launch_with_ipv6_only"),
    *("switch_dns64", "switch_dns64", "make_nat64_route"),
    *("assign_ipv6_on_creation", "launch_with_ipv6", "launch_with_ipv6"),
    *("make_ipv6_interface", "assign_ipv6", "unassign_ipv6", "delegate", "enable_primary_ipv6"),
    *("make_endpoint", "make_endpoint", "change_endpoint"),
    *("make_interface_endpoint", "make_interface_endpoint", "change_interface_endpoint", "delete_endpoint"),
    *("offer_address", "offer_address", "accept_address", "accept_address"),
    *("give_role", "give_role", "replace_role"),
    *("change_policy", "forget_version", "forget_version", "fill_profile", "empty_profile", "empty_profile"),
    *("make_role", "make_role", "make_profile", "make_profile", "fill_profile", "fill_profile"),
    *("give_policy", "give_policy", "fill_profile", "empty_profile", "empty_profile"),
    *("make_placement_group", "launch_in_group", "allocate_hosts", "launch_apart", "move_to_group"),
    *("make_acl", "make_acl_entry", "replace_acl_association", "replace_acl_association"),
    *("launch_old", "launch_old", "give_devices", "give_devices", "associate_gateway"),
    *("launch_with_express", "attach_with_express", "change_express", "launch_weighted", "weigh"),
    *("launch_with_efa", "attach_efa", "attach_efa", "attach_gateway", "attach_gateway", "detach_gateway"),
    *("launch_with_express", "attach_with_express", "attach_with_express", "StopInstances"),
    *("make_template", "make_template", "make_template_version", "launch_from_template", "make_fleet"),
    *("attach_volume", "attach_volume", "RejectPeering", "delete_role", "detach_policy"),
    *("make_path", "analyse_path", "forget_analysis"),
    *("make_scope", "analyse_scope", "analyse_scope", "analyses end", "forget_scope_analysis"),
)


NAMES = (*MOVES, *EVENTS, *LIKELY)


def moves(*others: str) -> st.SearchStrategy[list[Move]]:
    """Histories; `others` are moves that the caller makes itself."""
    names = st.sampled_from([*NAMES, *others])
    seeds = st.integers(0, 2**32)
    dry = st.integers(0, DRY_RUN_ONE_IN - 1).map(lambda n: n == DRY_RUN_ONE_IN - 1)
    one = st.builds(Move, names, seeds, dry)
    return st.lists(one, min_size=20, max_size=60)


def new_engine(journal: Journal, seed: int = 0, **options: Any) -> Engine:
    """An engine whose time, which goes on where its journal ends, and chance are the same every time."""
    passed = sum(1 for _ in journal.lines())
    hours: Iterator[float] = (1.8e9 + 600 * n for n in itertools.count(passed))
    few = Plant(functions_per_card=6)  # so that they run out now and then
    settings = Settings(rules="2026", quotas=unlimited(), plant=few, api_inside=True)
    return Engine(journal, settings, clock=lambda: next(hours), dice=random.Random(seed), **options)


def _add_role(engine: Engine, owner: str) -> None:
    """A role with a policy of the account's: to meet by chance they need too many moves."""
    given = {"PolicyArn": f"arn:aws:iam::{owner}:policy/read", "RoleName": ROLES[0]}
    engine.call(owner, REGION, "CreatePolicy", {"PolicyName": "read", "PolicyDocument": POLICY})
    role = {"RoleName": ROLES[0], "AssumeRolePolicyDocument": POLICY}
    engine.call(owner, REGION, "CreateRole", role)
    engine.call(owner, REGION, "AttachRolePolicy", given)


def furnish(engine: Engine) -> None:
    """Open the accounts' regions, which even a refused request would do, and put a few things there."""
    for owner in ACCOUNTS:
        is_new = not engine.state.count(Vpc, "scope", (owner, REGION))
        made = engine.call(owner, REGION, "RunInstances", LAUNCH) or {}
        subnet, vpc = (made["Instances"][0][name] for name in ("SubnetId", "VpcId"))
        if is_new:
            _add_ipv6(engine, owner, vpc, subnet)
            _add_role(engine, owner)
        engine.call(owner, REGION, "CreateNetworkInterface", {"SubnetId": subnet})
        engine.call(owner, REGION, "AllocateAddress", {})
        engine.call(owner, REGION, "CreateVolume", {"AvailabilityZone": "us-east-1a", "Size": 1})
        _add_analysis(engine, owner, made["Instances"][0]["InstanceId"])


def _add_analysis(engine: Engine, owner: str, instance: str) -> None:
    asked = {"Source": instance, "DestinationIp": "203.0.113.9", "Protocol": "tcp"}
    gateway = next(engine.state.where(InternetGateway, "scope", (owner, REGION)))
    made = engine.call(owner, REGION, "CreateNetworkInsightsPath", asked | {"Destination": gateway.id}) or {}
    path = made["NetworkInsightsPath"]["NetworkInsightsPathId"]
    engine.call(owner, REGION, "StartNetworkInsightsAnalysis", {"NetworkInsightsPathId": path})
    match = {"Source": {"ResourceStatement": {"Resources": [gateway.id]}}}
    made = engine.call(owner, REGION, "CreateNetworkInsightsAccessScope", {"MatchPaths": [match]}) or {}
    scope = {
        "NetworkInsightsAccessScopeId": made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"]
    }
    engine.call(owner, REGION, "StartNetworkInsightsAccessScopeAnalysis", scope)
    analyse(Choice(engine, 0))


def _add_ipv6(engine: Engine, owner: str, vpc: str, subnet: str) -> None:
    asked = {"VpcId": vpc, "AmazonProvidedIpv6CidrBlock": True}
    made = engine.call(owner, REGION, "AssociateVpcCidrBlock", asked) or {}
    block = made["Ipv6CidrBlockAssociation"]["Ipv6CidrBlock"].replace("/56", "/64")
    engine.call(owner, REGION, "AssociateSubnetCidrBlock", {"SubnetId": subnet, "Ipv6CidrBlock": block})
    gateway = engine.call(owner, REGION, "CreateEgressOnlyInternetGateway", {"VpcId": vpc}) or {}
    target = gateway["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
    table = {"RouteTableId": main_table(engine.state, vpc).id, "DestinationIpv6CidrBlock": "::/0"}
    engine.call(owner, REGION, "CreateRoute", table | {"EgressOnlyInternetGatewayId": target})


def play(engine: Engine, one: Move) -> str:
    """Make a move; gives how it ended: "done", "dry", or the code of the refusal."""
    choice = Choice(engine, one.seed)
    if one.name in EVENTS:
        EVENTS[one.name](choice)
        return "done"
    action, params = MOVES[one.name](choice)
    try:
        engine.call(choice.owner, REGION, action, params, dry_run=one.dry_run)
    except Fault as fault:
        return "dry" if fault.code == "DryRunOperation" else fault.code
    return "done"
