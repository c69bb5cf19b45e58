"""Attributes of instances, one a call; most of them of stopped instances only."""

from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.ec2.core import faults
from elastinet.ec2.core.address_limits import check_bears
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.as_it_is import wants
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.instance_views import view
from elastinet.ec2.instances.launch import check_architecture, find_image, user_data
from elastinet.ec2.instances.network_performance import check_weighting
from elastinet.ec2.interfaces.efa import check_efas, places
from elastinet.ec2.interfaces.ena_express import check_express
from elastinet.ec2.interfaces.network_interfaces import group_set
from elastinet.ec2.security.security_groups import check_groups
from elastinet.ec2.volumes import volume_attachments
from elastinet.ec2.vpc.routes import only_interface
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.rules.interfaces import interfaces_of

BOOLEANS = {
    "DisableApiTermination": "api_termination_disabled",
    "DisableApiStop": "api_stop_disabled",
    "EbsOptimized": "ebs_optimized",
    "EnaSupport": "ena_support",
}
WORDS = {"InstanceInitiatedShutdownBehavior": "shutdown_behavior"}
STOPPED = ("InstanceType", "UserData", "EbsOptimized", "EnaSupport", "SriovNetSupport")
OF_INTERFACE = ("SourceDestCheck", "Groups")
OF_VOLUMES = "BlockDeviceMappings"
NAMES = (*BOOLEANS, *WORDS, "InstanceType", "UserData", "SriovNetSupport", *OF_INTERFACE, OF_VOLUMES)


def modify_instance_attribute(tx: Transaction, request: Request) -> None:
    """Change one attribute of an instance."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    name, value = _asked(request)
    if name in STOPPED and instance.state != "stopped":
        sentence = f"The instance '{instance.id}' is not in the 'stopped' state."
        raise Fault("IncorrectInstanceState", sentence)
    if name in OF_INTERFACE:
        _change_interface(tx, instance, name, value)
    elif name == OF_VOLUMES:
        volume_attachments.change(tx, instance, value)
    else:
        tx.put(instance.but(**_change(tx, instance, name, value)))


def _asked(request: Request) -> tuple[str, Any]:
    """The attribute and its value, given as a member of its own or by name and value."""
    given = {name: request.get(name) for name in NAMES if request.get(name) is not None}
    if (name := request.get("Attribute")) is not None:
        given[name[0].upper() + name[1:]] = request.get("Value")
    if len(given) > 1:
        raise faults.combination("Fields for multiple attribute types specified: only one can be changed.")
    for name, value in given.items():
        if name not in NAMES:
            raise faults.unsupported(f"elastinet does not support the instance attribute {name}.")
        return name, value.get("Value") if isinstance(value, Request) else value
    if name := next(wants(request), None):
        raise faults.unsupported(f"elastinet does not support {name} in ModifyInstanceAttribute.")
    raise faults.missing_parameter("attribute")


def _truth(value: Any) -> bool:
    return value if isinstance(value, bool) else str(value).lower() == "true"


def _change(tx: Transaction, instance: Instance, name: str, value: Any) -> dict[str, Any]:
    if name in BOOLEANS:
        return {BOOLEANS[name]: _truth(value)}
    if name in WORDS:
        if value not in ("stop", "terminate"):
            raise faults.invalid(value, "instanceInitiatedShutdownBehavior")
        return {WORDS[name]: value}
    if name == "UserData":
        return {"user_data": _user_data(value)}
    if name == "SriovNetSupport":
        return {"sriov_net_support": _sriov(value)}
    return {"instance_type": _type(tx, instance, value)}


def _user_data(value: Any) -> str:
    import base64

    # A blob on the wire: botocore has encoded it, and the wire has decoded it again.
    return user_data(base64.b64encode(value).decode() if isinstance(value, bytes) else value or "")


def _sriov(value: Any) -> str:
    """Intel's 82599 VF can be turned on, by this one word, and never off."""
    if value != "simple":
        raise faults.invalid(value, "sriovNetSupport", "The only value is 'simple'.")
    return "simple"


def _type(tx: Transaction, instance: Instance, name: str) -> str:
    kind = instance_types().get(name)
    if kind is None:
        raise Fault("InvalidInstanceAttributeValue", f"Invalid value '{name}' for InstanceType.")
    check_architecture(find_image(tx, instance.image_id), kind)  # ENA is asked for at the start only
    there = interfaces_of(tx.state, instance.id)
    for interface in there:
        check_bears(name, interface)
        check_express(tx, kind, interface)
    check_efas(tx, kind, instance.tenancy, places(there))
    check_weighting(tx, kind, instance.bandwidth_weighting)
    return name


def _change_interface(tx: Transaction, instance: Instance, name: str, value: Any) -> None:
    interface = only_interface(tx, instance)
    if name == "Groups":
        groups = check_groups(tx, list(value), interface.vpc_id)
        tx.put(interface.but(groups=groups))
    else:
        tx.put(interface.but(source_dest_check=_truth(value)))


def describe_instance_attribute(tx: Transaction, request: Request) -> Answer:
    """One attribute of an instance."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    name = request["Attribute"]
    return {"InstanceId": instance.id, **_shown(tx, instance, name)}


def _shown(tx: Transaction, instance: Instance, name: str) -> dict[str, Any]:
    image = find_image(tx, instance.image_id)
    interfaces = interfaces_of(tx.state, instance.id)
    values: dict[str, Any] = {
        "InstanceType": instance.instance_type,
        "UserData": instance.user_data,
        "DisableApiTermination": instance.api_termination_disabled,
        "DisableApiStop": instance.api_stop_disabled,
        "InstanceInitiatedShutdownBehavior": instance.shutdown_behavior,
        "EbsOptimized": instance.ebs_optimized,
        "RootDeviceName": image.root_device,
        "SriovNetSupport": instance.sriov_net_support,
        "EnaSupport": instance.ena_support,
        "EnclaveOptions": False,
        "Kernel": None,
        "Ramdisk": None,
        "SourceDestCheck": interfaces[0].source_dest_check if interfaces else None,
    }
    member = name[0].upper() + name[1:]
    if name == "groupSet":
        return {"Groups": group_set(tx, interfaces[0]) if interfaces else []}
    if name == "blockDeviceMapping":
        return {"BlockDeviceMappings": view(tx, instance)["BlockDeviceMappings"]}
    if name == "productCodes":
        return {"ProductCodes": []}
    if name == "enclaveOptions":
        return {"EnclaveOptions": {"Enabled": False}}
    member_of_output = {"Kernel": "KernelId", "Ramdisk": "RamdiskId"}.get(member, member)
    value = values[member]
    return {member_of_output: {} if value in (None, "") else {"Value": value}}


def reset_instance_attribute(tx: Transaction, request: Request) -> None:
    """Turn the source/destination check on again; there is nothing else here to reset."""
    instance = need(tx, Instance, "i", request["InstanceId"])
    name = request["Attribute"]
    if name in ("kernel", "ramdisk"):
        raise faults.unsupported(f"elastinet does not support {name} in ResetInstanceAttribute.")
    if name != "sourceDestCheck":
        raise faults.invalid(name, "attribute")
    _change_interface(tx, instance, "SourceDestCheck", True)


def monitoring(enabled: bool) -> Any:
    """The operation that turns detailed monitoring on or off (recorded only)."""

    def change(tx: Transaction, request: Request) -> Answer:
        """Turn detailed monitoring on or off."""
        shown = []
        for id in request.ids("InstanceIds"):
            tx.put(need(tx, Instance, "i", id).but(monitoring=enabled))
            state = "enabled" if enabled else "disabled"
            shown.append({"InstanceId": id, "Monitoring": {"State": state}})
        return {"InstanceMonitorings": shown}

    return change
