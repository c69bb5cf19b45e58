"""Network interfaces, their addresses and attachments, and the Elastic IPs that lead to them."""

from typing import Any

from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.twin.both import Both, Steps, do, make, say


def is_services(interface: NetworkInterface) -> bool:
    """True if a service has made an interface for itself: it comes and goes with that."""
    return interface.requester_id is not None


def comes_with_instance(both: Both, interface: NetworkInterface) -> bool:
    """True if an interface is the first one of a new instance, which is launched with it."""
    held = interface.attachment
    is_first = held is not None and (held.network_card, held.device_index) == (0, 0)
    return held is not None and is_first and both.is_new(Instance, held.instance_id)


def changed(both: Both) -> Steps:
    """Groups, checks, descriptions and addresses of interfaces that stay."""
    for old, new in both.kept(NetworkInterface):
        if is_services(new):
            continue
        changes: list[dict[str, Any]] = []
        if new.groups != old.groups:
            changes.append({"Groups": list(new.groups)})
        if new.source_dest_check != old.source_dest_check:
            changes.append({"SourceDestCheck": {"Value": new.source_dest_check}})
        if new.description != old.description:
            changes.append({"Description": {"Value": new.description}})
        for change in changes:
            yield do(new, "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=new.id, **change)
        yield from _addresses(old, new)


def _addresses(old: NetworkInterface, new: NetworkInterface) -> Steps:
    """Addresses and prefixes that are gone, and those that are new."""
    own = {"NetworkInterfaceId": new.id}
    four, six = ("PrivateIpAddresses", "addresses"), ("Ipv6Addresses", "addresses6")
    prefixes4, prefixes6 = ("Ipv4Prefixes", "prefixes"), ("Ipv6Prefixes", "prefixes6")
    for verb, one, other in (("Unassign", old, new), ("Assign", new, old)):
        for kind, members in (("PrivateIpAddresses", (four, prefixes4)), ("Ipv6Addresses", (six, prefixes6))):
            for member, field in members:
                some = [each for each in getattr(one, field) if each not in getattr(other, field)]
                if some:
                    yield do(new, f"{verb}{kind}", **own, **{member: some})


def detached(both: Both) -> Steps:
    """Interfaces that leave their instances; those of an instance that is gone have left with it."""
    for old in both.before.all(NetworkInterface):
        new = both.after.get(NetworkInterface, old.id)
        if (
            old.attachment is None
            or is_services(old)
            or not both.before.get(Instance, old.attachment.instance_id)
        ):
            continue
        if both.is_gone(Instance, old.attachment.instance_id) or _same(old, new):
            continue
        yield do(old, "DetachNetworkInterface", AttachmentId=old.attachment.id)
        yield do(old, "wait network-interface-available", NetworkInterfaceIds=[old.id])


def ended(both: Both) -> Steps:
    """Interfaces that are gone, but not with their instance or their service."""
    for old in both.gone(NetworkInterface):
        held = old.attachment
        with_it = held and held.delete_on_termination and both.is_gone(Instance, held.instance_id)
        if not (with_it or is_services(old)):
            yield do(old, "DeleteNetworkInterface", NetworkInterfaceId=old.id)


def made(both: Both) -> Steps:
    """New interfaces that come with no instance."""
    for new in both.made(NetworkInterface):
        if is_services(new) or comes_with_instance(both, new):
            continue
        given = asked(new) | {"SubnetId": new.subnet_id, "Groups": list(new.groups)}
        given |= {} if new.interface_type == "interface" else {"InterfaceType": new.interface_type}
        yield make(new, "NetworkInterface.NetworkInterfaceId", "CreateNetworkInterface", **given)
        if not new.source_dest_check:
            off = {"SourceDestCheck": {"Value": False}}
            yield do(new, "ModifyNetworkInterfaceAttribute", NetworkInterfaceId=new.id, **off)


def asked(new: NetworkInterface) -> dict[str, Any]:
    """What is asked of a new interface beside its subnet and groups."""
    found: dict[str, Any] = {"Description": new.description} if new.description else {}
    if new.addresses:
        private = [{"PrivateIpAddress": a, "Primary": n == 0} for n, a in enumerate(new.addresses)]
        found["PrivateIpAddresses"] = private
    if new.addresses6:
        found["Ipv6Addresses"] = [{"Ipv6Address": address} for address in new.addresses6]
    if new.prefixes:
        found["Ipv4Prefixes"] = [{"Ipv4Prefix": block} for block in new.prefixes]
    if new.prefixes6:
        found["Ipv6Prefixes"] = [{"Ipv6Prefix": block} for block in new.prefixes6]
    return found


def attached(both: Both) -> Steps:
    """Interfaces that are in an instance now where they were not."""
    for new in both.after.all(NetworkInterface):
        old = both.before.get(NetworkInterface, new.id)
        held = new.attachment
        if held is None or is_services(new) or comes_with_instance(both, new):
            continue
        if both.after.get(Instance, held.instance_id) and not _same(old, new):
            where = {"InstanceId": held.instance_id, "DeviceIndex": held.device_index}
            where |= {"NetworkCardIndex": held.network_card} if held.network_card else {}
            yield do(new, "AttachNetworkInterface", NetworkInterfaceId=new.id, **where)


def _same(one: NetworkInterface | None, other: NetworkInterface | None) -> bool:
    """True if an interface has the attachment that it had, or none as before."""
    own, others = (found.attachment if found else None for found in (one, other))
    return (own and own.id) == (others and others.id)


# --- Elastic IPs ----------------------------------------------------------------------------------


def disassociated(both: Both) -> Steps:
    """Elastic IPs that lead elsewhere now, or nowhere, or are gone."""
    for old in both.before.all(Address):
        new = both.after.get(Address, old.id)
        if old.association_id and not _ends_by_itself(both, old) and _end(old) != (new and _end(new)):
            yield do(old, "DisassociateAddress", AssociationId=old.association_id)


def released(both: Both) -> Steps:
    """Elastic IPs that are gone, once nothing has them."""
    for old in both.gone(Address):
        yield do(old, "ReleaseAddress", AllocationId=old.id)


def _end(address: Address) -> tuple[str, str] | None:
    return (address.interface_id, address.private_ip or "") if address.interface_id else None


def _ends_by_itself(both: Both, address: Address) -> bool:
    """True if what an address leads to is gone, or is a service's."""
    interface = both.before.get(NetworkInterface, address.interface_id or "")
    if interface is None or is_services(interface):
        return True
    return both.is_gone(NetworkInterface, interface.id)


def allocated(both: Both) -> Steps:
    """New Elastic IPs: AWS gives other addresses than are here."""
    for new in both.made(Address):
        yield say(f"{new.public_ip} of {new.id} is of this machine: AWS gives another")
        yield make(new, "AllocationId", "AllocateAddress", Domain="vpc")


def led(both: Both) -> Steps:
    """Elastic IPs that lead to interfaces now."""
    for new in both.after.all(Address):
        old, end = both.before.get(Address, new.id), _end(new)
        interface = both.after.get(NetworkInterface, new.interface_id or "")
        if end is None or interface is None or is_services(interface) or end == (old and _end(old)):
            continue
        given = {"AllocationId": new.id, "NetworkInterfaceId": end[0], "PrivateIpAddress": end[1]}
        yield do(new, "AssociateAddress", **given)
    for new in both.after.all(Address):
        old = both.before.get(Address, new.id)
        if new.ptr_record and new.ptr_record != (old.ptr_record if old else None):
            yield do(new, "ModifyAddressAttribute", AllocationId=new.id, DomainName=new.ptr_record)
