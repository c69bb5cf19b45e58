"""What may be asked of a region's volumes."""

from choice import Choice
from region_moves import Params, move

from elastinet.model.instance import Instance
from elastinet.model.volume import Volume

ZONES = ("us-east-1a", "us-east-1b")


def _volume(c: Choice, *, attached: bool) -> Params:
    return {"VolumeId": c.id(Volume, "vol", lambda volume: bool(volume.attachments) is attached)}


@move("CreateVolume")
def make_volume(c: Choice) -> Params:
    shared = {"VolumeType": "io2", "Iops": 100, "MultiAttachEnabled": True}
    return {"AvailabilityZone": c.one(ZONES), "Size": 1 + c.number(8)} | (shared if c.chance(2) else {})


@move("AttachVolume")
def attach_volume(c: Choice) -> Params:
    """Mostly to an instance of its zone."""
    volume = c.id(Volume, "vol", lambda v: v.multi_attach or not v.attachments)
    found = c.engine.state.get(Volume, volume)
    near = c.id(Instance, "i", lambda i: found is not None and is_there(i) and i.zone == found.zone)
    return {"VolumeId": volume, "InstanceId": near, "Device": c.one(("/dev/sdf", "xvdg", "/dev/xvda"))}


def is_there(instance: Instance) -> bool:
    """True for an instance that takes volumes."""
    return instance.state in ("running", "stopped")


@move("DetachVolume")
def detach_volume(c: Choice) -> Params:
    asked = _volume(c, attached=True)
    return asked | ({"InstanceId": c.instance} if c.chance(3) else {})


@move("ModifyVolume")
def modify_volume(c: Choice) -> Params:
    return _volume(c, attached=True) | {"Size": 1 + c.number(50), "VolumeType": c.one(("gp2", "gp3", "io2"))}


@move("DeleteVolume")
def delete_volume(c: Choice) -> Params:
    return _volume(c, attached=False)


@move("ModifyInstanceAttribute")
def keep_volumes(c: Choice) -> Params:
    goes = {"DeleteOnTermination": c.chance(2)}
    device = c.one(("/dev/sdf", "/dev/xvda", "/dev/sda1"))
    return {"InstanceId": c.instance, "BlockDeviceMappings": [{"DeviceName": device, "Ebs": goes}]}
