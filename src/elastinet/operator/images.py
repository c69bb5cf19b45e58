"""Images of file systems: a content that the agent has made becomes one, all of them, and their end."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast, get_args

from elastinet.ec2.core.moments import moment
from elastinet.ec2.instances import machine_images
from elastinet.ec2.volumes import snapshots
from elastinet.engine import Engine
from elastinet.fabric.contract import content as contents
from elastinet.fabric.contract.content import USER, About
from elastinet.model.fault import Fault
from elastinet.model.image import Boot, FileSystem, MachineImage, Snapshot
from elastinet.model.instance import Instance
from elastinet.model.state import State
from elastinet.reconcile import Reconciler
from elastinet.rules.images import contents_of_instances

GIB = 1 << 30
LEAST_GIB = 8
"""What a root volume has at the least, as those of most published images."""
ACCOUNT = re.compile(r"[0-9]{12}")
CODE = "InvalidParameterValue"


def added(engine: Engine, folder: Path, given: Mapping[str, str], usual: tuple[str, str]) -> dict[str, Any]:
    """Have an image of a content; `usual` are the account and the region of who names none."""
    content, owner = given.get("content", ""), given.get("account") or usual[0]
    region = given.get("region") or usual[1]
    try:
        about = contents.read(folder, content)
    except (OSError, ValueError) as error:
        raise Fault(CODE, f"there is no content {content[:64]!a} here: {error}") from error
    file_system = _file_system(content, about, given)
    if not ACCOUNT.fullmatch(owner):
        raise Fault(CODE, f"an account is a number of 12 digits, not {owner[:40]}")
    # By the door that opens a region, and refuses one that is not there.
    engine.call(owner, region, "DescribeRegions", {})
    with engine.image(owner, region) as tx:
        made = machine_images.register(
            tx, given.get("name", ""), file_system, gib(about.bytes), description=about.name
        )
    return {"image": made.id, "snapshot": made.snapshot_id, "user": file_system.user}


def gib(size: int) -> int:
    """The size of a root volume that holds so many bytes, and as much again."""
    return max(LEAST_GIB, -(-2 * size // GIB))


def _file_system(content: str, about: About, given: Mapping[str, str]) -> FileSystem:
    user, boot = given.get("user") or about.user, given.get("boot") or "auto"
    if not USER.fullmatch(user):
        raise Fault(CODE, f"{user[:40]!a} is no user's name")
    if boot not in get_args(Boot):
        raise Fault(CODE, f"boot is {', '.join(get_args(Boot))}, not {boot[:40]!a}")
    if boot == "systemd" and not about.systemd:
        raise Fault(CODE, "it has no systemd that it could boot")
    return FileSystem(
        (content, *about.base), user, cast(Boot, boot), about.cloud_init, about.systemd, about.architecture
    )


def page(engine: Engine, folder: Path, given: Mapping[str, str]) -> dict[str, Any]:
    """An image of a file system, or all of them, and the contents that no image has."""
    state = engine.state
    if id := given.get("image"):
        return _row(engine, folder, _found(engine, id))
    held = _held(state)
    rows = [_row(engine, folder, image) for image in state.all(MachineImage)]
    left = [name for name in contents.names(folder) if name not in held]
    return {"images": rows, "left": [{"content": name, "bytes": _bytes(folder, name)} for name in left]}


def _found(engine: Engine, id: str) -> MachineImage:
    image = engine.state.get(MachineImage, id)
    if image is None:
        raise Fault("InvalidAMIID.NotFound", f"there is no image of a file system with the id {id[:60]!a}")
    return image


def _held(state: State) -> set[str]:
    """The contents that a snapshot or an instance has."""
    file_systems = [snapshot.file_system for snapshot in state.all(Snapshot) if snapshot.file_system]
    own = {content for one in file_systems for content in one.layers}
    return own | {c for one in state.all(Snapshot) for c in one.base} | contents_of_instances(state)


def _bytes(folder: Path, content: str) -> int | None:
    try:
        return contents.read(folder, content).bytes
    except (OSError, ValueError):
        return None


def _row(engine: Engine, folder: Path, image: MachineImage) -> dict[str, Any]:
    snapshot = engine.state.get(Snapshot, image.snapshot_id)
    found = snapshot.file_system if snapshot else None
    layers = found.layers if found else ()
    return {
        "image": image.id,
        "name": image.image_name,
        "account": image.owner,
        "region": image.region,
        "snapshot": image.snapshot_id,
        "state": snapshot.state if snapshot else "gone",
        "system": image.description,
        "architecture": image.architecture,
        "size_gib": image.size,
        "bytes": _bytes(folder, layers[0]) if layers else None,
        "user": found.user if found else None,
        "boot": found.boot if found else None,
        "cloud_init": found.cloud_init if found else None,
        "systemd": found.systemd if found else None,
        "layers": list(layers),
        "missing": [one for one in layers if not contents.is_there(folder, one)],
        "created": moment(image.created).isoformat(),
        "instances": [i.id for i in _instances(engine, image.id)],
    }


def _instances(engine: Engine, image: str) -> list[Instance]:
    return [i for i in engine.state.where(Instance, "image-id", image) if i.state != "terminated"]


def removed(engine: Engine, reconciler: Reconciler, given: Mapping[str, str]) -> dict[str, Any]:
    """Let an image go with its snapshot, if no instance has anything of it; or a content in no image.

    With `unused` a content that somebody has is just kept.
    """
    id = given.get("image", "")
    if contents.NAME.fullmatch(id):
        is_held = id in _held(engine.state)
        if is_held and given.get("unused") != "true":
            raise Fault("InvalidAMIID.InUse", f"an image or an instance has the content {id}")
        if not is_held:
            reconciler.contents.discard(id)
        return {"image": id}
    image = _found(engine, id)
    if held := _instances(engine, id):
        raise Fault("InvalidAMIID.InUse", f"{id} is in use by {', '.join(i.id for i in held[:5])}")
    with engine.image(image.owner, image.region) as tx:
        tx.drop(image)
        snapshot = tx.get(Snapshot, image.snapshot_id)
        if snapshot and not tx.state.count(MachineImage, "snapshot-id", snapshot.id):
            snapshots.remove(tx, snapshot)
    return {"image": id}
