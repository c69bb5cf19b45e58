"""What a state asks for of instances: guests, with what their images and types give them."""

from elastinet.catalog.images import default_user
from elastinet.catalog.instance_types import instance_types
from elastinet.catalog.settings import Settings
from elastinet.fabric.contract import objects
from elastinet.model.instance import Instance
from elastinet.model.state import State
from elastinet.model.volume import Volume
from elastinet.rules.efa import bypass
from elastinet.rules.interfaces import primary_of


def guest(state: State, id: str, settings: Settings) -> objects.Guest | None:
    """The guest that an instance with power is."""
    instance = state.get(Instance, id)
    if instance is None or not instance.powered:
        return None
    primary = primary_of(state, id)
    hostname = f"ip-{primary.primary.replace('.', '-')}" if primary and primary.addresses else id
    if instance.hostname_type == "resource-name":
        hostname = id
    return objects.Guest(
        id=id,
        hostname=hostname,
        boot=instance.boot,
        user_data=instance.user_data,
        memory=bypass.memory(state, instance, settings.rules),
        memory_mib=instance_types()[instance.instance_type].memory_mib,
        layers=instance.file_system.layers if instance.file_system else (),
        cloud_init=instance.file_system is not None and instance.file_system.cloud_init,
        init=instance.file_system.boot if instance.file_system else "auto",
        disk_gib=sum(volume.size for volume in state.where(Volume, "attachment.instance-id", id)),
        shuts_down=not instance.alive,
        login_user=default_user(instance.image_id, instance.region),
        login_key=instance.public_key,
        cpus=vcpus(instance) if settings.limits else 0,
    )


def vcpus(instance: Instance) -> int:
    """How many vCPUs an instance has: its type's, or as its CPU options say."""
    cores, threads = instance.cpu_options or (0, 0)
    return cores * threads or instance_types()[instance.instance_type].vcpus
