"""Attributes of network interfaces, one a call."""

from typing import Any

from msgspec.structs import replace

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.efa_only import check_carries_ip
from elastinet.ec2.core.lookup import need, need_mine
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.interfaces import connection_tracking
from elastinet.ec2.interfaces.ena_express import EnaSrdSpec, change_express
from elastinet.ec2.interfaces.network_interfaces import group_set, view
from elastinet.ec2.security.security_groups import check_groups
from elastinet.model.fault import Fault
from elastinet.model.interface import NetworkInterface

NAMES = (
    "Description", "Groups", "SourceDestCheck", "Attachment", "AssociatePublicIpAddress", "EnablePrimaryIpv6",
    "EnaSrdSpecification", "ConnectionTrackingSpecification",
)  # fmt: skip


def modify_network_interface_attribute(tx: Transaction, request: Request) -> None:
    """Change one attribute of an interface; groups take effect on packets at once."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    given = [name for name in NAMES if request.get(name) is not None]
    if not given and next(request.unread(), None) is None:
        raise faults.missing_parameter("attribute")
    if len(given) > 1:
        raise faults.combination("Fields for multiple attribute types specified: only one can be changed.")
    for name in given:
        tx.put(interface.but(**_changes(tx, interface, name, request[name])))


def _changes(tx: Transaction, interface: NetworkInterface, name: str, value: Any) -> dict[str, Any]:
    if name == "Description":
        return {"description": value.get("Value") or ""}
    if name == "SourceDestCheck":
        return {"source_dest_check": bool(value.get("Value"))}
    if name in ("AssociatePublicIpAddress", "EnablePrimaryIpv6") and value:
        check_carries_ip(interface)
    if name == "AssociatePublicIpAddress":
        return {"associate_public_ip": value}
    if name == "EnablePrimaryIpv6":
        return {"has_primary6": _primary_ipv6(interface, value)}
    if name == "Groups":
        if not value:
            raise faults.missing_parameter("groupId")
        return {"groups": check_groups(tx, list(value), interface.vpc_id)}
    if name == "EnaSrdSpecification":
        return {"attachment": change_express(tx, interface, EnaSrdSpec.parse(value))}
    if name == "ConnectionTrackingSpecification":
        return {"idle": connection_tracking.parse(value, interface.idle)}
    return {"attachment": _attachment(interface, value)}


def _primary_ipv6(interface: NetworkInterface, wanted: bool) -> bool:
    """The flag of a primary IPv6 address; once set, it stays until the interface is detached."""
    if wanted and not interface.addresses6:
        sentence = "A primary IPv6 address requires an IPv6 address on the network interface."
        raise faults.combination(sentence)
    if interface.has_primary6 and not wanted:
        sentence = f"The primary IPv6 address of {interface.id} cannot be disabled."
        raise Fault("OperationNotPermitted", sentence)
    return wanted


def _attachment(interface: NetworkInterface, value: Request) -> Any:
    attachment, id = interface.attachment, value.get("AttachmentId")
    if id is None:
        raise faults.missing_parameter("attachmentId")
    if attachment is None or attachment.id != id:
        faults.check_form("eni-attach", id)
        raise faults.missing("eni-attach", [id])
    gone = value.get("DeleteOnTermination")
    return attachment if gone is None else replace(attachment, delete_on_termination=gone)


def reset_network_interface_attribute(tx: Transaction, request: Request) -> None:
    """Turn an interface's source/destination check on again."""
    interface = need_mine(tx, request["NetworkInterfaceId"])
    request.get("SourceDestCheck")  # the only attribute there is to reset; its value says nothing
    tx.put(interface.but(source_dest_check=True))


def describe_network_interface_attribute(tx: Transaction, request: Request) -> Answer:
    """One attribute of an interface."""
    interface = need(tx, NetworkInterface, "eni", request["NetworkInterfaceId"])
    name = request.get("Attribute", "description")
    values: dict[str, dict[str, Any]] = {
        "description": {"Description": {"Value": interface.description}},
        "groupSet": {"Groups": group_set(tx, interface)},
        "sourceDestCheck": {"SourceDestCheck": {"Value": interface.source_dest_check}},
        "associatePublicIpAddress": {"AssociatePublicIpAddress": interface.associate_public_ip},
        "attachment": _shown_attachment(tx, interface),
    }
    if name not in values:
        raise Fault("InvalidParameterValue", f"Value ({name}) for parameter attribute is invalid.")
    return {"NetworkInterfaceId": interface.id} | values[name]


def _shown_attachment(tx: Transaction, interface: NetworkInterface) -> dict[str, Any]:
    shown = view(tx, interface)
    return {"Attachment": shown["Attachment"]} if "Attachment" in shown else {}
