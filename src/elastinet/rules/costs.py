"""Hourly cost of public IPv4 addresses, with its reason (facts sheet, section 0.1, line 16)."""

from collections.abc import Iterator

import msgspec

from elastinet.catalog.editions import EDITIONS, Figure
from elastinet.catalog.settings import Edition
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.state import State


class Line(msgspec.Struct, frozen=True):
    """One address of an account, what it costs an hour now, and why."""

    owner: str
    region: str
    public_ip: str
    allocation_id: str | None
    use: str
    usd_per_hour: float
    source: str


def ledger(state: State, edition: Edition) -> Iterator[Line]:
    """The hourly cost of every public address of every account, at this moment."""
    figures = EDITIONS[edition]
    charged: set[str] = set()
    for address in state.all(Address):
        interface = state.get(NetworkInterface, address.interface_id or "")
        use = _use(state, interface)
        figure = figures.idle_address_usd
        if use == "running instance" and interface is not None and interface.attachment is not None:
            instance = interface.attachment.instance_id
            figure = figures.extra_address_usd if instance in charged else figures.used_address_usd
            use = "further address of a running instance" if instance in charged else use
            charged.add(instance)
        elif use == "service":
            figure = figures.used_address_usd
        yield _line(address, address.public_ip, address.id, use, figure)
    for lent in state.all(NetworkInterface):
        if lent.public_ip:
            yield _line(lent, lent.public_ip, None, "lent to a running instance", figures.lent_address_usd)


def _use(state: State, interface: NetworkInterface | None) -> str:
    if interface is None:
        return "idle"
    if interface.requester_id is not None:
        return "service"
    if interface.attachment is None:
        return "interface that is in no instance"
    instance = state.get(Instance, interface.attachment.instance_id)
    return "running instance" if instance and instance.state == "running" else "instance that does not run"


def _line(
    noun: Address | NetworkInterface, ip: str, allocation: str | None, use: str, figure: Figure
) -> Line:
    return Line(noun.owner, noun.region, ip, allocation, use, figure.value, figure.source)
