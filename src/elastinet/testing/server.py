"""A server for as long as a block lasts, and clients of it."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from elastinet.cli.calling import call
from elastinet.cli.holding import PATIENCE_SECONDS, HeldServer, HoldingError
from elastinet.serve.places import Server
from elastinet.testing.errors import TestingError
from elastinet.wire.service import SERVICES

if TYPE_CHECKING:
    from elastinet.testing.clients import Clients

FIRST_ACCOUNT = 100_000_000_001
SECRET = "elastinet"


class LocalServer:
    """A running server, and the account of it that is used at the moment."""

    def __init__(self, region: str, settings: dict[str, Any]) -> None:
        self.region = region
        self._accounts = itertools.count(FIRST_ACCOUNT)
        self.account = self.new_account()
        try:
            self._held = HeldServer(settings)
        except HoldingError as error:
            raise TestingError(str(error)) from None

    @property
    def server(self) -> Server:
        """It, as other processes know it."""
        return self._held.server

    @property
    def url(self) -> str:
        """The URL of its API."""
        return self.server.url

    @property
    def environ(self) -> dict[str, str]:
        """Variables that lead any AWS client to the account in use."""
        endpoints = {f"AWS_ENDPOINT_URL_{service.upper()}": self.url for service in sorted(SERVICES)}
        return {
            **endpoints,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
            "ELASTINET_PORT": str(self.server.port),
            **({"AWS_CA_BUNDLE": self.server.ca} if self.server.ca else {}),
        }

    def new_account(self) -> str:
        """Go on in an account that nobody has used; every client that has no other moves there."""
        self.account = f"{next(self._accounts):012d}"
        if "clients" in self.__dict__:
            self.clients.use(self.account)
        return self.account

    @cached_property
    def clients(self) -> "Clients":
        """Makes the clients; TestingError where boto3 is not installed."""
        from elastinet.testing.clients import Clients

        return Clients(self.url, self.server.ca, self.region, self.account, SECRET)

    def client(self, service: str = "ec2", *, region: str = "", account: str = "") -> Any:
        """A boto3 client, in the account in use if no other is given."""
        return self.clients.client(service, region, account)

    def settle(self) -> None:
        """Wait until packets go by what the API was told; raises TestingError if they never do."""
        self.post(f"/_elastinet/settle?timeout={PATIENCE_SECONDS}")

    def forget(self, account: str) -> None:
        """Have nothing of an account any more; its instances go while others are at work."""
        self.post(f"/_elastinet/reset?account={account}&timeout=0")

    def post(self, path: str) -> Any:
        """Ask one of the server's own pages for something; raises TestingError."""
        try:
            with call(self.server, "POST", path, timeout=2 * PATIENCE_SECONDS) as reply:
                return json.loads(reply.read())
        except (OSError, ValueError) as error:
            raise TestingError(f"the server at {self.url} does not do it ({error})") from error

    def stop(self) -> None:
        """End the server and all that is in it."""
        self._held.stop()


@contextmanager
def server(*, region: str = "us-east-1", **settings: Any) -> Iterator[LocalServer]:
    """A server on a free port that keeps no state, until the block is left.

    Settings are those of the configuration, such as `fabric="none"` or `rules="2026"`. Raises TestingError
    if it cannot start.
    """
    made = LocalServer(region, settings)
    try:
        yield made
    finally:
        made.stop()
