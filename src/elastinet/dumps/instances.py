"""Instances with what they have beside interfaces: volumes, key pairs, placement groups."""

import re
from collections.abc import Iterator
from functools import cache
from math import log2
from typing import Any, get_args

from elastinet.catalog.instance_types import instance_types
from elastinet.dumps.item import Item, Odd
from elastinet.dumps.reading import Row
from elastinet.dumps.world import World, common, made_up
from elastinet.model.instance import BandwidthWeighting, Instance, InstanceState, KeyPair, MetadataOptions
from elastinet.model.noun import Noun
from elastinet.model.placement import PlacementGroup, Strategy
from elastinet.model.volume import Volume, VolumeAttachment

SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")
TIMES = re.compile(r"([1-9][0-9]{0,2})xlarge")
TYPE = "m5.large"
"""Taken for a type of whose family none is known."""


def read(world: World) -> None:
    """Make them."""
    world.read("PlacementGroups", _placement_group)
    world.read("KeyPairs", _key_pair)
    world.read("Instances", _instance)
    world.read("Volumes", _volume)


def _placement_group(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    strategy: Any = item.word("Strategy", get_args(Strategy), "cluster")
    yield PlacementGroup(
        id=item.id("GroupId", "pg", made_up("pg", item.text("GroupName"))),
        group_name=item.text("GroupName"),
        strategy=strategy,
        partition_count=item.number("PartitionCount", 1, 100, 0) or None,
        spread_level=item.text("SpreadLevel") or None,
        **common(row),
    )


def _key_pair(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    yield KeyPair(
        id=item.id("KeyPairId", "key", made_up("key", item.text("KeyName"))),
        key_name=item.text("KeyName"),
        key_type=item.text("KeyType", "rsa"),
        fingerprint=item.text("KeyFingerprint"),
        public_key=item.text("PublicKey"),
        create_time=item.time("CreateTime"),
        **common(row),
    )


def _instance(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    id, placement, state = item.id("InstanceId", "i"), item.part("Placement"), item.part("State")
    now: Any = state.word("Name", get_args(InstanceState), "running")
    if not state.has("Name"):
        world.say(row.file, f"the state of {id} is not in the dump: taken as running")
    reason, launched = item.part("StateReason"), item.time("LaunchTime")
    yield Instance(
        id=id,
        reservation_id=item.id("ReservationId", "r", made_up("r", id)),
        launch_index=item.number("AmiLaunchIndex", 0, 1_000_000, 0),
        image_id=item.foreign_id("ImageId"),
        instance_type=_type(world, row, id),
        state=now,
        state_reason=(reason.text("Code"), reason.text("Message")) if reason.has("Code") else None,
        transition_reason=item.text("StateTransitionReason"),
        vpc_id=item.id("VpcId", "vpc", ""),
        subnet_id=item.id("SubnetId", "subnet", ""),
        zone=placement.foreign_id("AvailabilityZone") or f"{row.place.region}a",
        private_ip=item.address("PrivateIpAddress"),
        key_name=item.text("KeyName") or None,
        client_token=item.text("ClientToken"),
        launch_time=launched,
        create_time=item.time("UsageOperationUpdateTime", launched),
        tenancy=placement.text("Tenancy", "default"),
        placement_group=_group(world, placement),
        partition=placement.number("PartitionNumber", 1, 100, 0) or None,
        dedicated_host=placement.id("HostId", "h", "") or None,
        affinity=placement.text("Affinity", "default"),
        ena_support=item.flag("EnaSupport", True),
        sriov_net_support=item.text("SriovNetSupport") or None,
        platform=item.text("Platform").lower() or None,
        monitoring=item.part("Monitoring").text("State") == "enabled",
        ebs_optimized=item.flag("EbsOptimized"),
        hibernation=item.part("HibernationOptions").flag("Configured"),
        profile_arn=item.part("IamInstanceProfile").text("Arn") or None,
        **_options(item),
        **common(row),
    )


def _options(item: Item) -> dict[str, Any]:
    """What an instance shows of its options."""
    names, cpu, metadata = (
        item.part("PrivateDnsNameOptions"),
        item.part("CpuOptions"),
        item.part("MetadataOptions"),
    )
    weighting = item.part("NetworkPerformanceOptions")
    cores = cpu.number("CoreCount", 1, 10_000, 0), cpu.number("ThreadsPerCore", 1, 16, 0)
    return {
        "hostname_type": names.text("HostnameType", "ip-name"),
        "resource_name_a_record": names.flag("EnableResourceNameDnsARecord"),
        "resource_name_aaaa_record": names.flag("EnableResourceNameDnsAAAARecord"),
        "cpu_options": cores if all(cores) else None,
        "amd_sev_snp": cpu.text("AmdSevSnp") or None,
        "nested_virtualization": cpu.text("NestedVirtualization") or None,
        "auto_recovery": item.part("MaintenanceOptions").text("AutoRecovery", "default"),
        "capacity_reservation_preference": item.part("CapacityReservationSpecification").text(
            "CapacityReservationPreference", "open"
        ),
        "bandwidth_weighting": weighting.word("BandwidthWeighting", get_args(BandwidthWeighting), "default"),
        "metadata": MetadataOptions(
            http_tokens=metadata.text("HttpTokens", "optional"),
            http_endpoint=metadata.text("HttpEndpoint", "enabled"),
            hop_limit=metadata.number("HttpPutResponseHopLimit", 1, 64, 1),
            instance_tags=metadata.text("InstanceMetadataTags", "disabled"),
            http_protocol_ipv6=metadata.text("HttpProtocolIpv6", "disabled"),
        ),
    }


def _type(world: World, row: Row, id: str) -> str:
    asked = row.item.text("InstanceType")
    if asked in instance_types():
        return asked
    taken = _nearest(asked)
    world.say(row.file, f"the type {asked or 'of an instance'} is not known here: {id} is taken as a {taken}")
    return taken


@cache
def _nearest(asked: str) -> str:
    """The type of the same family whose size is nearest; the smaller one of two."""
    family, _, size = asked.partition(".")
    known = [name for name in instance_types() if name.partition(".")[0] == family]
    return min(known, key=lambda name: abs(_rank(name.partition(".")[2]) - _rank(size)), default=TYPE)


def _rank(size: str) -> float:
    """The place of a size among all: 2xlarge is next to xlarge; one without a number, as metal, is last."""
    if found := TIMES.fullmatch(size):
        return len(SIZES) - 1 + log2(int(found[1]))
    return SIZES.index(size) if size in SIZES else len(SIZES) + 6


def _group(world: World, placement: Item) -> str | None:
    """The placement group of an instance, by its id or its name."""
    id, name = placement.text("GroupId"), placement.text("GroupName")
    found = (
        group.id
        for group in world.all(PlacementGroup)
        if group.id == id or (not id and group.group_name == name)
    )
    return next(found, None) if id or name else None


def _volume(world: World, row: Row) -> Iterator[Noun]:
    item = row.item
    attachments = tuple(map(_attached, item.items("Attachments")))
    for one in attachments:
        if world.state.get(Instance, one.instance_id) is None:
            raise Odd(f"its instance {one.instance_id} is not in the dump")
    yield Volume(
        id=item.id("VolumeId", "vol"),
        zone=item.foreign_id("AvailabilityZone") or f"{row.place.region}a",
        size=item.number("Size", 1, 1_000_000, 1),
        volume_type=item.text("VolumeType", "gp2"),
        encrypted=item.flag("Encrypted"),
        iops=item.number("Iops", 1, 10_000_000, 0) or None,
        throughput=item.number("Throughput", 1, 10_000_000, 0) or None,
        initialization_rate=item.number("VolumeInitializationRate", 1, 10_000, 0) or None,
        kms_key=item.text("KmsKeyId") or None,
        snapshot_id=item.text("SnapshotId"),
        create_time=item.time("CreateTime"),
        multi_attach=item.flag("MultiAttachEnabled"),
        attachments=attachments,
        **common(row),
    )


def _attached(one: Item) -> VolumeAttachment:
    return VolumeAttachment(
        instance_id=one.id("InstanceId", "i"),
        device=one.text("Device"),
        time=one.time("AttachTime"),
        delete_on_termination=one.flag("DeleteOnTermination"),
    )
