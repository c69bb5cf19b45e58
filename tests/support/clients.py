"""boto3's clients, made quickly: hundreds of tests have an account, and so a client, of their own."""

from typing import Any

from botocore.client import ClientCreator

_make: Any = getattr(ClientCreator, "_create_client_class")  # noqa: B009 - botocore has no public way
_classes: dict[str, type] = {}


def share_classes() -> None:
    """Have all clients of a service be of one class; botocore makes EC2's 830 methods for each anew."""

    def made(self: Any, name: str, model: Any) -> type:
        if name not in _classes:
            _classes[name] = _make(self, name, model)
        return _classes[name]

    setattr(ClientCreator, "_create_client_class", made)  # noqa: B010
