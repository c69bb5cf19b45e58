"""RunInstances (facts sheet, sections 1.5, 7 and 13.1)."""

import base64
import binascii
from typing import Any, NamedTuple

from elastinet.catalog.images import Image, images
from elastinet.catalog.instance_types import InstanceType, instance_types, offered
from elastinet.ec2.core import faults
from elastinet.ec2.core.once import once
from elastinet.ec2.core.public_addresses import lend
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances import instances, volumes
from elastinet.ec2.instances.asked_placement import read_placement
from elastinet.ec2.instances.launch_interfaces import LaunchInterfaces, plan_interfaces
from elastinet.ec2.instances.metadata_options import launch_options
from elastinet.ec2.instances.network_performance import launch_weighting
from elastinet.ec2.instances.placing import demand_of, launch_places, placed_fields
from elastinet.ec2.interfaces import ipv6_addresses
from elastinet.ec2.interfaces.attachments import attach
from elastinet.ec2.interfaces.delegated_prefixes import pick_prefixes
from elastinet.ec2.interfaces.efa import check_efas
from elastinet.ec2.interfaces.network_interfaces import make_interface
from elastinet.ec2.interfaces.private_addresses import fresh
from elastinet.ec2.security.instance_profiles import read_profile
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.interface import NetworkInterface
from elastinet.model.vpc import Vpc
from elastinet.rules import addressing
from elastinet.rules.devices import Device, device_of
from elastinet.rules.metadata import check_tag_keys

MOST_USER_DATA = 16384
MOST_THREADS = 2


class Kind(NamedTuple):
    """What is launched: an image on a type."""

    image: Image
    type: InstanceType


def run_instances(tx: Transaction, request: Request) -> dict[str, Any]:
    """Launch instances; they run as soon as the fabric has them up."""
    id = once(tx, "RunInstances", request, lambda: _launch(tx, request))
    launched = list(tx.where(Instance, "reservation-id", id))
    if not launched or all(i.state == "terminated" for i in launched):
        sentence = "The client token has already been used for instances that are terminated."
        raise Fault("IdempotentInstanceTerminated", sentence)
    launched.sort(key=lambda i: i.launch_index)
    return instances.reservation(tx, id, [instances.view(tx, i) for i in launched])


def _launch(tx: Transaction, request: Request) -> str:
    least, most = _count(request)
    kind = _kind(tx, request)
    plan = plan_interfaces(tx, request, kind.type, most)
    _check_offered(tx, kind.type, plan.subnet.zone)
    tenancy = tx.need(Vpc, plan.subnet.vpc_id).tenancy
    asked = read_placement(tx, request.get("Placement"), tenancy)
    check_efas(tx, kind.type, asked.tenancy, plan.places)
    cards = [one.card for one in plan.interfaces]
    demand = demand_of(tx, kind.type.name, _device(kind), plan.subnet.zone, cards)
    places = launch_places(tx, asked, demand, plan.subnet.zone, least, most)
    if len(places) < most:
        plan = plan_interfaces(tx, request, kind.type, len(places))
    fields = _fields(tx, request, kind) | _names(request, plan) | placed_fields(asked)
    reservation, token = tx.new_id("r"), request.get("ClientToken") or ""
    tags = tags_for(tx, request, "instance", "network-interface", "volume")
    volume_tags = tags_for(tx, request, "volume", "network-interface", "instance")
    disks = volumes.read(request, kind.image)
    if fields["metadata"].instance_tags == "enabled":
        check_tag_keys(key for key, _ in tags)
    for index, place in enumerate(places):
        instance = tx.new(
            Instance,
            "i",
            reservation_id=reservation,
            launch_index=index,
            state="pending",
            state_reason=("pending", "pending"),
            client_token=token,
            launch_time=tx.now,
            vpc_id=plan.subnet.vpc_id,
            subnet_id=plan.subnet.id,
            zone=plan.subnet.zone,
            private_ip=plan.primary(index),
            **place._asdict(),
            profile_association=tx.new_id("iip-assoc") if fields["profile_arn"] else None,
            tags=tags,
            **fields,
        )
        volumes.make(tx, instance, disks, volume_tags)
        _attach_all(tx, instance, plan, index)
        lend(tx, instance)
    return reservation


def _device(kind: Kind) -> Device:
    image = kind.image
    return device_of(kind.type, ena_support=image.ena_support, sriov_net_support=image.sriov_net_support)


def _count(request: Request) -> tuple[int, int]:
    least, most = request["MinCount"], request["MaxCount"]
    if least < 1:
        raise faults.invalid(least, "minCount", "Expecting a value of at least 1.")
    if most < least:
        raise faults.invalid(most, "maxCount", "Expecting a value not below minCount.")
    if most > 10_000:
        raise Fault(
            "InstanceLimitExceeded", f"You have requested more instances ({most}) than a call may launch."
        )
    return int(least), int(most)


def _kind(tx: Transaction, request: Request) -> Kind:
    if (image_id := request.get("ImageId")) is None:
        if "LaunchTemplate" in request:
            raise faults.unsupported("elastinet does not support LaunchTemplate in RunInstances.")
        raise faults.missing_parameter("ImageId")
    name = request.get("InstanceType", "m1.small")
    kind = instance_types().get(name)
    if kind is None:
        raise Fault("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    image = find_image(tx, image_id)
    check_architecture(image, kind)
    check_ena(kind, image.ena_support, "Ensure that you are using an AMI that is enabled for ENA.")
    return Kind(image, kind)


def find_image(tx: Transaction, id: str) -> Image:
    """The image of this id."""
    image = images(tx.region, tx.settings.images).get(id)
    if image is None:
        faults.check_form("ami", id)
        raise faults.missing("ami", [id])
    return image


def check_architecture(image: Image, kind: InstanceType) -> None:
    """Refuse an image that a type's processors do not run."""
    if image.owner != "self" and image.architecture not in kind.architectures:
        have = ",".join(kind.architectures)
        raise Fault(
            "InvalidParameterValue",
            f"The architecture '{have}' of the specified instance type does not match the architecture "
            f"'{image.architecture}' of the specified AMI. Specify an instance type and an AMI that have "
            "matching architectures, and try again.",
        )


def check_ena(kind: InstanceType, ena_support: bool, advice: str) -> None:
    """Refuse a type that has no other device than ENA to what has no driver for it."""
    if kind.row["ena_support"] == "required" and not ena_support:
        raise faults.combination(
            f"Enhanced networking with the Elastic Network Adapter (ENA) is required for the "
            f"'{kind.name}' instance type. {advice}"
        )


def _check_offered(tx: Transaction, kind: InstanceType, zone: str) -> None:
    zones = offered(tx.region).get(kind.name, ())
    if zone in zones:
        return
    where = f" or choosing {', '.join(zones)}" if zones else ""
    raise Fault(
        "Unsupported",
        f"Your requested instance type ({kind.name}) is not supported in your requested Availability Zone "
        f"({zone}). Please retry your request by not specifying an Availability Zone{where}.",
    )


def _fields(tx: Transaction, request: Request, kind: Kind) -> dict[str, Any]:
    monitoring, hibernation = request.get("Monitoring"), request.get("HibernationOptions")
    profile, credit = request.get("IamInstanceProfile"), request.get("CreditSpecification")
    return {
        "image_id": kind.image.id,
        "instance_type": kind.type.name,
        "ena_support": kind.image.ena_support,
        "sriov_net_support": kind.image.sriov_net_support,
        "platform": kind.image.platform,
        "key_name": _key(tx, request.get("KeyName")),
        "user_data": user_data(request.get("UserData") or ""),
        "monitoring": bool(monitoring and monitoring.get("Enabled")),
        "ebs_optimized": bool(request.get("EbsOptimized")),
        "hibernation": bool(hibernation and hibernation.get("Configured")),
        "api_termination_disabled": bool(request.get("DisableApiTermination")),
        "api_stop_disabled": bool(request.get("DisableApiStop")),
        "shutdown_behavior": request.get("InstanceInitiatedShutdownBehavior", "stop"),
        "profile_arn": read_profile(tx, profile) if profile else None,
        "credit_specification": credit.get("CpuCredits") if credit else None,
        "cpu_options": _cpu_options(request.get("CpuOptions"), kind.type),
        "bandwidth_weighting": launch_weighting(tx, kind.type, request.get("NetworkPerformanceOptions")),
        "metadata": launch_options(tx, kind.image, request.get("MetadataOptions") or Request({})),
    }


def _names(request: Request, plan: LaunchInterfaces) -> dict[str, Any]:
    """How an instance is called: as the request says, else as its subnet says if its interface is new."""
    asked, first = request.get("PrivateDnsNameOptions") or Request({}), plan.interfaces[0]
    names = {
        "HostnameType": "hostname_type",
        "EnableResourceNameDnsARecord": "resource_name_a_record",
        "EnableResourceNameDnsAAAARecord": "resource_name_aaaa_record",
    }
    given = {field: value for name, field in names.items() if (value := asked.get(name)) is not None}
    of_subnet = {} if first.existing else {field: getattr(first.subnet, field) for field in names.values()}
    return of_subnet | given


def _key(tx: Transaction, name: str | None) -> str | None:
    if name is not None and not tx.state.count(KeyPair, "name", (tx.owner, tx.region, name)):
        raise Fault("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
    return name


def user_data(text: str) -> str:
    """User data as it came, if it is base64 of no more than EC2 takes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Fault("InvalidUserData.Malformed", "Invalid BASE64 encoding of user data.") from None
    if len(raw) > MOST_USER_DATA:
        raise Fault("InvalidUserData.Malformed", f"User data is limited to {MOST_USER_DATA} bytes")
    return text


def _cpu_options(options: Request | None, kind: InstanceType) -> tuple[int, int] | None:
    if options is None:
        return None
    cores, threads = options.get("CoreCount"), options.get("ThreadsPerCore")
    if cores is None or threads is None:
        raise faults.missing_parameter("CpuOptions.CoreCount and CpuOptions.ThreadsPerCore")
    if not 1 <= threads <= MOST_THREADS:
        raise faults.invalid(threads, "threadsPerCore", f"Expecting a value from 1 to {MOST_THREADS}.")
    if not 1 <= cores * threads <= kind.vcpus:
        raise faults.invalid(cores, "coreCount", f"The instance type {kind.name} has {kind.vcpus} vCPUs.")
    return cores, threads


def _attach_all(tx: Transaction, instance: Instance, plan: LaunchInterfaces, index: int) -> None:
    for one in plan.interfaces:
        interface = one.existing or _make(tx, plan, one, index)
        attach(
            tx,
            instance,
            interface,
            one.device_index,
            card=one.card,
            delete_on_termination=one.delete_on_termination,
            ena_srd=one.ena_srd,
        )


def _make(tx: Transaction, plan: LaunchInterfaces, one: Any, index: int) -> NetworkInterface:
    more = fresh(tx, one.subnet, one.secondary_count, plan.addresses) if one.secondary_count else []
    but = plan.prefixes if one.prefixes.size else frozenset()
    return make_interface(
        tx,
        one.subnet,
        interface_type=one.interface_type,
        groups=one.groups,
        addresses=(*one.addresses[index], *more),
        prefixes=pick_prefixes(tx, one.subnet, addressing, one.prefixes, but),
        **ipv6_addresses.fields(tx, one.subnet, one.ipv6, primary=one.primary6),
        description=one.description,
        associate_public_ip=one.public,
        tags=plan.interface_tags,
    )
