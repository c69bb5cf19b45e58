"""Clients that ask for too much, too slowly or for nothing: the API goes on answering the others."""

import asyncio
import contextlib
import resource
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from raw import address, ask, everything
from uvicorn.server import ServerState

from commands import wait_until
from elastinet.serve.connections import Bounds, Connections, api_bounds, metadata_bounds
from elastinet.serve.guarded import MOST_PIPELINED, GuardedProtocol
from elastinet.serve.http import while_asked
from served import Served

FIRST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
CALL = FIRST + b"Content-Type: application/x-www-form-urlencoded\r\n"
ENDLESS = 100 << 20
GENEROUS_SECONDS = 10.0
"""For one answer, on a machine that does much else."""


class Narrow(Served):
    """A server that may have few descriptors, and no more of them."""

    before = ("prlimit", "--nofile=200:200")


@pytest.fixture(scope="module", autouse=True)
def many_descriptors() -> Iterator[None]:
    """A flood takes more connections than a process is let have without asking."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture(scope="module")
def flooded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("floods"))
    yield served
    served.stop()


def answers(served: Served) -> float:
    """How long the longest of some answers took."""
    taken = []
    for _ in range(20):
        began = time.monotonic()
        assert ask(served.url, "GET", "/_elastinet/health", [("Host", "localhost")])[0] == 200
        taken.append(time.monotonic() - began)
    return max(taken)


def resident(served: Served) -> int:
    """The most memory that the server has ever had, in bytes."""
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def descriptors(served: Served) -> int:
    return len(list(Path(f"/proc/{served.process.pid}/fd").iterdir()))


def is_open(connection: socket.socket) -> bool:
    """Whether the other side has not closed."""
    connection.setblocking(False)
    try:
        return connection.recv(1 << 16) != b""
    except BlockingIOError:
        return True
    except ConnectionResetError:
        return False


@contextlib.contextmanager
def connections(served: Served, count: int, data: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            made.append(stack.enter_context(socket.create_connection(address(served.url), timeout=60)))
            if data:
                with contextlib.suppress(ConnectionError):
                    made[-1].sendall(data)
        yield made


def pour(served: Served, first: bytes, again: bytes, most: int = ENDLESS) -> tuple[int, bytes]:
    """Send something and then the same again and again; how much went out, and what came back."""
    sent = 0
    with socket.create_connection(address(served.url), timeout=60) as connection:
        try:
            connection.sendall(first)
            while sent < most:
                sent += connection.send(again)
        except (ConnectionError, TimeoutError):
            pass
        return sent, everything(connection)


# --- many connections -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GET",
        FIRST,
        FIRST + b"X-A: " + b"a" * 60_000,
        CALL + b"Content-Length: 1000\r\n\r\nAction=",
        CALL + b"Transfer-Encoding: chunked\r\n\r\n5\r\nAct",
        CALL + b"Content-Length: 900000\r\n\r\n" + b"A" * 100_000,
    ],
)
def test_idle_and_half_requests_keep_nobody_out(flooded: Served, data: bytes) -> None:
    before = answers(flooded)
    with connections(flooded, api_bounds(1 << 16).most + 100, data):
        assert answers(flooded) < max(GENEROUS_SECONDS, 100 * before)
    assert flooded.process.poll() is None


def test_more_connections_than_there_is_room_for(flooded: Served) -> None:
    most = api_bounds(1 << 16).most
    with connections(flooded, most + 200) as made:
        answers(flooded)  # who came last: all of them have been taken in by now, and not one of them is late
        assert descriptors(flooded) < most + 50
        assert not any(map(is_open, made[:200]))
    wait_until(lambda: descriptors(flooded) < 100)


def test_few_descriptors_are_enough(tmp_path: Path) -> None:
    served = Narrow(tmp_path)
    with connections(served, 600):
        answers(served)
        assert descriptors(served) < 150
    assert served.process.poll() is None
    served.stop()


def test_the_server_takes_all_descriptors_that_it_may(serve: Callable[..., Served]) -> None:
    limits = Path(f"/proc/{serve().process.pid}/limits").read_text()
    soft, hard = limits.partition("Max open files")[2].split()[:2]
    assert soft == hard


# --- large requests -------------------------------------------------------------------------------

LARGE = {
    "one header": (FIRST + b"X-A: ", b"a" * 65536),
    "one header's name": (FIRST, b"a" * 65536),
    "small headers": (FIRST, b"X-A: b\r\n" * 8192),
    "empty lines": (b"", b"\r\n" * 32768),
    "a path": (b"GET /", b"a" * 65536),
    "a query": (b"GET /?", b"a=b&" * 16384),
    "a method": (b"", b"A" * 65536),
    "a body": (CALL + b"Content-Length: 999999999999\r\n\r\n", b"A" * 65536),
    "chunks": (CALL + b"Transfer-Encoding: chunked\r\n\r\n", b"ffff\r\n" + b"A" * 65535 + b"\r\n"),
    "small chunks": (CALL + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nA\r\n" * 10000),
    "a chunk's extension": (CALL + b"Transfer-Encoding: chunked\r\n\r\n1;", b"a" * 65536),
    "a trailer": (CALL + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 65536),
    "trailers": (CALL + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X-A: b\r\n" * 8192),
    "requests before an answer": (b"", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" * 2000),
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGE)
def test_what_is_too_large_is_cut_while_it_comes(flooded: Served, kind: str) -> None:
    answers(flooded)
    memory = resident(flooded)
    sent, answer = pour(flooded, *LARGE[kind])
    assert sent < 80 << 20  # of a hundred; buffers of the kernel are among it
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 100"))
    answers(flooded)
    assert resident(flooded) - memory < 30 << 20


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"X-A: " + b"a" * 60_000 + b"\r\n", b"400"),  # EC2 misses an action
        (b"X-A: " + b"a" * 90_000 + b"\r\n", b"431"),
        (b"X-A: b\r\n" * 120, b"400"),
        (b"X-A: b\r\n" * 130, b"431"),
    ],
)
def test_a_head_that_is_too_large_is_told_so(flooded: Served, head: bytes, status: bytes) -> None:
    with socket.create_connection(address(flooded.url), timeout=60) as connection:
        connection.sendall(FIRST + head + b"Connection: close\r\n\r\n")
        assert everything(connection)[:12] == b"HTTP/1.1 " + status


def test_large_bodies_share_one_room(flooded: Served) -> None:
    memory = resident(flooded)
    part = CALL + b"Content-Length: 1048576\r\n\r\n" + b"A" * 1_000_000
    with connections(flooded, 200, part) as made:
        answers(flooded)
        made[-1].setblocking(True)
        made[-1].sendall(b"A" * 48_576)
        assert b"503" in made[-1].recv(1 << 16)[:20]
        assert resident(flooded) - memory < 150 << 20
    wait_until(lambda: descriptors(flooded) < 100)
    whole = b"A" * 1_048_576
    assert ask(flooded.url, "POST", "/", [("Host", "localhost")], whole)[0] == 400


@pytest.mark.parametrize("path", ["/_elastinet/status", "/_elastinet/nothing", "/moto-api/x"])
def test_own_pages_read_no_body(flooded: Served, path: str) -> None:
    assert ask(flooded.url, "GET", path, [("Host", "localhost")], b"x" * 70_000)[0] == 413


def test_nothing_is_done_for_who_has_left() -> None:
    ended: list[str] = []

    async def page() -> Any:
        try:
            await asyncio.sleep(1000)
        finally:
            ended.append("page")

    async def leaves() -> dict[str, str]:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def left() -> None:
        with pytest.raises(ConnectionAbortedError):
            await while_asked(leaves, page())
        await asyncio.sleep(0)

    asyncio.run(left())
    assert ended == ["page"]


# --- slow requests --------------------------------------------------------------------------------


def test_a_head_has_ten_seconds(flooded: Served) -> None:
    slow = [b"", b"GET", FIRST, FIRST + b"X-A: b\r\n", b"\r\n", FIRST + b"\r\n" + FIRST]
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        made = []
        for data in slow:
            made.append(stack.enter_context(socket.create_connection(address(flooded.url), timeout=60)))
            made[-1].sendall(data)
        while time.monotonic() < began + 5:  # one that sends a little now and then has no longer
            made[3].send(b"X")
            time.sleep(0.25)
        wait_until(lambda: not any(map(is_open, made)))
        assert time.monotonic() > began + 8


class Quick:
    """A listener with small bounds, in the test's own process."""

    def __init__(self, answer: bytes = b"x", **bounds: Any) -> None:
        given = {"most": 8, "of_one": 4, "head_bytes": 1 << 16, "body_bytes": 1 << 16, "idle_seconds": 0.2}
        self.bounds = Bounds(**(given | {"head_seconds": 0.2, "body_seconds": 0.2} | bounds))
        self.answer = answer
        self.lost = self.asked = 0

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked += 1
        headers = [(b"content-length", b"%d" % len(self.answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self.answer})

    @contextlib.asynccontextmanager
    async def listen(self) -> Any:
        config = uvicorn.Config(self.app, lifespan="off", log_config=None, ws="none", interface="asgi3")
        config.load()
        room = Connections(self.bounds)
        loop = asyncio.get_running_loop()
        quick = self

        class Watched(GuardedProtocol):
            def connection_lost(self, exc: Exception | None) -> None:
                super().connection_lost(exc)
                quick.lost += 1

        def protocol() -> GuardedProtocol:
            return Watched(config, ServerState(), {}, room=room)

        server = await loop.create_server(protocol, "127.0.0.1", 0)
        yield server.sockets[0].getsockname()
        server.close()

    async def until_lost(self, count: int) -> None:
        async with asyncio.timeout(30):
            while self.lost < count:
                await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"G",
        FIRST,
        CALL + b"Content-Length: 5\r\n\r\nA",
        CALL + b"Transfer-Encoding: chunked\r\n\r\n1\r\n",
        b"GET / HTTP/1.1\r\n\r\n",  # answered, and then nothing more
        b"GET / HTTP/1.1\r\n\r\nGET",
        b"no HTTP at all\r\n\r\n",
    ],
)
def test_whoever_is_slow_ends(data: bytes) -> None:
    async def slow() -> None:
        quick = Quick()
        async with quick.listen() as at:
            _, writer = await asyncio.open_connection(*at)
            writer.write(data)
            await quick.until_lost(1)
            writer.close()

    asyncio.run(slow())


@pytest.mark.parametrize("pipelined", [1, MOST_PIPELINED - 1])
def test_whoever_reads_nothing_ends(pipelined: int) -> None:
    async def deaf() -> None:
        quick = Quick(b"x" * (16 << 20))
        async with quick.listen() as at:
            reader, writer = await asyncio.open_connection(*at, limit=1024)
            writer.write(b"GET / HTTP/1.1\r\n\r\n" * pipelined)
            await reader.readexactly(1)
            await quick.until_lost(1)
            writer.close()

    asyncio.run(deaf())


@pytest.mark.parametrize("waiting", [1, 2, 5])
def test_nothing_is_said_after_a_refusal(waiting: int, caplog: pytest.LogCaptureFixture) -> None:
    async def refused() -> None:
        quick = Quick()
        async with quick.listen() as at:
            reader, writer = await asyncio.open_connection(*at)
            writer.write(b"GET / HTTP/1.1\r\n\r\n" * waiting + b"no HTTP\r\n\r\n")
            assert (await reader.read())[:12] == b"HTTP/1.1 400"
            await quick.until_lost(1)
            writer.close()

    asyncio.run(refused())
    assert caplog.records == []


def test_whoever_has_left_already_is_not_let_in() -> None:
    async def gone() -> None:
        quick = Quick()
        async with quick.listen() as at:
            for _ in range(
                20
            ):  # reset before the loop has its turn: no socket can tell any more whose it was
                with socket.create_connection(at) as client:
                    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            await quick.until_lost(20)
            assert quick.asked == 0

    asyncio.run(gone())


def test_whoever_reads_slowly_gets_all() -> None:
    async def patient() -> None:
        quick = Quick(b"x" * (4 << 20), idle_seconds=1.0)
        async with quick.listen() as at:
            reader, writer = await asyncio.open_connection(*at, limit=1024)
            writer.write(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            count = 0
            while part := await reader.read(32768):
                count += len(part)
                await asyncio.sleep(0.02)
            assert count > 4 << 20
            writer.close()

    asyncio.run(patient())


def test_one_caller_leaves_room_for_others() -> None:
    class One:
        deadline = float("inf")

        def __init__(self, caller: str) -> None:
            self.caller, self.gone = caller, False

        def expire(self, now: float) -> None:
            raise AssertionError

        def abort(self) -> None:
            self.gone = True

    async def crowd() -> None:
        room = Connections(Bounds(8, 4, 1, 1, 1))
        flood = [One("guest") for _ in range(50)]
        assert all(map(room.enter, flood))
        assert [one.gone for one in flood] == [True] * 46 + [False] * 4
        for one in flood[46:]:
            room.works(one)
        assert not room.enter(One("guest"))  # all its own are being answered
        others = [One(f"other-{number}") for number in range(4)]
        assert all(map(room.enter, others))
        assert not any(one.gone for one in others)
        room.waits(flood[-1])
        assert room.enter(One("late"))  # the place of the largest's
        assert flood[-1].gone
        assert not any(one.gone for one in others)

    asyncio.run(crowd())


IN_TIME = {"idle_seconds": 60, "head_seconds": 60, "body_seconds": 60}
"""Bounds by which nobody is late."""


def test_the_longest_waiting_go_first() -> None:
    async def crowd() -> None:
        quick = Quick(of_one=8, **IN_TIME)
        async with quick.listen() as at, asyncio.timeout(60):
            made = [await asyncio.open_connection(*at) for _ in range(20)]
            await quick.until_lost(12)
            for reader, _ in made[:12]:
                assert await reader.read() == b""
            for reader, writer in made[12:]:
                writer.write(b"GET / HTTP/1.1\r\n\r\n")
                assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            for _, writer in made:
                writer.close()
            await quick.until_lost(20)

    asyncio.run(crowd())


def test_who_works_is_never_put_out() -> None:
    class Slow(Quick):
        async def app(self, scope: Any, receive: Any, send: Any) -> None:
            begun.set()
            await go_on.wait()
            await super().app(scope, receive, send)

    begun, go_on = asyncio.Event(), asyncio.Event()

    async def crowd() -> None:
        quick = Slow(of_one=8, **IN_TIME)
        async with quick.listen() as at, asyncio.timeout(60):
            reader, busy = await asyncio.open_connection(*at)
            busy.write(b"GET / HTTP/1.1\r\n\r\n")
            await begun.wait()
            made = [await asyncio.open_connection(*at) for _ in range(20)]
            await quick.until_lost(13)
            go_on.set()
            assert (await reader.readline()).startswith(b"HTTP/1.1 200")
            for _, writer in (*made, (reader, busy)):
                writer.close()
            await quick.until_lost(21)

    asyncio.run(crowd())


@pytest.mark.parametrize("limit", [64, 200, 1024, 4096, 1 << 20])
def test_bounds_leave_descriptors_for_the_rest(limit: int) -> None:
    api, metadata = api_bounds(limit), metadata_bounds(limit)
    assert api.most + metadata.most <= limit * 3 / 4
    assert 0 < metadata.of_one <= metadata.most
