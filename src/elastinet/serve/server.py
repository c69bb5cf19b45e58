"""The engine's process: no privileges, one listening socket, one state."""

import argparse
import asyncio
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import uvicorn

from elastinet.config import Config
from elastinet.ec2.instances.console import read_console
from elastinet.engine import Engine
from elastinet.fabric.agent.descriptors import raise_limit
from elastinet.fabric.contract.content import is_there
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.link import AgentLink
from elastinet.fabric.contract.messages import Desire, Listener, Measure
from elastinet.fabric.contract.names import INTERNET, QUESTIONS64_PORT, QUESTIONS_PORT, images_beside
from elastinet.imds.service import MetadataService
from elastinet.modelled import ModelledFabric
from elastinet.reconcile import Reconciler
from elastinet.serve import secrets, twins
from elastinet.serve.admission import Admission
from elastinet.serve.api import Api
from elastinet.serve.bodies import Bodies
from elastinet.serve.connections import Bounds, Connections, api_bounds, endpoint_bounds, metadata_bounds
from elastinet.serve.endpoints import EndpointApplication, Endpoints
from elastinet.serve.http import Application
from elastinet.serve.listeners import Listeners
from elastinet.serve.one_write import api_protocol
from elastinet.serve.places import GIVE_UP, INSIDE
from elastinet.serve.questions import Questions
from elastinet.serve.rehearsal import rehearse
from elastinet.serve.scoping import Scoping
from elastinet.serve.tls import behind
from elastinet.store import JournalError, open_journal, worlds
from elastinet.wire.service import service

if TYPE_CHECKING:
    from elastinet.twin.original import Original

SWEEP_SECONDS = 60
RARELY = (50_000, 10, 10)
"""When garbage is collected: most of what an answer makes is gone by itself, or stays as a view."""

log = logging.getLogger(__name__)


class KernelFabric:
    """The fabric agent as a reconciler's link, with the sockets that it hands over."""

    def __init__(
        self, run: Path, metadata: MetadataService, bounds: Bounds, endpoints: Endpoints | None
    ) -> None:
        self.listeners = Listeners(metadata, bounds)
        self.endpoints = endpoints
        self.questions = Questions()
        self.reconciler: Reconciler | None = None
        self.agent = AgentLink(
            run / "agent.sock",
            on_fact=lambda fact: self._known.learn(fact),
            on_listener=self._open,
            on_up=lambda: self._known.hand_over(),
            on_down=self._lose,
        )

    def _open(self, fact: Listener, listener: socket.socket) -> None:
        """Answer instances on a socket."""
        if fact.port in (QUESTIONS_PORT, QUESTIONS64_PORT):
            self.questions.open(fact, listener)
        elif not fact.api:
            self.listeners.open(fact.network, fact.family, listener)
        elif self.endpoints and self._has_endpoint(fact.network):
            self.endpoints.open(fact, listener)
        else:
            listener.close()

    def _has_endpoint(self, network: str) -> bool:
        """True if AWS's endpoints are to be there: an interface endpoint may have ended meanwhile."""
        return network == INTERNET or Key("appliance", network) in self._known.have

    def _lose(self) -> None:
        """Answer no instances any more where nobody can ask."""
        self.listeners.close_all()
        self.questions.close_all()
        if self.endpoints:
            self.endpoints.close_all()
        self._known.away()

    @property
    def _known(self) -> Reconciler:
        assert self.reconciler is not None
        return self.reconciler

    def send(self, message: Desire | Measure) -> None:
        """Ask the agent, and answer no more in networks and at interface endpoints that are to go."""
        for key in message.drop if isinstance(message, Desire) else ():
            if key.kind == "network":
                self.listeners.close(key.id)
                self.questions.close(key.id)
            elif key.kind == "appliance" and self.endpoints:
                self.endpoints.close(key.id)
        self.agent.send(message)


async def serve(
    config: Config,
    listener: socket.socket,
    run: Path,
    disks: Path,
    tls: Path | None = None,
    original: "Original | None" = None,
) -> None:
    """Serve until a signal says stop; with an original it is a twin."""
    descriptors = raise_limit()
    config = twins.configured(config, original) if original else config
    engine = _load(config, disks, original)
    try:
        app, tasks = _assemble(engine, config, run, disks, descriptors, original)
    except Exception as error:
        raise _unusable(error) from error
    tasks.append(asyncio.create_task(_sweep(engine, disks)))
    scoping = Scoping(engine)
    service()  # the model is read before the first request, not during it
    tasks.append(asyncio.create_task(asyncio.to_thread(rehearse)))
    gc.freeze()  # and the collector of garbage need not look again and again at what stays
    gc.set_threshold(*RARELY)
    room = Connections(api_bounds(descriptors))
    protocol: Any = api_protocol(room)
    if tls is not None:
        protocol = behind(protocol, tls, room)
    server = uvicorn.Server(
        uvicorn.Config(
            app, http=protocol, lifespan="off", ws="none", log_config=None, access_log=False,
            server_header=False, proxy_headers=False, timeout_keep_alive=75, timeout_graceful_shutdown=2,
        )
    )  # fmt: skip
    _stop_on_signals(server)
    try:
        await server.serve(sockets=[listener])
    finally:
        scoping.close()
        for task in tasks:
            task.cancel()
        worlds.note(engine.journal, disks)
        engine.close()


def _load(config: Config, disks: Path, original: "Original | None") -> Engine:
    """The engine with the state that it had; raises JournalError."""
    journal = open_journal(config.state_folder)
    try:
        worlds.check(journal, disks)
        engine = Engine(
            journal, config.settings, consoles=read_console(disks), has_content=has(config, disks)
        )
        if original is not None:
            twins.enter(engine, original, config.state_folder)
        return engine
    except JournalError:
        journal.close()
        raise
    except Exception as error:
        raise _unusable(error) from error


def has(config: Config, disks: Path) -> Callable[[str], bool]:
    """Whether a content of an image is here; without a fabric none is asked for."""
    if config.fabric == "none":
        return lambda _content: True
    return partial(is_there, images_beside(disks))


def _unusable(error: Exception) -> JournalError:
    """The refusal of a state that no start will ever be able to use."""
    log.error("the state cannot be used", exc_info=error)
    return JournalError(
        f"the state cannot be used ({type(error).__name__}: {error}): 'elastinet state check' says whether "
        "it is damaged; if it is not, this is a fault of elastinet's own"
    )


def _assemble(
    engine: Engine, config: Config, run: Path, disks: Path, descriptors: int, original: "Original | None"
) -> tuple[Application, list[asyncio.Task[None]]]:
    """All that answers for an engine, and what goes on beside it."""
    tasks: list[asyncio.Task[None]] = []
    key_file = config.state_folder / "identity.pem" if config.state_folder else None
    secret = secrets.of_roles(config.state_folder)
    metadata = MetadataService(engine.state, secret, key_file)
    if config.fabric == "kernel":
        endpoints = _endpoints(engine, config, run, descriptors, secret) if config.has_api_inside else None
        kernel = KernelFabric(run, metadata, metadata_bounds(descriptors), endpoints)
        reconciler = kernel.reconciler = Reconciler(engine, kernel, disks)
        reconciler.away()  # until it has come
        tasks.append(asyncio.create_task(kernel.agent.run()))
        ready = lambda: reconciler.hello is not None  # noqa: E731
    else:
        modelled = ModelledFabric()
        reconciler = modelled.reconciler = Reconciler(engine, modelled)
        reconciler.hand_over()
        ready = lambda: True  # noqa: E731
    app = Application(engine, reconciler, metadata, config, secret, disks, ready=ready, original=original)
    return app, tasks


def _endpoints(engine: Engine, config: Config, run: Path, descriptors: int, secret: bytes) -> Endpoints:
    """AWS's endpoints, whose callers share nothing with those of the API's own port."""
    application = EndpointApplication(Api(engine, Bodies(), config.account, secret), Admission(secret))
    return Endpoints(application, run / INSIDE, endpoint_bounds(descriptors))


def _stop_on_signals(server: uvicorn.Server) -> None:
    """Have signals end the server and no more: uvicorn raises them again when it is over."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: setattr(server, "should_exit", True))


async def _sweep(engine: Engine, disks: Path) -> None:
    while True:
        await asyncio.sleep(SWEEP_SECONDS)
        engine.sweep()
        worlds.note(engine.journal, disks)


def main() -> None:
    """Run the engine as its supervisor says; exits with GIVE_UP when trying again is of no use."""
    parser = argparse.ArgumentParser(prog="elastinet-engine")
    parser.add_argument("--config", required=True)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--disks", type=Path, required=True)
    parser.add_argument("--tls", type=Path, help="key and certificates to answer with")
    parser.add_argument("--twin", type=int, help="a descriptor of what it is a twin of")
    given = parser.parse_args()
    os.umask(0o077)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s engine %(levelname)s %(message)s")
    config = msgspec.json.decode(given.config, type=Config)
    listener = socket.socket(fileno=given.fd)
    try:
        uvicorn_loop = uvicorn.Config(serve, loop="auto").get_loop_factory()
        with asyncio.Runner(loop_factory=uvicorn_loop) as runner:
            original = None if given.twin is None else twins.received(given.twin)
            runner.run(serve(config, listener, given.run, given.disks, given.tls, original))
    except JournalError as error:
        _give_up(str(error))


def _give_up(why: str) -> None:
    print(f"elastinet: {why}", file=sys.stderr)
    sys.exit(GIVE_UP)


if __name__ == "__main__":
    main()
