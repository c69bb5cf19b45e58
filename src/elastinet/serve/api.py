"""AWS's side of the port: EC2, the few operations of its neighbours, and a plain no to all others."""

import logging
from collections.abc import Callable, Mapping

from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.rules import role_sessions
from elastinet.rules.role_keys import account_of
from elastinet.rules.role_sessions import RoleSession
from elastinet.serve.bodies import MOST_BYTES, Bodies, Receive
from elastinet.serve.reply import Reply, Scope
from elastinet.wire.credentials import Credentials, caller
from elastinet.wire.dialects import XML, Dialect, dialect
from elastinet.wire.json_calls import parse_json, write_json
from elastinet.wire.parse import Call, parse
from elastinet.wire.serialise import serialise
from elastinet.wire.service import SERVICES
from elastinet.wire.signature import Received

DEFAULT_REGION = "us-east-1"
OWN_FAULT = "elastinet has a fault of its own; its log tells of request {}."
JSON = "application/x-amz-json-1.1"
SERVES = (
    "elastinet serves EC2, and of STS GetCallerIdentity, of SSM the public parameters of images, of IAM the "
    "roles and profiles of instances; it has no {}."
)
"""What every other service's client is told."""
LONGEST_NAME = 128
"""As much of what a client asks for as it is told again."""

log = logging.getLogger(__name__)


class Asked:
    """One request, as far as its head tells."""

    def __init__(self, scope: Scope, request_id: str) -> None:
        self.headers: Mapping[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.query: bytes = scope["query_string"]
        self._scope = scope
        self.id = request_id
        self._fault: Fault | None = None
        self._who = Credentials()
        try:
            self._who = caller(self.headers, self.query)
        except Fault as fault:
            self._fault = fault
        self.dialect: Dialect = dialect(self.headers, self.query, self._who.service)
        """The protocol that the client understands."""

    @property
    def credentials(self) -> Credentials:
        """Who asks, where, and of which service; raises Fault."""
        if self._fault:
            raise self._fault
        return self._who

    def received(self, body: bytes) -> Received:
        """The request as its signature is of it."""
        scope = self._scope
        fields = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        path = scope["raw_path"].partition(b"?")[0].decode("latin-1")
        return Received(scope["method"], path, self.query, tuple(fields), body)

    @property
    def token(self) -> str:
        """The session token that the client has sent, "" for none."""
        return self._who.token

    @property
    def wanted(self) -> str:
        """What the client asks for, as far as it says: an operation, a service."""
        service = self._who.service
        named = self.headers.get("x-amz-target") or (service if service not in SERVICES else None)
        return (named or "such call")[:LONGEST_NAME]

    def refuse(self, fault: Fault) -> Reply:
        """A refusal in the client's own protocol."""
        said = self.dialect.refuse(fault, self.id)
        return Reply(fault.status, said.content_type, said.body, said.headers)


Admit = Callable[[Asked, bytes], None]
"""Lets a request with its body in, or raises Fault."""


def everybody(_asked: Asked, _body: bytes) -> None:
    """Let all in: any credentials are accepted."""


class Api:
    """Answers AWS's clients."""

    def __init__(self, engine: Engine, bodies: Bodies, account: str, secret: bytes) -> None:
        """With the secret the tokens of instances' roles are made."""
        self._engine, self._bodies, self._account, self._secret = engine, bodies, account, secret

    async def answer(self, asked: Asked, receive: Receive, admit: Admit = everybody) -> Reply:
        """The answer to one request, if it is let in; raises ConnectionAbortedError."""
        try:
            body = await self._bodies.read(receive, MOST_BYTES)
            admit(asked, body)
            return self._call(asked, body)
        except Fault as fault:
            return asked.refuse(fault)
        except ConnectionAbortedError:
            raise
        except Exception:
            log.exception("request %s failed", asked.id)
            return asked.refuse(Fault("InternalError", OWN_FAULT.format(asked.id), 500))

    def _call(self, asked: Asked, body: bytes) -> Reply:
        call = self._read(asked, body)
        if call is None:
            raise Fault(asked.dialect.unknown, SERVES.format(asked.wanted))
        who = asked.credentials
        owner = account_of(who.access_key_id or "") or self._account
        region = who.region or DEFAULT_REGION
        session = self._session(asked, who)
        answer = (
            self._engine.call(owner, region, call.action, call.params, dry_run=call.dry_run, session=session)
            or {}
        )
        if asked.dialect.is_json:
            return Reply(200, JSON, write_json(answer))
        return Reply(200, XML, serialise(call.action, answer, asked.id))

    def _session(self, asked: Asked, who: Credentials) -> RoleSession | None:
        """The instance's role that calls, by its token; None for anybody else, who is the account's root."""
        session = role_sessions.read(asked.token, self._secret) if asked.token else None
        return session if session and session.access_key_id == who.access_key_id else None

    def _read(self, asked: Asked, body: bytes) -> Call | None:
        """The call that a request makes; None if it is of a service that is not here."""
        if asked.credentials.service not in (None, *SERVICES):
            return None
        if asked.dialect.is_json:
            return parse_json(asked.headers.get("x-amz-target", ""), body)
        return self._read_query(asked, body) if asked.dialect.is_query else None

    def _read_query(self, asked: Asked, body: bytes) -> Call | None:
        try:
            return parse(body, asked.query, MOST_BYTES, self._engine.check_supported)
        except Fault as fault:
            if fault.code == asked.dialect.unknown and not asked.dialect.is_ec2:
                return None
            raise
