"""GetLaunchTemplateData: an instance as the data of a template that would launch its like."""

from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import is_reserved
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances import instance_views
from elastinet.ec2.instances.credit_specifications import credit_option
from elastinet.ec2.volumes.volume_limits import IOPS, THROUGHPUTS
from elastinet.ec2.volumes.volume_views import attached_to
from elastinet.model.instance import Instance
from elastinet.model.volume import Volume, VolumeAttachment

AS_SHOWN = (
    "ImageId", "InstanceType", "KeyName", "EbsOptimized", "CpuOptions", "CapacityReservationSpecification",
    "EnclaveOptions", "HibernationOptions", "MetadataOptions", "PrivateDnsNameOptions",
    "NetworkPerformanceOptions",
)  # fmt: skip
"""What a template says in the same words as DescribeInstances."""

OF_INTERFACE = (
    "Description", "NetworkInterfaceId", "SubnetId", "PrivateIpAddress", "InterfaceType", "Ipv6Addresses",
    "Ipv4Prefixes", "Ipv6Prefixes",
)  # fmt: skip
OF_ATTACHMENT = ("DeviceIndex", "NetworkCardIndex", "DeleteOnTermination")
OF_PLACEMENT = ("AvailabilityZone", "GroupName", "Tenancy", "PartitionNumber", "HostId", "Affinity")


def get_launch_template_data(tx: Transaction, request: Request) -> Answer:
    """The parameters that an instance could have been launched with."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    shown = instance_views.view(tx, instance)
    data = _some(shown, AS_SHOWN) | {
        "Placement": _some(shown["Placement"], OF_PLACEMENT),
        "Monitoring": {"Enabled": instance.monitoring},
        "MaintenanceOptions": _some(shown["MaintenanceOptions"], ("AutoRecovery",)),
        "DisableApiTermination": instance.api_termination_disabled,
        "DisableApiStop": instance.api_stop_disabled,
        "InstanceInitiatedShutdownBehavior": instance.shutdown_behavior,
        "NetworkInterfaces": [_interface(one) for one in shown["NetworkInterfaces"]],
        "BlockDeviceMappings": [_mapping(*pair) for pair in attached_to(tx, instance)],
    }
    return {"LaunchTemplateData": data | _where_there(instance)}


def _some(shown: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: shown[name] for name in names if name in shown}


def _interface(shown: dict[str, Any]) -> dict[str, Any]:
    addresses = [_some(one, ("Primary", "PrivateIpAddress")) for one in shown["PrivateIpAddresses"]]
    tracking = shown.get("ConnectionTrackingConfiguration")
    return (
        _some(shown["Attachment"], OF_ATTACHMENT)
        | _some(shown, OF_INTERFACE)
        | ({"ConnectionTrackingSpecification": tracking} if tracking else {})
        | {"Groups": [group["GroupId"] for group in shown["Groups"]], "PrivateIpAddresses": addresses}
    )


def _mapping(volume: Volume, attachment: VolumeAttachment) -> dict[str, Any]:
    ebs = {
        "VolumeSize": volume.size,
        "VolumeType": volume.volume_type,
        "DeleteOnTermination": attachment.delete_on_termination,
        "Encrypted": volume.encrypted,
    }
    if volume.volume_type in IOPS:
        ebs["Iops"] = volume.iops
    if volume.volume_type in THROUGHPUTS:
        ebs["Throughput"] = volume.throughput
    if volume.kms_key:
        ebs["KmsKeyId"] = volume.kms_key
    if volume.snapshot_id:
        ebs["SnapshotId"] = volume.snapshot_id
    return {"DeviceName": attachment.device, "Ebs": ebs}


def _where_there(instance: Instance) -> dict[str, Any]:
    """What only some instances have."""
    found: dict[str, Any] = {}
    if instance.user_data:
        found["UserData"] = instance.user_data
    if instance.profile_arn:
        found["IamInstanceProfile"] = {"Arn": instance.profile_arn}
    if instance_types()[instance.instance_type].row["burstable"] == "True":
        found["CreditSpecification"] = {"CpuCredits": credit_option(instance)}
    if tags := [{"Key": key, "Value": value} for key, value in instance.tags if not is_reserved(key)]:
        found["TagSpecifications"] = [{"ResourceType": "instance", "Tags": tags}]
    return found
