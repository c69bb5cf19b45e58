"""The one writer: runs an operation on a transaction, commits it, tells its followers."""

import logging
import random
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from elastinet.catalog.regions import REGIONS
from elastinet.catalog.settings import Settings
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.as_it_is import refuse_wants
from elastinet.ec2.core.fact import FACT_NAMES, AnyFact, Sweep
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import Views
from elastinet.ec2.operations import OPERATIONS, Operation, operation, take
from elastinet.ec2.vpc.account import open_region
from elastinet.model.account import RegionSettings
from elastinet.model.change import Change, decode, encode, entry, replay
from elastinet.model.fault import Fault
from elastinet.model.noun import Noun
from elastinet.model.state import State
from elastinet.rules.opt_in import opt_in_status
from elastinet.rules.placement.plants import Plants
from elastinet.rules.role_sessions import RoleSession
from elastinet.store import Journal, JournalError, JournalFull
from elastinet.wire.service import outline_of

Follower = Callable[[list[Change]], None]
COMPACT_AT = 50_000
"""Journal lines past which a start writes the state anew as one line per thousand nouns."""

ENDINGS = ("Terminate", "Stop", "Delete", "Detach", "Disassociate", "Release", "Revoke", "Reject", "Unassign")
"""First words of the operations that there must be room for on a full disk."""
LISTS = ("ListInstanceProfiles", "ListPolicies", "ListRoles")
"""IAM's operations that are like a describe."""
UNREADABLE = (
    "line {} of the journal cannot be read ({}): it is damaged, or was written by a newer elastinet. "
    "'elastinet state check' says which lines, 'elastinet state repair' keeps all the others"
)

log = logging.getLogger(__name__)


class Engine:
    """The state of all accounts and regions, its journal and its followers."""

    def __init__(
        self,
        journal: Journal,
        settings: Settings | None = None,
        *,
        clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
        consoles: Callable[[str], bytes] = lambda _: b"",
        compact_at: int = COMPACT_AT,
        has_content: Callable[[str], bool] = lambda _: True,
    ) -> None:
        self.settings = settings or Settings()
        self.state = State()
        self.views = Views()
        self.plants = Plants(self.settings.plant, self.state)
        self.followers: list[Follower] = []
        self.journal = journal
        self._clock = clock
        self._dice = dice or random.SystemRandom()
        self._consoles = consoles
        self._has_content = has_content
        self._load(compact_at)

    def call(
        self,
        owner: str,
        region: str,
        action: str,
        params: dict[str, Any],
        *,
        dry_run: bool = False,
        session: RoleSession | None = None,
    ) -> Answer | None:
        """Do what a client, or an instance's role, asks for; raises Fault, and then nothing has changed."""
        do = self._operation(action)
        self._open(owner, region)
        request = Request(params)
        with self._transaction(action, owner, region, session) as tx:
            answer = do(tx, request)
            refuse_wants(request, action)
            if dry_run:
                raise Fault("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
        return answer

    def check_supported(self, action: str) -> None:
        """Refuse an action that elastinet has no answer to."""
        self._operation(action)

    @staticmethod
    def _operation(action: str) -> Operation:
        found = operation(action, outline_of)
        if found is None:
            raise Fault("UnsupportedOperation", f"elastinet does not support the operation {action}.")
        return found

    def report(self, owner: str, region: str, *facts: AnyFact) -> None:
        """Take note of what has happened, all in one commit; a fact about the past changes nothing."""
        names = dict.fromkeys(type(fact).__name__ for fact in facts)
        with self._transaction("+".join(names), owner, region) as tx:
            for fact in facts:
                take(tx, fact)

    def _open(self, owner: str, region: str) -> None:
        if region not in REGIONS:
            raise Fault("InvalidRegion", f"The region '{region}' does not exist.")
        if opt_in_status(self.state, self.settings, owner, region) == "not-opted-in":
            sentence = (
                "AWS was not able to validate the provided access credentials: the region "
                f"{region} is not opted in to. The option opted_in_regions of elastinet opts in."
            )
            raise Fault("AuthFailure", sentence, 401)
        if self.state.get(RegionSettings, f"{owner}/{region}") is None:
            with self._transaction("OpenRegion", owner, region) as tx:
                open_region(tx)

    def _transaction(
        self, operation: str, owner: str, region: str, session: RoleSession | None = None
    ) -> "_Commit":
        tx = Transaction(
            self.state,
            owner,
            region,
            now=self._clock(),
            dice=self._dice,
            settings=self.settings,
            views=self.views,
            plants=self.plants,
            consoles=self._consoles,
            session=session,
            has_content=self._has_content,
        )
        return _Commit(self, operation, tx)

    def commit(self, operation: str, tx: Transaction) -> None:
        """Persist what a transaction changed, then tell the followers."""
        changes = tx.changes()
        if not changes:
            return
        try:
            self.journal.append(encode(entry(operation, tx.now, changes)), urgent=_frees(operation, changes))
        except JournalError as error:
            tx.rollback()
            # Clients try a server's errors again, and again; a full disk is for its owner to see at once.
            code, status = (
                ("InsufficientCapacity", 400) if isinstance(error, JournalFull) else ("InternalError", 500)
            )
            raise Fault(code, f"Nothing was changed: {error}.", status) from error
        self.views.forget(change.id for change in changes if change.new is None)
        for follower in self.followers:
            follower(changes)

    def _load(self, compact_at: int) -> None:
        count = 0
        for line in self.journal.lines():
            count += 1
            try:
                replay(self.state, decode(line))
            except Exception as error:
                raise JournalError(UNREADABLE.format(count, error)) from error
        if count > compact_at:
            self._compact()

    def _compact(self) -> None:
        """Write the journal shorter; it does without where there is no room for that."""
        try:
            self.journal.rewrite(self._snapshot())
        except JournalError as error:
            log.warning("the journal stays as long as it is: %s", error)

    def _snapshot(self) -> Iterable[bytes]:
        nouns = [noun for kind in self.state.tables for noun in self.state.all(kind)]
        for start in range(0, len(nouns), 1000):
            part = [Change(type(noun), noun.id, None, noun) for noun in nouns[start : start + 1000]]
            yield encode(entry("Snapshot", self._clock(), part))

    def adopt(self, owner: str, region: str, nouns: Iterable[Noun]) -> None:
        """Have the nouns of an account that was read in, in one line of the journal; raises Fault."""
        with self._transaction("ImportAccount", owner, region) as tx:
            for noun in nouns:
                tx.put(noun)

    def change(self, operation: str) -> "_Commit":
        """A change of all that there is, in one line of the journal; its block raises Fault."""
        return self._transaction(operation, "", "")

    def image(self, owner: str, region: str) -> "_Commit":
        """A change of an account's images that is none of EC2's operations; its block raises Fault."""
        return self._transaction("Image", owner, region)

    def ask_all(self, owner: str, region: str) -> None:
        """Put every question that needs no id; raises what goes wrong in a state of unknown origin."""
        for action in filter(_needs_nothing, OPERATIONS):
            with suppress(Fault), self._transaction(action, owner, region) as tx:
                self._operation(action)(tx, Request({}))

    @property
    def is_empty(self) -> bool:
        """True if nobody has any noun."""
        return not any(table.rows for table in self.state.tables.values())

    def reset(self) -> None:
        """Back to an empty world; the followers see everything go."""
        gone = [Change(type(n), n.id, n, None) for kind in self.state.tables for n in self.state.all(kind)]
        self.journal.rewrite(())
        for change in gone:
            self.state.replace(change.kind, change.id, None)
        self.views.forget(change.id for change in gone)
        for follower in self.followers:
            follower(gone)

    def counts(self) -> dict[str, int]:
        """Number of nouns of each kind, in all accounts and regions."""
        return {kind.__name__: len(table.rows) for kind, table in self.state.tables.items() if table.rows}

    def sweep(self) -> None:
        """Forget what has been over for long, everywhere."""
        for owner, region in {noun.scope for noun in self.state.all(RegionSettings)}:
            self.report(owner, region, Sweep())

    def close(self) -> None:
        """Let go of the journal."""
        self.journal.close()


def _needs_nothing(action: str) -> bool:
    """True if an operation only reads, and may be called without any parameter."""
    outline = outline_of(action) if action.startswith("Describe") else None
    return action in LISTS or (outline is not None and not outline.required)


def _frees(operation: str, changes: list[Change]) -> bool:
    """True if an operation ends or deletes something, or is a fact, and makes nothing new."""
    return operation.startswith((*ENDINGS, *FACT_NAMES)) and all(change.old is not None for change in changes)


class _Commit:
    """Commits a transaction when its block ends well, undoes it otherwise."""

    def __init__(self, engine: Engine, operation: str, tx: Transaction) -> None:
        self._engine, self._operation, self._tx = engine, operation, tx

    def __enter__(self) -> Transaction:
        return self._tx

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is None:
            self._engine.commit(self._operation, self._tx)
        else:
            self._tx.rollback()
