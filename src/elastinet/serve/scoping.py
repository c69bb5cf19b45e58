"""Analyses of access scopes: each in a process of its own, on the state as it was when it began.

A thread would not do: pure Python holds the interpreter's lock, and every request would wait for it.
"""

import asyncio
import errno
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from elastinet.ec2.core.fact import ScopeAnalysed
from elastinet.engine import Engine
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.acl import NetworkAcl
from elastinet.model.change import Change, encode, entry
from elastinet.model.endpoint import VpcEndpoint
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.interface import Address, NetworkInterface
from elastinet.model.nat import NatGateway
from elastinet.model.noun import Noun
from elastinet.model.peering import Peering
from elastinet.model.prefix_list import PrefixList
from elastinet.model.routes import RouteTable
from elastinet.model.security import SecurityGroup, SecurityGroupRule
from elastinet.model.vpc import EgressOnlyGateway, InternetGateway, Subnet, Vpc
from elastinet.serve.scope_worker import LENGTH

log = logging.getLogger(__name__)

READ: tuple[type[Noun], ...] = (
    *(Vpc, Subnet, RouteTable, NetworkAcl, InternetGateway, EgressOnlyGateway, NatGateway, PrefixList),
    *(VpcEndpoint, Peering, SecurityGroup, SecurityGroupRule, NetworkInterface, Address, Instance),
)
"""The nouns that an analysis reads."""
NOUNS_A_LINE = 500
"""So many are written between two looks at requests."""
MOST_SECONDS = 4 * 3600
"""An analysis is given up after that long (Network Access Analyzer's quotas)."""
WORKER = (sys.executable, "-P", "-m", "elastinet.serve.scope_worker")
FAILED = "The analysis was ended by an error of the analyzer; its log says more."
GONE = "The access scope of the analysis is gone."
NO_ROOM = "The findings of the analysis could not be kept; the log says more."
_result = msgspec.msgpack.Decoder(ScopeAnalysed)
Snapshot = list[Noun]


class Scoping:
    """Has the analyses of an engine's state made that run, one after another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._running: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Lock()
        engine.followers.append(self.follow)
        for analysis in engine.state.where(AccessScopeAnalysis, "status", "running"):
            self._begin(analysis)  # it was interrupted: it is made again, of what is there now

    def follow(self, changes: list[Change]) -> None:
        """Begin an analysis that was started, end one that was deleted."""
        for change in changes:
            if change.kind is AccessScopeAnalysis:
                noun = change.new
                if noun is None and (task := self._running.pop(change.id, None)):
                    task.cancel()
                elif (
                    change.old is None and isinstance(noun, AccessScopeAnalysis) and noun.status == "running"
                ):
                    self._begin(noun)

    def close(self) -> None:
        """End all that run; they begin again when the engine does."""
        for task in self._running.values():
            task.cancel()

    def _begin(self, analysis: AccessScopeAnalysis) -> None:
        state = self._engine.state
        scope = state.get(AccessScope, analysis.scope_id)
        if scope is None:  # a journal that was repaired has lost it
            self._engine.report(*analysis.scope, ScopeAnalysed(analysis.id, failure=GONE))
            return
        nouns: Snapshot = [noun for kind in READ for noun in state.tables[kind].rows.values()]
        task = asyncio.get_running_loop().create_task(self._analyse(analysis, scope, nouns))
        self._running[analysis.id] = task
        task.add_done_callback(lambda _: self._running.pop(analysis.id, None))

    async def _analyse(self, analysis: AccessScopeAnalysis, scope: AccessScope, nouns: Snapshot) -> None:
        fact = ScopeAnalysed(analysis.id, failure=FAILED)
        async with self._turn:
            try:
                fact = await asyncio.wait_for(self._made(analysis, scope, nouns), MOST_SECONDS)
            except (OSError, EOFError, msgspec.DecodeError, TimeoutError) as error:
                log.error("the analysis %s failed: %r", analysis.id, error)
        try:
            self._engine.report(*analysis.scope, fact)
        except Fault as fault:  # no room for what was found; there is some for saying so
            log.error("the analysis %s cannot be kept: %s", analysis.id, fault)
            self._engine.report(*analysis.scope, ScopeAnalysed(analysis.id, failure=NO_ROOM))

    async def _made(
        self, analysis: AccessScopeAnalysis, scope: AccessScope, nouns: Snapshot
    ) -> ScopeAnalysed:
        """The result of an analysis, from a process that ends with it."""
        process = await asyncio.create_subprocess_exec(
            *WORKER, analysis.id, self._engine.settings.outside, stdin=PIPE, stdout=PIPE
        )
        try:
            return await _asked(process, scope, nouns)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


async def _asked(process: Process, scope: AccessScope, nouns: Snapshot) -> ScopeAnalysed:
    assert process.stdin
    assert process.stdout
    for line in _lines(scope, nouns):
        await _tell(process.stdin, len(line).to_bytes(LENGTH) + line)
        await asyncio.sleep(0)
    await _tell(process.stdin, bytes(LENGTH))
    size = int.from_bytes(await process.stdout.readexactly(LENGTH))
    return _result.decode(await process.stdout.readexactly(size))


async def _tell(worker: asyncio.StreamWriter, data: bytes) -> None:
    """Write to a process; raises ConnectionResetError if it has ended: uvloop would raise a RuntimeError."""
    if worker.is_closing():
        raise ConnectionResetError(errno.EPIPE, "the process has ended")
    worker.write(data)
    await worker.drain()


def _lines(scope: AccessScope, nouns: Snapshot) -> Iterator[bytes]:
    """The nouns as lines of a journal, the scope first."""
    for start in range(0, len(nouns) + 1, NOUNS_A_LINE):
        part = [*([] if start else [scope]), *nouns[start : start + NOUNS_A_LINE]]
        yield encode(entry("Snapshot", 0.0, [Change(type(noun), noun.id, None, noun) for noun in part]))
