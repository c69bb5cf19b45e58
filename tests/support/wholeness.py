"""What a server has left, read from its journal, and whether it is whole."""

from pathlib import Path

from elastinet.engine import Engine
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.noun import Noun
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.state import State
from elastinet.model.vpc import InternetGateway, Subnet, Vpc
from elastinet.store import SqliteJournal


def kept(folder: Path) -> State:
    """The state as a dead server has left it."""
    engine = Engine(SqliteJournal(folder / "journal.sqlite"))
    engine.close()
    return engine.state


def check_references(state: State) -> None:
    """Whatever a noun refers to is there."""

    def have(kind: type[Noun], id: str | None) -> bool:
        return id is None or state.get(kind, id) is not None

    for subnet in state.all(Subnet):
        assert have(Vpc, subnet.vpc_id)
    for gateway in state.all(InternetGateway):
        assert have(Vpc, gateway.vpc_id)
    for table in state.all(RouteTable):
        assert have(Vpc, table.vpc_id)
        assert all(have(Subnet, a.subnet_id) for a in table.associations)
    for group in state.all(SecurityGroup):
        assert have(Vpc, group.vpc_id)
    for rule in state.all(SecurityGroupRule):
        assert have(SecurityGroup, rule.group_id)
        assert have(SecurityGroup, rule.peer_group)
    for address in state.all(Address):
        assert have(NetworkInterface, address.interface_id)
    check_instances(state)


def check_instances(state: State) -> None:
    for interface in state.all(NetworkInterface):
        assert state.get(Subnet, interface.subnet_id) is not None
        assert all(state.get(SecurityGroup, group) for group in interface.groups)
        assert interface.attachment is None or state.get(Instance, interface.attachment.instance_id)
    for instance in state.all(Instance):
        own = list(state.where(NetworkInterface, "attachment.instance-id", instance.id))
        assert own or instance.state == "terminated"
        assert state.get(Subnet, instance.subnet_id) is not None
