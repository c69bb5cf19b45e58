"""The edition of EC2's rules that a prediction of types goes by, and what the other one would say."""

from collections.abc import Callable, Mapping
from typing import Any

from elastinet import config
from elastinet.cli.common import CommandFailure, ask, configuration, find_server
from elastinet.serve.places import Server

TODAY = "2026"
OTHERS = {"classic": TODAY, TODAY: "classic"}
MUCH = 0.1
"""The part by which another answer must differ to be worth a line."""

Answer = dict[str, Any]


def edition(asked: str | None, port: int | None, state: str | None) -> str:
    """The edition that is asked for, else the running server's, else the configured one, else today's."""
    if asked is not None:
        return configuration(rules=asked).rules
    if (server := _running(port, state)) is not None:
        return str(ask(server, "GET", "/_elastinet/status")["rules"])
    return configuration().rules if config.is_stated("rules") else TODAY


def _running(port: int | None, state: str | None) -> Server | None:
    """The server that the options mean; None where they mean none in particular and there is none."""
    try:
        return find_server(port, state)
    except CommandFailure as why:
        if port is not None or state is not None or why.code != 1:
            raise
        return None


def otherwise(
    rules: str,
    told: Answer,
    predicted: Callable[[str], Answer],
    figures: Callable[[Answer], Mapping[str, float]],
) -> Answer | None:
    """What the other edition answers, in figures, where that is much else or none; None where not."""
    other = {"rules": OTHERS[rules]}
    try:
        theirs = figures(predicted(other["rules"]))
    except CommandFailure as why:
        return other | {"why": str(why)}
    ours = figures(told)
    same = ours.keys() == theirs.keys() and not any(_differ(ours[name], theirs[name]) for name in ours)
    return None if same else other | dict(theirs)


def _differ(one: float, other: float) -> bool:
    return abs(other - one) > MUCH * abs(one)


def sentence(other: Answer, words: Mapping[str, Callable[[float], str]]) -> str:
    """What the other edition answers, in words for each figure."""
    if "why" in other:
        return f"by the rules {other['rules']} not at all: {other['why']}"
    said = ", ".join(say(other[name]) for name, say in words.items() if name in other)
    return f"by the rules {other['rules']} otherwise: {said}"
