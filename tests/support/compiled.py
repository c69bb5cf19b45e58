"""A state compiled as if every instance were up, without a kernel."""

from collections.abc import Mapping

from elastinet.catalog.settings import Settings
from elastinet.fabric.compile.items import Items
from elastinet.fabric.compile.plan import Plan
from elastinet.fabric.contract import names
from elastinet.fabric.desired.desired import everything
from elastinet.model.state import State


def planned(state: State, settings: Settings, *, most_bps: int | None = None) -> Plan:
    """The plan of all that a state asks for; limits of `most_bps` or more are left out."""
    plan = Plan()
    if most_bps is not None:
        plan.view.most_bps = most_bps
    objects = everything(state, settings)
    plan.update([objects[key] for key in sorted(objects)])
    for id in (*sorted({*plan.guests, *plan.networks, *plan.appliances}), names.INTERNET):
        plan.set_up(id, 1)
    return plan


def compiled(state: State, settings: Settings, *, most_bps: int | None = None) -> Mapping[str, Items]:
    """The items of every namespace that a state asks for."""
    return planned(state, settings, most_bps=most_bps).items
