"""What NAT gateways have counted, by the names that CloudWatch has for it."""

from typing import Any

from elastinet.engine import Engine
from elastinet.fabric.contract.messages import GatewayStats
from elastinet.model.fault import Fault
from elastinet.model.nat import NatGateway
from elastinet.operator.readings import Reading

NAMES = {
    "ErrorPortAllocation": "unplaced",
    "IdleTimeoutCount": "idle",
    "PacketsDropCount": "dropped",
}
"""CloudWatch's names by ours."""


def page(engine: Engine, reading: Reading | None, id: str = "") -> dict[str, Any]:
    """The counters of all NAT gateways that are there, or of one; raises Fault.

    A figure is None where nothing is counted: without a fabric, or before it has the gateway.
    """
    found = [one for one in engine.state.all(NatGateway) if one.alive and id in ("", one.id)]
    if id and not found:
        raise Fault("NatGatewayNotFound", f"there is no NAT gateway {id}")
    counted = reading.gateways if reading else {}
    return {"nat_gateways": [_one(gateway, counted.get(gateway.id)) for gateway in found]}


def _one(gateway: NatGateway, counted: GatewayStats | None) -> dict[str, Any]:
    figures = {name: getattr(counted, field) if counted else None for name, field in NAMES.items()}
    return {"nat_gateway": gateway.id, "vpc": gateway.vpc_id, "state": gateway.state} | figures
