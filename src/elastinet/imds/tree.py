"""The metadata service's answers to an instance, as a tree (facts sheet, section 11.3).

A directory is a mapping, an item is a text. Everything is looked up when it is asked for, so a change
in the region shows at once.
"""

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from elastinet.catalog import regions
from elastinet.catalog.instance_types import instance_types
from elastinet.imds import iam, identity
from elastinet.imds.text import pretty
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.placement import PlacementGroup
from elastinet.model.security import SecurityGroup
from elastinet.model.state import State
from elastinet.model.vpc import Subnet, Vpc
from elastinet.rules import naming
from elastinet.rules.efa.efa import carries_ip
from elastinet.rules.images import find_image
from elastinet.rules.interfaces import addresses_of, attachment_of, interfaces_of
from elastinet.rules.keys import public_key_of
from elastinet.rules.profiles import role_name

if TYPE_CHECKING:
    from elastinet.imds.signing import Signer

Lazy: TypeAlias = "str | bytes | Mapping[str, Lazy] | Callable[[], Lazy] | None"

VERSIONS = (
    "1.0 2007-01-19 2007-03-01 2007-08-29 2007-10-10 2007-12-15 2008-02-01 2008-09-01 2009-04-04 2011-01-01 "
    "2011-05-01 2012-01-12 2014-02-25 2014-11-05 2015-10-20 2016-04-19 2016-06-30 2016-09-02 2018-03-28 "
    "2018-08-17 2018-09-24 2019-10-01 2020-10-27 2021-01-03 2021-03-23 2021-07-15 2022-09-24 "
    "2024-04-11 latest"
).split()


def force(value: Lazy) -> Lazy:
    """A node that is there: what a callable gives, if it is one."""
    while callable(value):
        value = value()
    return value


def find(root: Lazy, steps: list[str]) -> Lazy:
    """The node at the end of a path, or None."""
    node = force(root)
    for step in steps:
        if not isinstance(node, Mapping):
            return None
        node = force(node.get(step))
    return node


class Keys(dict[str, Lazy]):
    """The directory of public keys, where a key's name stands beside its number."""

    def __init__(self, name: str, key: Lazy) -> None:
        super().__init__({"0": key})
        self.title = f"0={name}"


def listing(directory: Mapping[str, Lazy]) -> str:
    """The names in a directory, one a line; those of directories end in a slash."""
    if isinstance(directory, Keys):
        return directory.title
    nodes = ((name, force(value)) for name, value in directory.items())
    lines = (f"{name}/" if isinstance(node, Mapping) else name for name, node in nodes if node is not None)
    return "\n".join(lines)


def root(
    state: State, instance: Instance, now: float, secret: bytes, signer: Callable[[], "Signer"]
) -> Mapping[str, Lazy]:
    """Everything under a version; with the secret the credentials of roles are made."""
    return {
        "dynamic": lambda: _dynamic(instance, signer),
        "meta-data": lambda: _meta_data(state, instance, now, secret),
        "user-data": base64.b64decode(instance.user_data) if instance.user_data else None,
    }


def _meta_data(state: State, instance: Instance, now: float, secret: bytes) -> Mapping[str, Lazy]:
    primary = interfaces_of(state, instance.id)[0]
    hostname = _hostname(instance, primary)
    public = _public(state, primary).get(primary.primary)
    vpc = state.need(Vpc, instance.vpc_id)
    named = naming.public_dns(public, vpc.region) if public and vpc.dns_hostnames else None
    image = find_image(state, instance.scope, (), instance.image_id)
    device = image.root_device if image else "/dev/xvda"
    return {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": device, "root": device},
        "events": {"maintenance": {"history": "[]", "scheduled": "[]"}},
        "hostname": hostname,
        "iam": (lambda: _iam(state, instance, now, secret)) if instance.profile_arn else None,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": "on-demand",
        "instance-type": instance.instance_type,
        "ipv6": primary.addresses6[0] if primary.addresses6 else None,
        "local-hostname": hostname,
        "local-ipv4": primary.primary or None,
        "mac": primary.mac,
        "network": {"interfaces": {"macs": lambda: _macs(state, instance)}},
        "placement": lambda: _placement(state, instance),
        "profile": "default-hvm",
        "public-hostname": named,
        "public-ipv4": public,
        "public-keys": lambda: _public_keys(state, instance),
        "reservation-id": instance.reservation_id,
        "security-groups": _group_names(state, primary),
        "services": {"domain": "amazonaws.com", "partition": "aws"},
        "system": "nitro" if instance_types()[instance.instance_type].nitro else "xen-on-nitro",
        "tags": (lambda: _tags(instance)) if instance.metadata.instance_tags == "enabled" else None,
    }


def _hostname(instance: Instance, primary: NetworkInterface) -> str:
    if instance.hostname_type == "resource-name" or not primary.addresses:
        return f"{instance.id}.{naming.private_domain(instance.region)}"
    return naming.private_dns(primary.primary, instance.region)


def _public(state: State, interface: NetworkInterface) -> dict[str, str]:
    """The public addresses of an interface, by the private one that each leads to."""
    found = {private: a.public_ip for private, a in addresses_of(state, interface).items()}
    return found | ({interface.primary: interface.public_ip} if interface.public_ip else {})


def _group_names(state: State, interface: NetworkInterface) -> str:
    return "\n".join(state.need(SecurityGroup, id).group_name for id in interface.groups)


def _macs(state: State, instance: Instance) -> Mapping[str, Lazy]:
    interfaces = interfaces_of(state, instance.id)
    return {i.mac: (lambda i=i: _interface(state, instance, i)) for i in interfaces}  # type: ignore[misc]


def _interface(state: State, instance: Instance, interface: NetworkInterface) -> Mapping[str, Lazy]:
    vpc, subnet = state.need(Vpc, interface.vpc_id), state.need(Subnet, interface.subnet_id)
    public = _public(state, interface)
    first = next(iter(public.values()), None)
    named = naming.public_dns(first, vpc.region) if first and vpc.dns_hostnames else None
    return {
        "device-number": str(attachment_of(interface).device_index),
        "interface-id": interface.id,
        "ipv4-associations": {ip: private for private, ip in public.items()} or None,
        "ipv4-prefix": "\n".join(interface.prefixes) or None,
        "ipv6-prefix": "\n".join(interface.prefixes6) or None,
        "ipv6s": "\n".join(interface.addresses6) or None,
        "local-hostname": _hostname(instance, interface) if carries_ip(interface) else None,
        "local-ipv4s": "\n".join(interface.addresses) or None,
        "mac": interface.mac,
        "network-card": str(attachment_of(interface).network_card),
        "owner-id": interface.owner,
        "public-hostname": named,
        "public-ipv4s": "\n".join(public.values()) or None,
        "security-group-ids": "\n".join(interface.groups),
        "security-groups": _group_names(state, interface),
        "subnet-id": subnet.id,
        "subnet-ipv4-cidr-block": subnet.cidr or None,
        "subnet-ipv6-cidr-blocks": subnet.cidr6 or None,
        "vpc-id": vpc.id,
        "vpc-ipv4-cidr-block": vpc.cidrs[0],
        "vpc-ipv4-cidr-blocks": "\n".join(vpc.cidrs),
        "vpc-ipv6-cidr-blocks": "\n".join(vpc.cidrs6) or None,
    }


def _placement(state: State, instance: Instance) -> Mapping[str, Lazy]:
    zone = regions.zone(instance.region, instance.zone)
    group = state.get(PlacementGroup, instance.placement_group or "")
    return {
        "availability-zone": instance.zone,
        "availability-zone-id": zone.id if zone else None,
        "group-name": group.group_name if group else None,
        "host-id": instance.dedicated_host,
        "partition-number": str(instance.partition) if instance.partition else None,
        "region": instance.region,
    }


def _public_keys(state: State, instance: Instance) -> Lazy:
    if instance.key_name is None:
        return None
    key = public_key_of(state, instance)
    return Keys(instance.key_name, {"openssh-key": key}) if key else None


def _iam(state: State, instance: Instance, now: float, secret: bytes) -> Mapping[str, Lazy]:
    role = role_name(state, instance.profile_arn or "")
    keys = {role: lambda: iam.credentials(instance, role, now, secret)} if role else {}
    return {"info": lambda: pretty(iam.info(instance)), "security-credentials": keys}


def _tags(instance: Instance) -> Mapping[str, Lazy]:
    return {"instance": dict(instance.tags)}


def _dynamic(instance: Instance, signer: Callable[[], "Signer"]) -> Mapping[str, Lazy]:
    return {
        "fws": {"instance-monitoring": "enabled" if instance.monitoring else "disabled"},
        "instance-identity": lambda: identity.directory(instance, signer),
    }
