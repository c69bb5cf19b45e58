"""The ASGI application: the EC2 API, and elastinet's own pages beside it."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from elastinet.catalog.plant import MOST_HOSTS
from elastinet.config import Config
from elastinet.digits import whole
from elastinet.ec2.core.fact import UnitFailed, UnitRepaired
from elastinet.engine import Engine
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.names import host_link, images_beside
from elastinet.fabric.contract.objects import Interface
from elastinet.imds.service import MetadataService
from elastinet.late import Late
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.operator import (
    efas,
    gateways,
    hardware,
    images,
    instances,
    inventory,
    nics,
    rates,
    server_status,
    traffic,
    twin,
)
from elastinet.operator.readings import Reader, Reading
from elastinet.reconcile import Reconciler
from elastinet.rules.costs import ledger
from elastinet.rules.interfaces import instance_by_eni
from elastinet.serve.api import DEFAULT_REGION, OWN_FAULT, Api, Asked
from elastinet.serve.bodies import MOST_PAGE_BYTES, Bodies, Receive
from elastinet.serve.origins import Origins
from elastinet.serve.reply import Reply, Scope, Send, given_in, json_reply, send_reply
from elastinet.serve.state_pages import StatePages, patience
from elastinet.store.snapshot import MOST_BYTES

if TYPE_CHECKING:
    from elastinet.operator import jobs, measurements, predictions, reaching, verifying
    from elastinet.twin.original import Original
else:  # what explains and predicts takes its time to import, and few ask for it
    jobs, measurements, predictions, reaching, verifying = (
        Late(f"elastinet.operator.{page}")
        for page in ("jobs", "measurements", "predictions", "reaching", "verifying")
    )

Measured = Callable[[Reading | None, Reading | None], dict[str, Any]]
"""A page's function of two readings, an older and a newer one."""

RATE_SECONDS = 0.25
"""Seconds between the two readings that a rate is computed from."""
HOURS_A_MONTH = 730
OWN = ("/_elastinet", "/_localstack", "/moto-api")
"""The paths of elastinet's own pages; all others are EC2's."""

log = logging.getLogger(__name__)


class Application:
    """Routes requests: EC2's at the root, elastinet's own under /_elastinet."""

    def __init__(
        self,
        engine: Engine,
        reconciler: Reconciler,
        metadata: MetadataService,
        config: Config,
        secret: bytes,
        disks: Path,
        ready: Callable[[], bool],
        original: "Original | None" = None,
    ) -> None:
        self._engine, self._reconciler, self._config, self._ready = engine, reconciler, config, ready
        self._metadata, self._disks, self._original = metadata, disks, original
        self._bodies = Bodies()
        self._api = Api(engine, self._bodies, config.account, secret)
        self._origins = Origins((config.host, *config.hosts))
        self._reader = Reader(config.bandwidth_scale)
        states = StatePages(engine, reconciler, original)
        self._pages: dict[tuple[str, str], Callable[[bytes], Awaitable[Reply]]] = {
            ("GET", "/_elastinet/health"): self._health,
            ("GET", "/_localstack/health"): self._health,
            ("GET", "/_elastinet/status"): self._status,
            ("GET", "/_elastinet/instance"): self._instance,
            ("GET", "/_elastinet/instances"): self._instances,
            ("GET", "/_elastinet/inventory"): self._inventory,
            ("GET", "/_elastinet/interface"): self._interface,
            ("GET", "/_elastinet/costs"): self._costs,
            ("GET", "/_elastinet/efa"): self._efa,
            ("GET", "/_elastinet/mpi"): self._mpi,
            ("GET", "/_elastinet/plant"): self._plant,
            ("GET", "/_elastinet/place"): self._place,
            ("GET", "/_elastinet/nic"): self._nic,
            ("GET", "/_elastinet/traffic"): self._traffic,
            ("GET", "/_elastinet/nat"): self._nat,
            ("GET", "/_elastinet/metrics"): self._metrics,
            ("GET", "/_elastinet/predict"): self._predict,
            ("GET", "/_elastinet/credits"): self._credits,
            ("GET", "/_elastinet/perf"): self._perf,
            ("GET", "/_elastinet/why"): self._why,
            ("GET", "/_elastinet/verify"): self._verify,
            ("GET", "/_elastinet/twin"): self._twin,
            ("POST", "/_elastinet/fail"): self._fail,
            ("POST", "/_elastinet/repair"): self._repair,
            ("GET", "/_elastinet/identity-certificate"): self._certificate,
            ("GET", "/_elastinet/progress"): self._progress,
            ("GET", "/_elastinet/images"): self._images,
            ("POST", "/_elastinet/image"): self._add_image,
            ("POST", "/_elastinet/image/rm"): self._remove_image,
            ("GET", "/_elastinet/snapshot"): states.save,
            ("POST", "/_elastinet/reset"): states.reset,
            ("POST", "/moto-api/reset"): states.reset,
            ("POST", "/_elastinet/settle"): self._settle,
        }
        self._takers = {("POST", "/_elastinet/snapshot"): states.load}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request_id = str(uuid.uuid4())
        own = scope["path"].startswith(OWN)
        asked = None if own else Asked(scope, request_id)
        changes = not own or scope["method"] not in ("GET", "HEAD")
        if why := self._origins.refusal(scope["headers"], changes=changes):
            await send_reply(send, _turned_away(why, asked), request_id)
            return
        try:
            if asked is None:
                answer = await self._own(scope, receive, request_id)
            else:
                answer = await self._api.answer(asked, receive)
        except ConnectionAbortedError:
            return
        await send_reply(send, answer, request_id)

    # --- elastinet's own --------------------------------------------------------------------------

    async def _own(self, scope: Scope, receive: Receive, request_id: str) -> Reply:
        at = (scope["method"], scope["path"])
        page, taker = self._pages.get(at), self._takers.get(at)
        try:
            body = await self._bodies.read(receive, MOST_BYTES if taker else MOST_PAGE_BYTES)
            if taker is not None:
                return await while_asked(receive, taker(scope["query_string"], body))
            if page is None:
                raise Fault("NotFound", "There is no such page, or not with this method.", 404)
            return await while_asked(receive, page(scope["query_string"]))
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)
        except ConnectionAbortedError:
            raise
        except Exception:
            log.exception("request %s failed", request_id)
            return json_reply({"error": OWN_FAULT.format(request_id)}, 500)

    async def _health(self, _query: bytes) -> Reply:
        ready = self._ready()
        return json_reply(
            {"status": "running" if ready else "starting", "services": {"ec2": "running"}},
            200 if ready else 503,
        )

    async def _status(self, _query: bytes) -> Reply:
        return json_reply(server_status.page(self._engine, self._reconciler, self._config, self._original))

    async def _inventory(self, query: bytes) -> Reply:
        return _answer(lambda: inventory.page(self._engine, given_in(query)))

    async def _instance(self, query: bytes) -> Reply:
        name, config = given_in(query).get("instance", ""), self._config
        ask = partial(instances.page, self._engine, self._reconciler, config.fabric, self._disks)
        return _answer(lambda: ask(name))

    async def _images(self, query: bytes) -> Reply:
        return _answer(lambda: images.page(self._engine, images_beside(self._disks), given_in(query)))

    async def _add_image(self, query: bytes) -> Reply:
        folder, usual = images_beside(self._disks), (self._config.account, DEFAULT_REGION)
        return _answer(lambda: images.added(self._engine, folder, given_in(query), usual))

    async def _remove_image(self, query: bytes) -> Reply:
        return _answer(lambda: images.removed(self._engine, self._reconciler, given_in(query)))

    async def _interface(self, query: bytes) -> Reply:
        (id,) = parse_qs(query.decode("latin-1")).get("id", [""])[:1]
        made = self._reconciler.have.get(Key("interface", id))
        if not isinstance(made, Interface):
            return json_reply({"error": f"{id} is in no running instance"}, 404)
        return json_reply({"guest": [made.guest, made.device], "router": [made.network, host_link(id)]})

    async def _costs(self, _query: bytes) -> Reply:
        lines = list(ledger(self._engine.state, self._config.rules))
        hourly = sum(line.usd_per_hour for line in lines)
        shown = [msgspec.structs.asdict(line) for line in lines]
        rate = {"usd_per_hour": round(hourly, 6), "usd_per_month": round(hourly * HOURS_A_MONTH, 2)}
        return json_reply({"rules": self._config.rules, **rate, "lines": shown})

    async def _plant(self, query: bytes) -> Reply:
        given = given_in(query)
        return _answer(lambda: hardware.page(self._engine, given.get("zone", f"{DEFAULT_REGION}a")))

    async def _place(self, query: bytes) -> Reply:
        given = given_in(query)
        asked = given.get("count", "1")
        if (count := whole(asked, 1, MOST_HOSTS)) is None:
            return json_reply({"error": f"count is a number from 1 to {MOST_HOSTS}, not {asked[:40]}"}, 400)
        zone, strategy = given.get("zone", f"{DEFAULT_REGION}a"), given.get("strategy", "none")
        kind, group = given.get("type", ""), given.get("group", "")
        return _answer(lambda: hardware.fitting(self._engine, zone, kind, count, strategy, group))

    async def _nic(self, query: bytes) -> Reply:
        return _answer(lambda: nics.page(self._engine, given_in(query).get("instance", "")))

    async def _efa(self, query: bytes) -> Reply:
        names = parse_qs(query.decode("latin-1")).get("instance", [])
        return _answer(lambda: efas.page(self._engine, self._reconciler.failed, names))

    async def _mpi(self, query: bytes) -> Reply:
        names = parse_qs(query.decode("latin-1")).get("instance", [])
        return _answer(lambda: jobs.prepared(self._engine, self._reconciler.failed, names))

    async def _predict(self, query: bytes) -> Reply:
        ask = partial(predictions.predicted, self._engine, given=given_in(query))
        return await self._measured(lambda _, now: ask(buckets=self._buckets(now, now)))

    async def _perf(self, query: bytes) -> Reply:
        ask = partial(measurements.prepared, self._engine, given=given_in(query))
        return await self._measured(lambda _, now: ask(buckets=self._buckets(now, now)))

    async def _why(self, query: bytes) -> Reply:
        return _answer(
            lambda: reaching.page(self._engine.state, given_in(query), self._engine.settings.outside)
        )

    async def _verify(self, query: bytes) -> Reply:
        try:
            outside = self._engine.settings.outside
            return json_reply(await verifying.page(self._engine.state, given_in(query), outside))
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)

    async def _twin(self, _query: bytes) -> Reply:
        try:
            return Reply(200, "application/octet-stream", twin.nouns(self._engine.state, self._original))
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)

    async def _credits(self, query: bytes) -> Reply:
        ask = partial(predictions.credits, self._engine, name=given_in(query).get("instance", ""))
        return await self._measured(lambda then, now: ask(self._buckets(then, now)), RATE_SECONDS)

    async def _traffic(self, query: bytes) -> Reply:
        name = given_in(query).get("instance", "")
        return await self._measured(lambda _, now: traffic.page(self._engine, now, name))

    async def _nat(self, query: bytes) -> Reply:
        id = given_in(query).get("id", "")
        return await self._measured(lambda _, now: gateways.page(self._engine, now, id))

    async def _measured(self, ask: Measured, seconds: float = 0.0) -> Reply:
        """Answer from what the kernel has counted: now, and so many seconds before."""
        try:
            before = after = await self._read()
            if seconds and before is not None:
                await asyncio.sleep(seconds)
                after = await self._read()
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)
        return _answer(lambda: ask(before, after))

    async def _read(self) -> Reading | None:
        """Read the kernel's counters; None without a fabric. Raises Fault if the agent does not answer."""
        if self._config.fabric == "none":
            return None
        try:
            measured = await self._reconciler.measure()
        except TimeoutError:
            raise Fault("Unavailable", "the fabric agent does not answer", 503) from None
        return self._reader.read(measured, instance_by_eni(self._engine.state))

    def _buckets(self, before: Reading | None, after: Reading | None) -> "predictions.Buckets":
        """The credits that running instances have now, and the rates between two readings."""
        pages = [traffic.page(self._engine, reading) for reading in (before, after)]
        found = rates.buckets(*pages)
        return lambda instance: found[instance.id]

    async def _metrics(self, _query: bytes) -> Reply:
        from elastinet.operator import metrics

        try:
            reading = await self._read()
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)
        keeper = self._reconciler
        figures = {
            "settled": float(keeper.settled),
            "generation": float(keeper.generation),
            "converged_generation": float(keeper.converged),
            "failed_objects": float(len(keeper.failed)),
        }
        counts = {name: float(count) for name, count in self._engine.counts().items()}
        shown = traffic.page(self._engine, reading) | gateways.page(self._engine, reading)
        return Reply(200, metrics.CONTENT_TYPE, metrics.text(shown, figures, counts))

    async def _fail(self, query: bytes) -> Reply:
        given = given_in(query)
        unit, kind = given.get("unit", ""), given.get("kind", "power")
        return _answer(lambda: hardware.change(self._engine, UnitFailed(unit, kind)))

    async def _repair(self, query: bytes) -> Reply:
        unit = given_in(query).get("unit", "")
        return _answer(lambda: hardware.change(self._engine, UnitRepaired(unit)))

    async def _certificate(self, _query: bytes) -> Reply:
        return Reply(200, "application/x-pem-file", self._metadata.signer.certificate)

    async def _instances(self, query: bytes) -> Reply:
        names = parse_qs(query.decode("latin-1")).get("name", [])
        running = self._engine.state.where(Instance, "instance-state-name", "running")
        return json_reply({"instances": [i.id for i in running if not names or i.name in names]})

    async def _progress(self, _query: bytes) -> Reply:
        up, guests = self._reconciler.progress
        return json_reply({"settled": self._reconciler.settled, "up": up, "guests": guests})

    async def _settle(self, query: bytes) -> Reply:
        try:
            timeout = patience(query)
        except Fault as fault:
            return json_reply({"error": fault.message}, fault.status)
        self._reconciler.look_again()
        settled = await self._reconciler.settle(timeout)
        body = {"settled": settled, "failed": server_status.as_text(self._reconciler.failed)}
        done = settled or self._reconciler.settled_but_for_failures
        return json_reply(body, 200 if done else 408)


async def while_asked(receive: Receive, page: Awaitable[Reply]) -> Reply:
    """Await a page; if its client leaves before, cancel it and raise ConnectionAbortedError."""
    asked, gone = asyncio.ensure_future(page), asyncio.ensure_future(receive())
    try:
        await asyncio.wait((asked, gone), return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise ConnectionAbortedError
        return asked.result()
    finally:
        asked.cancel()
        gone.cancel()


def _answer(ask: Callable[[], dict[str, Any]]) -> Reply:
    """The answer to a question as JSON, or the fault that it raises."""
    try:
        return json_reply(ask())
    except Fault as fault:
        return json_reply({"error": fault.message}, fault.status)


def _turned_away(why: str, asked: Asked | None) -> Reply:
    """The answer to who may not ask at all: a client of AWS, or one of our own pages'."""
    if asked is None:
        return json_reply({"error": why}, 403)
    return asked.refuse(Fault("UnauthorizedOperation", why, 403))
