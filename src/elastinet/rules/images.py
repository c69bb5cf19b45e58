"""The images that an account has in a region: those that are published, the operator's own, and its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache

from elastinet.catalog.images import Image, default_user, images
from elastinet.model.image import FileSystem, MachineImage, Snapshot
from elastinet.model.instance import Instance
from elastinet.model.state import State

KNOWN = 4096


@lru_cache(KNOWN)
def _as_image(own: MachineImage) -> Image:
    """An account's own image like those of the catalogue."""
    return Image(
        own.id,
        own.image_name,
        own.description,
        own.architecture,
        own.owner,
        None,
        own.root_device,
        own.volume_type,
        own.size,
        own.ena_support,
        own.sriov_net_support,
        own.imds_support,
        own.boot_mode,
        creation_date=_moment(own.created),
        snapshot=own.snapshot_id,
        is_public=False,
        delete_on_termination=own.delete_on_termination,
    )


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def find_image(state: State, scope: tuple[str, str], own: tuple[str, ...], id: str) -> Image | None:
    """The image of this id that an account has in a region; None if there is none."""
    _, region = scope
    if found := images(region, own).get(id):
        return found
    noun = state.get(MachineImage, id)
    return _as_image(noun) if noun is not None and noun.scope == scope else None


def all_images(state: State, scope: tuple[str, str], own: tuple[str, ...]) -> Iterator[Image]:
    """All images that an account has in a region."""
    yield from images(scope[1], own).values()
    yield from map(_as_image, state.where(MachineImage, "scope", scope))


def file_system_of(state: State, image: Image) -> FileSystem | None:
    """The root file system that an image has; None for this machine's own userland."""
    snapshot = state.get(Snapshot, image.snapshot_id)
    return snapshot.file_system if snapshot else None


def user_of(instance: Instance) -> str:
    """Who logs in to an instance by default."""
    if instance.file_system:
        return instance.file_system.user
    return default_user(instance.image_id, instance.region)


def unused_contents(state: State) -> set[str]:
    """The contents of snapshots that are being deleted, which nobody has any more."""
    deleting = state.where(Snapshot, "state", "deleting")
    doomed = {content for one in deleting if one.file_system for content in one.file_system.layers}
    if not doomed:
        return set()
    kept = {
        content
        for snapshot in state.all(Snapshot)
        if snapshot.state != "deleting"
        for content in (*(snapshot.file_system.layers if snapshot.file_system else ()), *snapshot.base)
    }
    return doomed - kept - contents_of_instances(state)


def contents_of_instances(state: State) -> set[str]:
    """The contents that instances have, which may start again."""
    there = (i.file_system for i in state.all(Instance) if i.file_system and i.state != "terminated")
    return {content for file_system in there for content in file_system.layers}
