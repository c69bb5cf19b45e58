"""For how long an interface's groups remember an idle flow (user guide, connection tracking timeouts)."""

from msgspec.structs import asdict

from elastinet.catalog.instance_types import InstanceType, instance_types
from elastinet.catalog.network import DEFAULT_IDLE_SECONDS
from elastinet.model.instance import Instance
from elastinet.model.interface import IdleSeconds, NetworkInterface
from elastinet.model.state import State

DEFAULTS = IdleSeconds(**DEFAULT_IDLE_SECONDS)


def of_type(kind: InstanceType) -> IdleSeconds:
    """The times of an instance type: TCP's is 350 s where the Nitro System is of its sixth version."""
    return IdleSeconds(**{name: int(kind.row[f"ct_{name}"]) for name in DEFAULT_IDLE_SECONDS})


def idle_seconds(state: State, interface: NetworkInterface) -> IdleSeconds:
    """The times of an interface: what was asked for, else its instance's type's."""
    attachment = interface.attachment
    instance = state.get(Instance, attachment.instance_id) if attachment else None
    others = of_type(instance_types()[instance.instance_type]) if instance else DEFAULTS
    asked = {name: seconds for name, seconds in asdict(interface.idle).items() if seconds is not None}
    return IdleSeconds(**asdict(others) | asked)
