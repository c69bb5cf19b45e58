"""EC2's advanced networking on one Linux machine."""

from importlib import import_module

TYPE_CHECKING = False  # as in typing, which takes longer to import than all else that is here
if TYPE_CHECKING:
    from typing import Any

__version__ = "0.1.0"


def server(**settings: "Any") -> "Any":
    """A server for as long as a `with` block lasts: `url`, `client("ec2")`, `environ`.

    It is `elastinet.testing.server.server`, which only who asks for it need import.
    """
    return import_module("elastinet.testing.server").server(**settings)
