"""Instances and placement groups: launched, started, stopped, changed and terminated."""

from typing import Any

from elastinet.model.instance import Instance, MetadataOptions
from elastinet.model.interface import NetworkInterface
from elastinet.model.placement import PlacementGroup
from elastinet.rules.interfaces import primary_of
from elastinet.twin.both import Both, Steps, do, make, say
from elastinet.twin.changes.interfaces import asked
from elastinet.twin.changes.lookups import of_instance

OPTIONS = {
    "HttpTokens": "http_tokens",
    "HttpEndpoint": "http_endpoint",
    "HttpPutResponseHopLimit": "hop_limit",
    "InstanceMetadataTags": "instance_tags",
    "HttpProtocolIpv6": "http_protocol_ipv6",
}
FLAGS = {"DisableApiTermination": "api_termination_disabled", "DisableApiStop": "api_stop_disabled"}


def ended(both: Both) -> Steps:
    """Instances that are gone, and those that do not run any more."""
    gone = list(both.gone(Instance))
    for instance in gone:
        yield do(instance, "TerminateInstances", InstanceIds=[instance.id])
    for instance in gone:
        yield do(instance, "wait instance-terminated", InstanceIds=[instance.id])
    for old, new in both.kept(Instance):
        if old.alive and (not new.alive or new.instance_type != old.instance_type):
            yield do(new, "StopInstances", InstanceIds=[new.id])
            yield do(new, "wait instance-stopped", InstanceIds=[new.id])
    for group in both.gone(PlacementGroup):
        yield do(group, "DeletePlacementGroup", GroupName=group.group_name)


def changed(both: Both) -> Steps:
    """Attributes of instances that stay; some of them need a stop, which was before."""
    for old, new in both.kept(Instance):
        own = {"InstanceId": new.id}
        if new.instance_type != old.instance_type:
            yield do(new, "ModifyInstanceAttribute", **own, InstanceType={"Value": new.instance_type})
        for name, field in FLAGS.items():
            if (value := getattr(new, field)) != getattr(old, field):
                yield do(new, "ModifyInstanceAttribute", **own, **{name: {"Value": value}})
        if options := _options(old.metadata, new.metadata):
            yield do(new, "ModifyInstanceMetadataOptions", **own, **options)


def started(both: Both) -> Steps:
    """Instances that run now and did not, or were stopped for a change."""
    for old, new in both.kept(Instance):
        if new.alive and (not old.alive or new.instance_type != old.instance_type):
            yield do(new, "StartInstances", InstanceIds=[new.id])
            yield do(new, "wait instance-running", InstanceIds=[new.id])


def made(both: Both) -> Steps:
    """New instances, each with its first interface."""
    for group in both.made(PlacementGroup):
        given: dict[str, Any] = {"GroupName": group.group_name, "Strategy": group.strategy}
        given |= {"PartitionCount": group.partition_count} if group.partition_count else {}
        given |= {"SpreadLevel": group.spread_level} if group.spread_level else {}
        yield make(group, "PlacementGroup.GroupId", "CreatePlacementGroup", **given)
    images = {instance.image_id for instance in both.before.all(Instance)}
    for new in both.made(Instance):
        if new.image_id not in images:
            yield say(f"{new.id} is of the image {new.image_id}, which may be this machine's only")
        if new.user_data:
            yield say(f"{new.id} has user data, which are left out")
        yield from _launch(both, new)


def _launch(both: Both, new: Instance) -> Steps:
    given: dict[str, Any] = {"ImageId": new.image_id, "InstanceType": new.instance_type}
    given |= {"MinCount": 1, "MaxCount": 1} | ({"KeyName": new.key_name} if new.key_name else {})
    first = primary_of(both.after, new.id)
    if first is not None:
        given["NetworkInterfaces"] = [_first(first)]
    if group := both.after.get(PlacementGroup, new.placement_group or ""):
        given["Placement"] = {"GroupName": group.group_name}
    if options := _options(MetadataOptions(), new.metadata):
        given["MetadataOptions"] = options
    yield make(new, "Instances[0].InstanceId", "RunInstances", **given)
    yield do(new, "wait instance-running", InstanceIds=[new.id])
    if first is not None:
        yield of_instance(first, new.id)
        if not first.source_dest_check:
            off = {"SourceDestCheck": {"Value": False}}
            yield do(first, "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=first.id, **off)
    if not new.alive:
        yield do(new, "StopInstances", InstanceIds=[new.id])


def _first(interface: NetworkInterface) -> dict[str, Any]:
    found = asked(interface) | {"DeviceIndex": 0, "SubnetId": interface.subnet_id}
    found["Groups"] = list(interface.groups)
    found["AssociatePublicIpAddress"] = interface.associate_public_ip
    return found | (
        {} if interface.interface_type == "interface" else {"InterfaceType": interface.interface_type}
    )


def _options(old: MetadataOptions, new: MetadataOptions) -> dict[str, Any]:
    return {n: getattr(new, f) for n, f in OPTIONS.items() if getattr(new, f) != getattr(old, f)}
