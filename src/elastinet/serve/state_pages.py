"""The pages that take, give and forget the state as a whole."""

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from elastinet.digits import decimal
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.operator import snapshots
from elastinet.reconcile import Reconciler
from elastinet.serve import twins
from elastinet.serve.reply import Reply, given_in, json_reply

if TYPE_CHECKING:
    from elastinet.twin.original import Original

MOST_SECONDS = 86400
"""The most seconds that a client may wait for the fabric."""
ACCOUNT = re.compile(r"[0-9]{12}")
NOT_YET = "the fabric has not let go of everything yet"


def patience(query: bytes) -> float:
    """The seconds that a client waits for the fabric, 30 if it does not say; raises Fault."""
    given = given_in(query).get("timeout", "30")
    if (timeout := decimal(given, 0, MOST_SECONDS)) is None:
        raise Fault(
            "InvalidTimeout", f"timeout is a number of seconds up to {MOST_SECONDS}, not {given[:40]}"
        )
    return timeout


class StatePages:
    """Answers for the state of an engine."""

    def __init__(self, engine: Engine, reconciler: Reconciler, original: "Original | None") -> None:
        self._engine, self._reconciler, self._original = engine, reconciler, original

    async def save(self, query: bytes) -> Reply:
        """All that there is, or what an account has, as a file."""
        try:
            data = snapshots.saved(self._engine, _account(query), time.time())
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)
        return Reply(200, "application/octet-stream", data)

    async def load(self, query: bytes, body: bytes) -> Reply:
        """Have what a file has; the fabric follows."""
        replace = given_in(query).get("replace") == "true"
        return _answer(lambda: snapshots.loaded(self._engine, body, _account(query), replace=replace))

    async def reset(self, query: bytes) -> Reply:
        """Forget everything, or what an account has, and wait until the fabric has let go of it."""
        try:
            timeout, account = patience(query), _account(query)
            begins_with = self._original.nouns if self._original else ()
            if account:
                snapshots.forgotten(self._engine, account, begins_with)
            else:
                self._engine.reset()
                if self._original is not None:
                    twins.begin(self._engine, self._original)
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)
        settled = await self._reconciler.settle(timeout) if timeout else True
        return json_reply({"status": "ok" if settled else NOT_YET})


def _account(query: bytes) -> str:
    """The account that a page is asked about, "" for all; raises Fault."""
    account = given_in(query).get("account", "")
    if account and not ACCOUNT.fullmatch(account):
        raise Fault("InvalidAccount", f"an account is a number of 12 digits, not {account[:40]}")
    return account


def _answer(ask: Callable[[], dict[str, Any]]) -> Reply:
    try:
        return json_reply(ask())
    except Fault as fault:
        return json_reply({"error": fault.message}, fault.status)
