"""RunInstances (facts sheet, sections 1.5, 7 and 13.1)."""

import base64
import binascii
from typing import Any, NamedTuple

from elastinet.catalog.images import Image
from elastinet.catalog.instance_hardware import hardware
from elastinet.catalog.instance_types import InstanceType, instance_types, offered
from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.as_it_is import refuse_wants
from elastinet.ec2.core.image_parameters import resolved
from elastinet.ec2.core.once import once
from elastinet.ec2.core.public_addresses import lend
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances import instance_views, instances
from elastinet.ec2.instances.credit_specifications import read_option
from elastinet.ec2.instances.launch_interfaces import LaunchPlan, plan_interfaces
from elastinet.ec2.instances.launch_spec import LaunchSpec
from elastinet.ec2.instances.launched_from import expanded
from elastinet.ec2.instances.metadata_options import launch_options
from elastinet.ec2.instances.network_performance import launch_weighting
from elastinet.ec2.instances.placement_request import read_placement
from elastinet.ec2.instances.placing import demand_of, launch_places, placed_fields
from elastinet.ec2.instances.recorded_options import recorded_fields
from elastinet.ec2.instances.vcpu_quotas import within_quota
from elastinet.ec2.interfaces.efa import check_efas
from elastinet.ec2.security.instance_profiles import read_profile
from elastinet.ec2.volumes import volume_mappings
from elastinet.ec2.vpc.hostnames import check_names
from elastinet.model.fault import Fault
from elastinet.model.image import FileSystem, Snapshot
from elastinet.model.instance import Instance, KeyPair
from elastinet.model.noun import Tags
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import images as rules
from elastinet.rules.devices import Device, device_of
from elastinet.rules.metadata import check_tag_keys

MOST_USER_DATA = 16384
TAGGED = ("instance", "network-interface", "volume")
SPOT_REQUEST = "spot-instances-request"
NO_SPOT_REQUEST = (
    "You cannot specify tags for Spot instances requests if there are no Spot instances requests being "
    "created by the request."
)


class Kind(NamedTuple):
    """An image on an instance type."""

    image: Image
    type: InstanceType


def run_instances(tx: Transaction, request: Request) -> Answer:
    """Launch instances; they run as soon as the fabric has them up."""
    id = once(tx, "RunInstances", request, lambda: launch(tx, *expanded(tx, request)))
    launched = list(tx.where(Instance, "reservation-id", id))
    if not launched or all(i.state == "terminated" for i in launched):
        sentence = "The client token has already been used for instances that are terminated."
        raise Fault("IdempotentInstanceTerminated", sentence)
    launched.sort(key=lambda i: i.launch_index)
    return instances.reservation(tx, id, [instance_views.view(tx, i) for i in launched])


def launch(tx: Transaction, request: Request, labels: Tags = ()) -> str:
    """Launch what is asked for, with labels of EC2's own among the instances' tags; gives the reservation."""
    spec = LaunchSpec.parse(request)
    kind = _kind(tx, request)
    plan = plan_interfaces(tx, spec, kind.type)
    _check_offered(tx, kind.type, plan.subnet.zone)
    asked = read_placement(tx, request.get("Placement"), tx.need(Vpc, plan.subnet.vpc_id).tenancy)
    check_efas(tx, kind.type, asked.tenancy, plan.places)
    fields = _fields(tx, request, kind) | _names(request, plan) | placed_fields(asked)
    disks, tags = volume_mappings.read(tx, request, kind.image), _tags(tx, request)
    if fields["metadata"].instance_tags == "enabled":
        check_tag_keys(key for key, _ in tags["instance"])
    cards = [one.card for one in plan.interfaces]
    demand = demand_of(tx, kind.type.name, _device(kind), plan.subnet.zone, cards)
    most = within_quota(tx, kind.type, asked.tenancy, spec.least, spec.most)
    places = launch_places(tx, asked, demand, plan.subnet.zone, spec.least, most)
    fields |= {"reservation_id": tx.new_id("r"), "client_token": request.get("ClientToken") or ""}
    for index, place in enumerate(places):
        own = {"launch_index": index, "tags": (*tags["instance"], *labels)}
        instance = _planned(tx, plan.subnet, **place._asdict(), **own, **fields)
        interfaces = plan.make(tx, instance, tags["network-interface"])
        tx.put(instance.but(private_ip=interfaces[0].primary))
        volume_mappings.make(tx, instance, disks, tags["volume"])
        lend(tx, instance)
    refuse_wants(request, "RunInstances")
    return str(fields["reservation_id"])


def _tags(tx: Transaction, request: Request) -> dict[str, Tags]:
    """The tags of all that a launch makes, by the type of resource."""
    if any(item.get("ResourceType") == SPOT_REQUEST for item in request.get("TagSpecifications") or ()):
        raise Fault("InvalidParameterValue", NO_SPOT_REQUEST)
    return {kind: tags_for(tx, request, kind, *TAGGED) for kind in TAGGED}


def _planned(tx: Transaction, subnet: Subnet, **fields: Any) -> Instance:
    """An instance that is not there yet: its address is that of an interface, which is made for it."""
    return Instance(
        id=tx.new_id("i"),
        owner=tx.owner,
        region=tx.region,
        state="pending",
        state_reason=("pending", "pending"),
        launch_time=tx.now,
        create_time=tx.now,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        zone=subnet.zone,
        private_ip="",
        profile_association=tx.new_id("iip-assoc") if fields["profile_arn"] else None,
        **fields,
    )


def _device(kind: Kind) -> Device:
    image = kind.image
    return device_of(kind.type, ena_support=image.ena_support, sriov_net_support=image.sriov_net_support)


def _kind(tx: Transaction, request: Request) -> Kind:
    if (image_id := request.get("ImageId")) is None:
        raise faults.missing_parameter("ImageId")
    name = request.get("InstanceType", "m1.small")
    kind = instance_types().get(name)
    if kind is None:
        raise Fault("InvalidParameterValue", f"Invalid value '{name}' for InstanceType.")
    image = find_image(tx, resolved(tx, image_id))
    check_architecture(image, kind)
    check_ena(kind, image.ena_support, "Ensure that you are using an AMI that is enabled for ENA.")
    return Kind(image, kind)


def find_image(tx: Transaction, id: str) -> Image:
    """The image of this id."""
    image = rules.find_image(tx.state, tx.scope, tx.settings.images, id)
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
        "file_system": _file_system(tx, kind.image),
        **_key(tx, request.get("KeyName")),
        "user_data": user_data(request.get("UserData") or ""),
        "monitoring": bool(monitoring and monitoring.get("Enabled")),
        "ebs_optimized": bool(request.get("EbsOptimized")),
        "hibernation": bool(hibernation and hibernation.get("Configured")),
        "api_termination_disabled": bool(request.get("DisableApiTermination")),
        "api_stop_disabled": bool(request.get("DisableApiStop")),
        "shutdown_behavior": request.get("InstanceInitiatedShutdownBehavior", "stop"),
        "profile_arn": read_profile(tx, profile) if profile else None,
        "credit_specification": read_option(credit) if credit else None,
        **recorded_fields(request),
        "cpu_options": _cpu_options(request.get("CpuOptions"), kind.type),
        "bandwidth_weighting": launch_weighting(tx, kind.type, request.get("NetworkPerformanceOptions")),
        "metadata": launch_options(tx, kind.image, request.get("MetadataOptions") or Request({})),
    }


def _file_system(tx: Transaction, image: Image) -> FileSystem | None:
    """The root file system of an image; refuses one that is not there yet, or is gone."""
    snapshot = tx.state.get(Snapshot, image.snapshot_id)
    if snapshot is None:
        return None
    if snapshot.state != "completed":
        state = "pending" if snapshot.state == "pending" else "failed"
        raise Fault("InvalidAMIID.Unavailable", f"The image ID '{image.id}' is not available: it is {state}")
    found = snapshot.file_system
    if found is None:
        return None
    if lost := [content for content in found.layers if not tx.has_content(content)]:
        sentence = f"its file system is gone from this server: there is no content {lost[0]}"
        raise Fault("InvalidAMIID.Unavailable", f"The image ID '{image.id}' is not available: {sentence}")
    return found


def _names(request: Request, plan: LaunchPlan) -> dict[str, Any]:
    """An instance's name options: those of the request, else those of its subnet if its interface is new."""
    asked, first = request.get("PrivateDnsNameOptions") or Request({}), plan.interfaces[0]
    names = {
        "HostnameType": "hostname_type",
        "EnableResourceNameDnsARecord": "resource_name_a_record",
        "EnableResourceNameDnsAAAARecord": "resource_name_aaaa_record",
    }
    given = {field: value for name, field in names.items() if (value := asked.get(name)) is not None}
    if not first.is_new and not first.subnet.ipv6_native:
        return given
    of_subnet = {field: getattr(first.subnet, field) for field in names.values()}
    if first.subnet.ipv6_native:
        check_names(given)
    return of_subnet | given


def _key(tx: Transaction, name: str | None) -> dict[str, Any]:
    """A key pair's name and public key: what is launched keeps both, whatever becomes of the pair."""
    if name is None:
        return {}
    pair = next(tx.state.where(KeyPair, "name", (tx.owner, tx.region, name)), None)
    if pair is None:
        raise Fault("InvalidKeyPair.NotFound", f"The key pair '{name}' does not exist")
    return {"key_name": name, "public_key": pair.public_key}


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
    if cores is None and threads is None:
        return None
    if cores is None or threads is None:
        raise faults.missing_parameter("CpuOptions.CoreCount and CpuOptions.ThreadsPerCore")
    made_of = hardware(kind.name)
    for value, name, valid in (
        (threads, "threadsPerCore", made_of.valid_threads or [made_of.threads]),
        (cores, "coreCount", made_of.valid_cores or [made_of.cores]),
    ):
        if value not in valid:
            words = ", ".join(map(str, valid))
            raise faults.invalid(value, name, f"Valid values for {kind.name} are: {words}.")
    return cores, threads
