"""What the agent says is parsed once, at the engine's end of the socket."""

import asyncio
import logging
import socket
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from elastinet.fabric.contract.link import AgentLink
from elastinet.fabric.contract.messages import Attached, Gone, Listener, News, Running

KNOWN = (Running("i-1", 1), Attached("eni-1", "attach-1"), Gone("i-1", 1, asked=False))


async def heard(path: Path, say: Callable[[socket.socket], None], count: int) -> list[News]:
    """What an engine's link takes for facts of what somebody says, who listens where the agent does."""
    found: list[News] = []
    enough = asyncio.Event()

    def on_fact(fact: News) -> None:
        found.append(fact)
        if len(found) == count:
            enough.set()

    link = AgentLink(
        path,
        on_fact=on_fact,
        on_listener=lambda fact, listener: listener.close(),
        on_up=lambda: None,
        on_down=lambda: None,
    )
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        running = asyncio.create_task(link.run())
        try:
            connection, _ = await asyncio.to_thread(listener.accept)
            with connection:
                say(connection)
                async with asyncio.timeout(30):
                    await enough.wait()
            assert link.is_up
        finally:
            running.cancel()
            asyncio.get_running_loop().remove_reader(link._connection)  # type: ignore[arg-type]
            link.close()
    return found


@pytest.mark.parametrize(
    "odd",
    [
        b'{"type":"promoted","guest":"i-1"}',
        b'{"type":"running","guest":"i-1"}',
        b'{"type":"running","guest":7,"boot":1}',
        b'{"type":"converged","generation":1,"failed":[[["ghost","x-1"],"why"]]}',
        b'{"guest":"i-1"}',
        b"\xff\xfe",
        b"[]",
        b"",
    ],
)
def test_a_fact_that_nobody_knows_is_in_the_log_and_the_others_are_heard(
    odd: bytes, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    lines = [msgspec.json.encode(fact) for fact in KNOWN]
    said = b"\n".join([lines[0], odd, *lines[1:], b""])
    with caplog.at_level(logging.ERROR):
        found = asyncio.run(heard(tmp_path / "agent.sock", lambda peer: peer.sendall(said), len(KNOWN)))
    assert found == list(KNOWN)
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the agent said what is no fact"
    ]


def test_a_listener_that_did_not_come_is_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    said = b"".join(msgspec.json.encode(fact) + b"\n" for fact in (Listener("vpc-1"), *KNOWN))
    found = asyncio.run(heard(tmp_path / "agent.sock", lambda peer: peer.sendall(said), len(KNOWN)))
    assert found == list(KNOWN)
    assert "the agent told of a listener of vpc-1 and sent none" in caplog.text
