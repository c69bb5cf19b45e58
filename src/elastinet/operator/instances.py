"""One instance as its user asks for it: how it is, what its user data did, what is not as on EC2."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from elastinet.catalog.instance_types import instance_types
from elastinet.engine import Engine
from elastinet.fabric.contract import boot_record
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.desired.desired import device as device_of
from elastinet.fabric.desired.guests import vcpus
from elastinet.model.image import FileSystem
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.operator import features, nics
from elastinet.reconcile import Reconciler
from elastinet.rules import devices
from elastinet.rules.interfaces import addresses_of, attachment_of, interfaces_of

NO_FABRIC = "no fabric runs: there are no processes and no packets, and user data is recorded"
DRIVER = "the kernel's driver of its devices is veth, where EC2 has {}"
CLOUD_INIT = (
    "it reads the user data; its stages run one after the other once the instance is running, with no systemd"
)
UNITS = (
    "cloud-init reads it, by units of systemd: `cloud-init status --long` in the instance tells what has run"
)
DMI = "/sys/class/dmi/id is this machine's, if it has one: nothing there says Amazon EC2"
NO_DMI = "there is no /sys/class/dmi/id, as this machine's kernel has none and the image no cloud-init"
KERNELS_DMI = "/sys/class/dmi/id"
PART_OF_DMI = "vendors, serial number and asset tag are as on EC2; product_name is not there"
INIT = "PID 1 is no systemd: `service` and `systemctl` start what has a script in /etc/init.d"
GROUPS = "podman runs them: its root divides its control groups at /sys/fs/cgroup, as this machine's count"
NO_GROUPS = "podman runs them, with no control groups: --memory and --pids-limit are not to be had"
LIMITS = {"ids": "user ids", "system calls": "system calls"}
"""What may be missing on a machine and matters to programs in an instance, by the agent's name for it."""


def page(engine: Engine, reconciler: Reconciler, fabric: str, disks: Path, name: str) -> dict[str, Any]:
    """The state of an instance; it is named by its id or Name tag."""
    instance = nics.find(engine, name)
    missing = reconciler.hello.features if reconciler.hello else {}
    return {
        "instance": instance.id,
        "name": instance.name,
        "type": instance.instance_type,
        "state": instance.state,
        "reason": instance.state_reason[1] if instance.state_reason else None,
        "boot": instance.boot,
        "shutdown_behavior": instance.shutdown_behavior,
        "interfaces": [_interface(engine, one) for one in interfaces_of(engine.state, instance.id)],
        "failed": dict(_failed(engine, reconciler, instance)),
        "user_data": _user_data(instance, disks) | dict(_by_systemd(instance, fabric, missing)),
        "limits": dict(_limits(engine, instance, fabric, missing)),
        "differs": dict(_differs(instance, fabric, missing)),
    }


def _interface(engine: Engine, interface: NetworkInterface) -> dict[str, Any]:
    attachment = attachment_of(interface)
    elastic = [address.public_ip for address in addresses_of(engine.state, interface).values()]
    return {
        "interface": interface.id,
        "device": device_of(attachment.network_card, attachment.device_index),
        "addresses": [*interface.addresses, *interface.addresses6],
        "public": [*([interface.public_ip] if interface.public_ip else []), *elastic],
    }


def _failed(engine: Engine, reconciler: Reconciler, instance: Instance) -> Iterator[tuple[str, str]]:
    """What of it is not as wanted, and why."""
    keys = [Key("guest", instance.id)]
    keys += [Key("interface", one.id) for one in interfaces_of(engine.state, instance.id)]
    yield from ((str(key), reconciler.failed[key]) for key in keys if key in reconciler.failed)


def _user_data(instance: Instance, disks: Path) -> dict[str, Any]:
    """What of its user data has run on its disk; `programs` have a status, None until they have ended."""
    told: dict[str, Any] = {
        "given": bool(instance.user_data),
        "reader": "cloud-init" if _has_cloud_init(instance) else "elastinet",
        "programs": [],
        "not_run": [],
        "unknown": None,
    }
    try:
        record = boot_record.read(disks / instance.id)
    except (OSError, ValueError) as error:
        return told | {"unknown": f"nobody can read what has run: {error}"}
    if record is None:
        return told
    told["programs"] = [{"path": path, "status": status} for path, status in record.ended.items()]
    told["not_run"] = list(record.unread)
    return told | ({"unknown": "it has run, and nobody noted how it ended"} if record.untold else {})


def _by_systemd(instance: Instance, fabric: str, missing: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What the agent does not hear of, for systemd starts it."""
    if fabric == "kernel" and _has_systemd(instance, missing) and _has_cloud_init(instance):
        yield "unknown", UNITS


def _has_systemd(instance: Instance, missing: Mapping[str, str]) -> bool:
    image = instance.file_system
    return image is not None and image.systemd and image.boot != "plain" and "groups" not in missing


def _has_cloud_init(instance: Instance) -> bool:
    return instance.file_system is not None and instance.file_system.cloud_init


def _limits(
    engine: Engine, instance: Instance, fabric: str, missing: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """What it may have of this machine, or why that is not limited."""
    kind = instance_types()[instance.instance_type]
    most = {"memory": f"{kind.memory_mib} MiB", "processes": "as Linux would let a machine with this memory"}
    most["cpu"] = f"{vcpus(instance)} processors' time"
    off = {**missing, **features.not_asked(engine.settings.limits)}
    for name, limit in most.items() if fabric == "kernel" else ():
        yield name, off.get(name, limit)


def _differs(instance: Instance, fabric: str, missing: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What programs in it find other than on EC2, and how."""
    if fabric == "none":
        yield "fabric", NO_FABRIC
        return
    yield "driver", DRIVER.format(devices.device(instance).driver)
    image = instance.file_system
    has_systemd = _has_systemd(instance, missing)
    if not has_systemd:
        yield "init", INIT
    if image and image.cloud_init and not has_systemd:
        yield "cloud-init", CLOUD_INIT
    yield "DMI", _dmi(image)
    yield "containers", missing.get("containers", NO_GROUPS if "groups" in missing else GROUPS)
    yield from ((name, missing[feature]) for feature, name in LIMITS.items() if feature in missing)


def _dmi(image: FileSystem | None) -> str:
    """What is other in DMI than on EC2."""
    if image is None:
        return DMI
    return PART_OF_DMI if image.cloud_init or os.path.isdir(KERNELS_DMI) else NO_DMI
