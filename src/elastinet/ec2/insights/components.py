"""The steps of a walk as the components of a path: each with the one rule that lets its headers through."""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from elastinet.ec2.insights import rules_shown
from elastinet.ec2.insights.explanations import explanation
from elastinet.ec2.insights.headers_shown import along, changed, shown
from elastinet.ec2.insights.resources import component
from elastinet.model.acl import NetworkAcl
from elastinet.model.insights import Component, Explanation, PathComponent
from elastinet.model.interface import NetworkInterface
from elastinet.model.peering import Peering
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway
from elastinet.rules.reachability.filters import acl_rule, group_rule
from elastinet.rules.reachability.headers import Headers, single
from elastinet.rules.reachability.search import Path
from elastinet.rules.reachability.steps import Step

Groups = dict[str, str]
"""The group that let a flow through at each interface."""


class Picture:
    """One way of a path, there or back; `groups` has what the way there went by, for its answers."""

    def __init__(self, state: State, path: Path, groups: Mapping[str, str] | None = None) -> None:
        self.state, self.path, self.back = state, path, groups is not None
        self.groups: Groups = dict(groups or {})
        self.at = along(path, back=self.back)
        self.ends = (False, False)

    def components(self, begin: str, end: str) -> tuple[PathComponent, ...]:
        """The components, in order; from an instance, and to one, where it was asked for."""
        self.ends = (bool(begin), bool(end))
        found = [self._component(number, step) for number, step in enumerate(self.path.steps)]
        if begin:
            first = shown(self.at[0][0])
            found.insert(0, PathComponent(component(self.state, begin), outbound_header=first))
        if end:
            last = shown(self.at[-1][1])
            found.append(PathComponent(component(self.state, end), inbound_header=last))
        return tuple(replace(one, sequence_number=number) for number, one in enumerate(found, 1))

    def _component(self, number: int, step: Step) -> PathComponent:
        match step.hop.kind:
            case "interface":
                found = self._interface(number, step)
            case "group":
                found = self._group(number, step)
            case "acl":
                found = self._acl(number, step)
            case "table":
                found = self._table(step)
            case "gateway" | "egress":
                found = self._gateway(number, step)
            case "nat":
                written = changed(step, back=self.back)
                found = PathComponent(self._of(step), outbound_header=shown(self.at[number][1], written))
            case "peering":
                found = self._peering(number, step)
            case _:
                raise AssertionError(step.hop)
        return replace(found, explanations=tuple(self._explanations(step)))

    def _of(self, step: Step) -> Component:
        return component(self.state, step.hop.id)

    def _explanations(self, step: Step) -> Iterator[Explanation]:
        return (explanation(self.state, one) for one in step.blockers)

    def _sample(self, number: int) -> Headers:
        entering = self.at[number][0]
        return single(entering.version, entering.protocol, entering.sample)

    def _interface(self, number: int, step: Step) -> PathComponent:
        interface = self.state.need(NetworkInterface, step.hop.id)
        attachment = interface.attachment
        first = number == 0 and not self.ends[0]
        last = number == len(self.path.steps) - 1 and not self.ends[1]
        return PathComponent(
            self._of(step),
            attached_to=component(self.state, attachment.instance_id) if attachment else None,
            inbound_header=shown(self.at[number][1]) if last else None,
            outbound_header=shown(self.at[number][0]) if first else None,
            subnet=component(self.state, interface.subnet_id),
            vpc=component(self.state, interface.vpc_id),
        )

    def _group(self, number: int, step: Step) -> PathComponent:
        """The group whose rule lets through; on the way back the same, without a rule: it knows the flow."""
        interface = self.state.need(NetworkInterface, step.hop.id)
        if self.back and interface.id in self.groups:
            return PathComponent(component(self.state, self.groups[interface.id]))
        rule: SecurityGroupRule | None = None
        if not step.blockers:
            egress = step.hop.direction == "egress"
            rule = group_rule(self.state, interface, self._sample(number), egress=egress)
        group = rule.group_id if rule else interface.groups[0]
        self.groups[interface.id] = group
        shown_rule = rules_shown.group_rule(rule) if rule else None
        return PathComponent(component(self.state, group), security_group_rule=shown_rule)

    def _acl(self, number: int, step: Step) -> PathComponent:
        acl, (entering, _) = self.state.need(NetworkAcl, step.hop.id), self.at[number]
        egress = step.hop.direction == "egress"
        rule = None if step.blockers else acl_rule(acl, entering.sample, 4, entering.protocol, egress=egress)
        return PathComponent(self._of(step), acl_rule=rules_shown.acl_rule(rule) if rule else None)

    def _table(self, step: Step) -> PathComponent:
        table = self.state.need(RouteTable, step.hop.id)
        route = rules_shown.route(self.state, table, step.route[1]) if step.route else None
        return PathComponent(self._of(step), route_table_route=route)

    def _gateway(self, number: int, step: Step) -> PathComponent:
        """An internet gateway: all of a header outside, and behind it what it has changed."""
        gateway = self.state.get(InternetGateway, step.hop.id)
        entering, leaving = self.at[number]
        enters = step.hop.direction == "ingress"
        return PathComponent(
            self._of(step),
            inbound_header=shown(entering) if enters else None,
            outbound_header=shown(leaving, changed(step, back=self.back) if enters else ()),
            vpc=component(self.state, gateway.vpc_id) if gateway and gateway.vpc_id else None,
        )

    def _peering(self, number: int, step: Step) -> PathComponent:
        peering = self.state.need(Peering, step.hop.id)
        sides = [peering.requester.vpc_id, peering.accepter.vpc_id]
        if self._vpc_near(number) != sides[0]:
            sides.reverse()
        entering, leaving = self.at[number]
        return PathComponent(
            self._of(step),
            source_vpc=component(self.state, sides[0]),
            destination_vpc=component(self.state, sides[1]),
            inbound_header=shown(leaving) if number == len(self.path.steps) - 1 else None,
            outbound_header=shown(entering) if number == 0 else None,
        )

    def _vpc_near(self, number: int) -> str:
        """The VPC before a peering connection; at the begin of a path the one that is not behind it."""
        before = [s for s in self.path.steps[:number] if s.hop.kind == "interface"]
        if before:
            return self.state.need(NetworkInterface, before[-1].hop.id).vpc_id
        behind = next(s for s in self.path.steps if s.hop.kind == "interface")
        vpc_id = self.state.need(NetworkInterface, behind.hop.id).vpc_id
        peering = self.state.need(Peering, self.path.steps[number].hop.id)
        sides = {peering.requester.vpc_id, peering.accepter.vpc_id}
        return next(iter(sides - {vpc_id}))
