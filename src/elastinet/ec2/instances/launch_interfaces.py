"""The plan of a launch's interfaces: subnets and groups found, and what EC2 refuses refused."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, partial

from elastinet.catalog.instance_types import InstanceType
from elastinet.ec2.core import faults
from elastinet.ec2.core.address_limits import Load, check_load, load_of
from elastinet.ec2.core.lookup import need, need_mine
from elastinet.ec2.core.public_addresses import pick
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.launch_spec import ExistingInterface, LaunchInterface, LaunchSpec
from elastinet.ec2.interfaces.attachments import OTHER_ZONE, check_index, new_attachment, too_many
from elastinet.ec2.interfaces.efa import check_primary
from elastinet.ec2.interfaces.ena_express import check_has_ena, plan_express
from elastinet.ec2.interfaces.interface_spec import InterfaceSpec
from elastinet.ec2.interfaces.ipv6_addresses import or_default
from elastinet.ec2.interfaces.new_interface import create_interface, groups_of, wants_public
from elastinet.ec2.interfaces.private_addresses import check_free
from elastinet.ec2.vpc.account import default_vpc
from elastinet.ec2.vpc.subnets import pick_zone
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import EnaSrd, NetworkInterface
from elastinet.model.noun import Tags
from elastinet.model.vpc import Subnet
from elastinet.rules import addressing

FULL = "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances."


@dataclass(frozen=True)
class InterfacePlan:
    """One interface of each instance: an existing one, or the description of a new one."""

    interface: InterfaceSpec | NetworkInterface
    subnet: Subnet
    device_index: int
    card: int
    groups: tuple[str, ...] = ()
    ena_srd: EnaSrd | None = None

    @property
    def interface_type(self) -> str:
        """The interface's type."""
        return self.interface.interface_type

    @property
    def is_new(self) -> bool:
        """True if the launch makes the interface."""
        return isinstance(self.interface, InterfaceSpec)

    @property
    def delete_on_termination(self) -> bool:
        """True if the interface ends with its instance, which an existing one does not."""
        return isinstance(self.interface, InterfaceSpec) and self.interface.delete_on_termination

    @property
    def load(self) -> Load:
        """The number of addresses and prefixes that the interface of each instance has, or will have."""
        if isinstance(spec := self.interface, NetworkInterface):
            return load_of(spec)
        if spec.interface_type == "efa-only":
            return Load(0, 0, 0)
        ipv4, ipv6 = spec.ipv4, or_default(self.subnet, spec.ipv6)
        primary = 0 if self.subnet.ipv6_native else 1
        return Load(primary + ipv4.size, ipv6.size, ipv4.all_prefixes + ipv6.all_prefixes)


@dataclass(frozen=True)
class LaunchPlan:
    """The interfaces of every instance of a launch, the primary first."""

    interfaces: tuple[InterfacePlan, ...]

    @property
    def places(self) -> list[tuple[str, int]]:
        """The types of an instance's interfaces, and the network cards that they are on."""
        return [(one.interface_type, one.card) for one in self.interfaces]

    @property
    def subnet(self) -> Subnet:
        """The subnet of the instances: that of their primary interface."""
        return self.interfaces[0].subnet

    @cached_property
    def named(self) -> frozenset[str]:
        """The addresses and prefixes that the request names for one interface, and no other may pick."""
        specs = [one.interface for one in self.interfaces if isinstance(one.interface, InterfaceSpec)]
        return frozenset(text for spec in specs for text in (*spec.named, *spec.ipv4.prefixes))

    def make(self, tx: Transaction, instance: Instance, tags: Tags) -> list[NetworkInterface]:
        """The interfaces of one instance, in it: new ones, with these tags, and those that there are."""
        return [self._interface(tx, one, instance, tags) for one in self.interfaces]

    def _interface(
        self, tx: Transaction, one: InterfacePlan, instance: Instance, tags: Tags
    ) -> NetworkInterface:
        attachment = new_attachment(
            tx,
            instance,
            one.device_index,
            card=one.card,
            delete_on_termination=one.delete_on_termination,
            ena_srd=one.ena_srd,
        )
        if isinstance(one.interface, NetworkInterface):
            return tx.put(one.interface.but(attachment=attachment, ended=None))
        public = self._public(tx, one.subnet, one.interface)
        new = partial(create_interface, attachment=attachment, public_ip=public)
        try:
            return new(tx, one.subnet, one.interface, one.groups, tags, self.named)
        except Fault as fault:
            raise _full(one.subnet) if fault.code == "InsufficientFreeAddressesInSubnet" else fault from None

    def _public(self, tx: Transaction, subnet: Subnet, spec: InterfaceSpec) -> str | None:
        """A public address for an instance's only interface, at once: to replace it is what costs."""
        return pick(tx) if wants_public(subnet, spec) and len(self.interfaces) == 1 else None


def plan_interfaces(tx: Transaction, spec: LaunchSpec, kind: InstanceType) -> LaunchPlan:
    """Find what a launch's interfaces need; refuses what EC2 refuses."""
    found = [_plan(tx, spec, one, kind) for one in spec.interfaces]
    found.sort(key=lambda one: (one.card, one.device_index))
    _check_places(kind, found)
    _check_counts(kind, found)
    if spec.most > 1:
        for one in spec.interfaces:
            _check_repeatable(one.interface)
        _check_room(tx, found, spec.most)
    return LaunchPlan(tuple(found))


def _plan(tx: Transaction, launch: LaunchSpec, asked: LaunchInterface, kind: InstanceType) -> InterfacePlan:
    attachment, spec = asked.attachment, asked.interface
    place = attachment.device_index or 0, attachment.card
    express = plan_express(tx, kind.name, attachment.ena_srd)
    if isinstance(spec, ExistingInterface):
        interface = _existing(tx, spec)
        check_has_ena(interface.interface_type, attachment.ena_srd)
        subnet = tx.need(Subnet, interface.subnet_id)
        return InterfacePlan(interface, subnet, *place, ena_srd=express)
    check_has_ena(spec.interface_type, attachment.ena_srd)
    subnet = _subnet(tx, launch, spec.subnet_id)
    for address in spec.named:
        check_free(tx, subnet, address)
    return InterfacePlan(spec, subnet, *place, groups_of(tx, spec, subnet), express)


def _existing(tx: Transaction, spec: ExistingInterface) -> NetworkInterface:
    interface = need_mine(tx, spec.id)
    if interface.attachment is not None:
        raise Fault("InvalidNetworkInterface.InUse", f"Interface: [{spec.id}] in use.")
    if spec.interface_type not in (None, interface.interface_type):
        sentence = f"The network interface {spec.id} is of the type '{interface.interface_type}'."
        raise faults.invalid(spec.interface_type, "interfaceType", sentence)
    return interface


def _subnet(tx: Transaction, launch: LaunchSpec, id: str | None) -> Subnet:
    zone = pick_zone(tx, launch.zone_id) if launch.zone_id else launch.zone
    if id is None:
        return default_subnet(tx, zone)
    subnet = need(tx, Subnet, "subnet", id)
    if zone is not None and zone != subnet.zone:
        raise faults.invalid(zone, "availabilityZone", f"The subnet {id} is in {subnet.zone}.")
    return subnet


def default_subnet(tx: Transaction, zone: str | None) -> Subnet:
    """The default subnet of a zone, or of the first zone that has one."""
    vpc = default_vpc(tx)
    if vpc is None:
        raise Fault(
            "VPCIdNotSpecified",
            "No default VPC for this user. GroupName is only supported for EC2-Classic and default VPC.",
        )
    wanted = pick_zone(tx, zone) if zone else None
    candidates = (s for s in tx.where(Subnet, "vpc-id", vpc.id) if s.default_for_az)
    found = next((s for s in candidates if wanted in (None, s.zone)), None)
    if found is None:
        sentence = (
            f"No default subnet for availability zone: '{wanted}'."
            if wanted
            else "No subnets found for the default VPC '" + vpc.id + "'. Please specify a subnet."
        )
        raise Fault("MissingInput", sentence)
    return found


def _check_places(kind: InstanceType, found: list[InterfacePlan]) -> None:
    places = [(one.card, one.device_index) for one in found]
    if places[0] != (0, 0):
        raise faults.combination("A primary network interface is required: device index 0 on network card 0.")
    if len(set(places)) < len(places):
        raise faults.combination("Each network interface requires a device index of its own.")
    check_primary(found[0].interface_type)
    for one in found:
        check_index(kind.name, one.device_index, one.card)
        if one.subnet.zone != found[0].subnet.zone:
            raise faults.combination(OTHER_ZONE)


def _check_counts(kind: InstanceType, found: list[InterfacePlan]) -> None:
    sentence = f"Interface has more private addresses than {kind.name} supports."
    for one in found:
        check_load(kind, one.load, Fault("InvalidInterface.IpAddressLimitExceeded", sentence))
    if len(found) > kind.max_interfaces:
        raise too_many(len(found), kind.name)
    for card, number in Counter(one.card for one in found).items():
        if number > kind.cards[card].max_enis:
            raise too_many(number, kind.name)


def _check_repeatable(spec: InterfaceSpec | ExistingInterface) -> None:
    """Refuse for several instances what one only can have."""
    if isinstance(spec, ExistingInterface):
        raise faults.combination("An existing network interface can be attached to one instance only.")
    if spec.named:
        raise faults.combination("A private IP address can be given to one instance only.")
    if spec.ipv4.prefixes:
        raise faults.combination("A prefix can be given to one instance only.")
    if spec.ipv6 is not None and (spec.ipv6.named or spec.ipv6.prefixes):
        raise faults.combination("An IPv6 address or prefix can be given to one instance only.")


def _check_room(tx: Transaction, found: list[InterfacePlan], count: int) -> None:
    """Refuse more instances than there are addresses for, before the first of them is made."""
    each = Counter(one.subnet.id for one in found if one.is_new and one.load.ipv4)
    for one in found:
        if each[one.subnet.id] * count > addressing.free_count(tx.state, one.subnet):
            raise _full(one.subnet)


def _full(subnet: Subnet) -> Fault:
    return Fault("InsufficientFreeAddressesInSubnet", FULL.format(subnet.id))
