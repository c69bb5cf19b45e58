"""The steps of a twin's difference, done to another engine in this process: what each makes is known to later ones."""

import json
import re
from typing import Any

import jmespath

from elastinet.ec2.core.fact import InstanceGone, InstanceRunning, InterfaceAttached, InterfaceDetached
from elastinet.engine import Engine
from elastinet.model.instance import Instance
from elastinet.model.interface import NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroupRule
from elastinet.model.state import State
from elastinet.rules.peerings import is_stale
from elastinet.twin.both import Step, is_there
from elastinet.twin.changes.routes import leads

PAST = {
    "state_reason", "transition_reason", "boot", "launch_time", "create_time", "end_time", "delete_time", "host",
    "reservation_id", "client_token", "message", "former_blocks", "former_blocks6", "ended", "creator_id",
    "state_message", "versions", "time", "public_ip", "function", "private_ip",
}  # fmt: skip


def settle(engine: Engine) -> None:
    """Have come what a fabric would tell of."""
    for instance in engine.state.all(Instance):
        if instance.state == "pending":
            engine.report(*instance.scope, InstanceRunning(instance.id, instance.boot))
        if instance.state in ("stopping", "shutting-down"):
            engine.report(*instance.scope, InstanceGone(instance.id, asked=True))
    for interface in engine.state.all(NetworkInterface):
        if attachment := interface.attachment:
            engine.report(*interface.scope, InterfaceAttached(interface.id, attachment.id))
            engine.report(*interface.scope, InterfaceDetached(interface.id, attachment.id))


def apply(engine: Engine, owner: str, steps: list[Step]) -> dict[str, str]:
    """Do all steps; gives the new ids by those that the twin has."""
    names: dict[str, str] = {}
    for step in steps:
        if step.command is None:
            continue
        settle(engine)
        operation, params, region, take = step.command
        if operation.startswith("wait "):
            continue
        answer = engine.call(owner, region, operation, _known(params, names))
        if step.makes:
            made = jmespath.search(_known(take, names), answer)
            assert made, (step.command, answer)
            names[step.makes] = made
    settle(engine)
    return names


def with_services(names: dict[str, str], twin: State, there: State) -> dict[str, str]:
    """The same with what services have made for themselves."""
    made = [nat for nat in twin.all(NatGateway) if nat.id in names]
    return names | {nat.interface_id: there.need(NatGateway, names[nat.id]).interface_id for nat in made}


def _known(value: Any, names: dict[str, str]) -> Any:
    text = json.dumps(value)
    for old, new in sorted(names.items(), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<![a-z0-9-]){re.escape(old)}(?![a-z0-9-])", new, text)
    return json.loads(text)


def likeness(state: State, names: dict[str, str]) -> dict[str, list[str]]:
    """What a state is, but for the ids of what is new, and for what is past; in no order."""
    return {
        kind.__name__: sorted(
            _like(_led(state, noun), names) for noun in state.all(kind) if _is_kept(state, noun)
        )
        for kind in state.tables
        if kind.__name__ not in ("ClientToken", "Volume")
    }


def _is_kept(state: State, noun: Noun) -> bool:
    """False of what is past, and of a rule that refers to what nothing joins: nobody can make such."""
    return is_there(noun) and not (isinstance(noun, SecurityGroupRule) and is_stale(state, noun))


def _led(state: State, noun: Noun) -> Noun:
    """A table without routes to what is gone: nobody can make such."""
    if isinstance(noun, RouteTable):
        return noun.but(routes=tuple(route for route in noun.routes if leads(state, route)))
    return noun.but(tags=()) if getattr(noun, "requester_id", None) else noun


def _like(noun: Noun, names: dict[str, str]) -> str:
    shown = _plain({name: getattr(noun, name) for name in noun.__struct_fields__})
    if isinstance(noun, SecurityGroupRule):
        del shown["id"]
    shown.pop("mac", None)
    if type(noun).__name__ == "PrefixList":
        del shown["state"]
        shown["entries"] = _plain(noun.entries)  # type: ignore[attr-defined]
    return json.dumps(_sorted(_known(shown, names)), sort_keys=True)


def _plain(value: Any) -> Any:
    """As JSON, without what is past, and without the ids of associations and attachments."""
    if hasattr(value, "__struct_fields__"):
        return _plain({name: getattr(value, name) for name in value.__struct_fields__ if name != "id"})
    if isinstance(value, dict):
        return {
            k: _plain(v)
            for k, v in value.items()
            if (k not in PAST and not k.endswith(("associations", "association_id"))) or k == "associations"
        }
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return value or None


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _sorted(one) for name, one in value.items()}
    return sorted(map(_sorted, value), key=str) if isinstance(value, list) else value
