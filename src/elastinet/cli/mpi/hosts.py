"""The instances that an MPI job runs on, and how many ranks each has."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from elastinet.cli.common import CommandFailure, ask
from elastinet.serve.places import Server


class Host(NamedTuple):
    """An instance, the private address by which the others find it, and its ranks."""

    instance: str
    address: str
    ranks: int


def names(text: str) -> list[str]:
    """The instances that --hosts names; raises CommandFailure."""
    found = [name.strip() for name in text.split(",")]
    if not all(found):
        raise CommandFailure("--hosts names instances with a comma between them", 2)
    return found


def shares(hosts: int, ranks: int | None, per_host: int | None) -> list[int]:
    """Ranks by host: so many in all, as evenly as can be, or so many each; raises CommandFailure."""
    if ranks is not None and per_host is not None:
        raise CommandFailure("-n is for all hosts, --ranks-per-host for each: give one of them", 2)
    if any(number is not None and number < 1 for number in (ranks, per_host)):
        raise CommandFailure("there must be one rank at least", 2)
    if ranks is None:
        return [per_host or 1] * hosts
    return [ranks // hosts + (number < ranks % hosts) for number in range(hosts)]


def asked(server: Server, wanted: Sequence[str]) -> dict[str, Any]:
    """The server's answer for the instances; raises CommandFailure, also where a connection is shut."""
    words = urlencode([("instance", name) for name in wanted])
    told: dict[str, Any] = ask(server, "GET", f"/_elastinet/mpi?{words}", refused=2)
    if told["shut"]:
        raise CommandFailure(_one_of(told["shut"]), 2)
    return told


def _one_of(sentences: Sequence[str]) -> str:
    more = f" (and {len(sentences) - 1} more like it)" if len(sentences) > 1 else ""
    return sentences[0] + more
