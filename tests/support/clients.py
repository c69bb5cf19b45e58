"""boto3's clients, made quickly: hundreds of tests have an account, and so a client, of their own."""

from typing import Any

from botocore.client import ClientCreator

PARTS = ("_load_service_model", "_create_client_class")
"""What a client is made of that says nothing of its account or region; botocore has no public way to it."""


def share_parts() -> None:
    """Have all clients of a service share them; botocore makes EC2's 830 methods, and reads its shapes, for each anew."""
    for name in PARTS:
        setattr(ClientCreator, name, _made_once(getattr(ClientCreator, name)))


def _made_once(make: Any) -> Any:
    parts: dict[str, Any] = {}

    def made(self: Any, service: str, *more: Any, **options: Any) -> Any:
        if service not in parts:
            parts[service] = make(self, service, *more, **options)
        return parts[service]

    return made
