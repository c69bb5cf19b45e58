"""An operation's shapes, wire names and envelope, from botocore's service models."""

from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel

Shape = Any
"""One of botocore's shape objects (botocore carries no types)."""

OTHER_SERVICES = {"GetCallerIdentity": "sts"}
"""The operations that answer on EC2's port but belong to another service's model."""


class Service:
    """One service's model; shapes are resolved when they are asked for, so that loading stays cheap."""

    def __init__(self, name: str) -> None:
        model = ServiceModel(Loader().load_service_model(name, "service-2"), name)
        others = {action for action, owner in OTHER_SERVICES.items() if owner == name}
        self.name = name
        self.actions: frozenset[str] = frozenset(others or model.operation_names)
        self.version: str = model.api_version
        self.is_ec2: bool = model.metadata["protocol"] == "ec2"
        self.namespace: str = model.metadata["xmlNamespace"].rstrip("/") + "/"
        self._model = model

    def input_shape(self, action: str) -> Shape | None:
        """The structure that the operation takes; None if it takes none."""
        return self._model.operation_model(action).input_shape

    def output_shape(self, action: str) -> Shape | None:
        """The structure that the operation answers with; None if it answers with none."""
        return self._model.operation_model(action).output_shape

    def shape(self, name: str) -> Shape:
        """The shape of that name, as no member uses it yet."""
        return self._model.shape_for(name)

    def request_name(self, member: str, shape: Shape) -> str:
        """The member's name in a request, as botocore's serialisers write it."""
        location: str | None = shape.serialization.get("name")
        if not self.is_ec2:
            return location or member
        if location is not None:
            location = location[0].upper() + location[1:]
        query_name: str | None = shape.serialization.get("queryName")
        return query_name or location or member

    def response_name(self, member: str, shape: Shape) -> str:
        """The member's element in an answer, as botocore's parsers read it."""
        location: str | None = shape.serialization.get("name")
        return location or member


@cache
def _load(name: str) -> Service:
    return Service(name)


def service() -> Service:
    """EC2's model, loaded once."""
    return _load("ec2")


def service_of(action: str) -> Service | None:
    """The service that has the operation, None if there is none; another service's model loads on demand."""
    found = _load(OTHER_SERVICES.get(action, "ec2"))
    return found if action in found.actions else None
