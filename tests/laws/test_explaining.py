"""Commands that are told open what they are told for, and open it whole; each code has a sentence."""

import ast
import random
import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import elastinet.rules.reachability
from elastinet.catalog.protocols import ICMP, TCP, UDP
from elastinet.rules.explaining.command import Command
from elastinet.rules.explaining.commands import COMMANDS
from elastinet.rules.explaining.explanation import Explanation, explain
from elastinet.rules.explaining.sentences import SENTENCES
from elastinet.rules.ranges import Ranges, only
from elastinet.rules.reachability.question import Question
from elastinet.rules.reachability.walk import INTERNET
from random_region import Made, Shape, shapes
from small_region import Region
from tries import tries

law = settings(max_examples=tries(50), suppress_health_check=list(HealthCheck))
STEPS = 4
"""So often is asked again where nothing led there: a gateway first, then a route to it."""


def produced() -> list[str]:
    """The codes that the analysis makes blockers of, by its source, as patterns."""
    folder = Path(elastinet.rules.reachability.__file__).parent
    calls = (
        node
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "blocker"
    )
    return [pattern(ast.unparse(call.args[0])) for call in calls]


def pattern(argument: str) -> str:
    """A code as the source has it: "'A_B'", or "f'A_{field}_B'" with anything for the field."""
    return re.sub(r"\{[^}]*\}", "[A-Z0-9_]+", argument.removeprefix("f").strip("'"))


def test_each_code_has_a_sentence_and_a_place_in_the_table_of_commands() -> None:
    assert set(SENTENCES) == set(COMMANDS)
    found = produced()
    assert len(set(found)) > 12
    for code in found:
        assert any(re.fullmatch(code, known) for known in SENTENCES), code


def do(region: Region, command: Command) -> None:
    """Run a command, and before it the one that makes what it is about."""
    params = {name: made(region, value) for name, value in command.params.items()}
    region.call(command.operation, command.region, **params)


def made(region: Region, value: object) -> object:
    if not isinstance(value, Command):
        return value
    answer = region.call(value.operation, value.region, **value.params)
    for name in value.take.split("."):
        answer = answer[name]
    return answer


ASKED: tuple[tuple[int, dict[str, Ranges]], ...] = (
    (TCP, {"dport": only(80)}),
    (TCP, {"dport": only(443)}),
    (TCP, {}),
    (UDP, {"dport": only(443)}),
    (ICMP, {"dport": only(8 * 256)}),
)
"""Protocols and ports, and the type and code of what ping sends."""


def explained(region: Region, one: str, other: str, number: int) -> Explanation:
    protocol, fields = ASKED[number]
    asked = Question(frozenset({one}), frozenset({other}), protocol, fields=fields)
    return explain(region.state, asked, ("203.0.113.1",))


@law
@given(shapes, st.integers(), st.integers(0, len(ASKED) - 1))
def test_the_commands_that_are_told_open_all_that_blocks(shape: Shape, seed: int, number: int) -> None:
    built = Made(shape)
    one, other = random.Random(seed).sample([*(i.id for i in built.interfaces), INTERNET], 2)
    found = explained(built.region, one, other, number)
    told = [(b.blocker, b.sentence, [c.text for c in b.commands]) for b in found.blockers]
    assert bool(told) != found.answer.reachable
    is_whole = bool(found.answer.there and found.answer.back)
    for _ in range(1 if is_whole else STEPS):
        if found.answer.reachable or any(not b.commands for b in found.blockers):
            return
        for command in found.commands:
            do(built.region, command)
            if command.operation == "CreateVpcPeeringConnection":
                return  # it must be accepted, too, by whoever has the other VPC
        found = explained(built.region, one, other, number)
    left = [(b.blocker, b.sentence, [c.text for c in b.commands]) for b in found.blockers]
    assert found.answer.reachable, "\n".join(map(str, (*told, "---", *left)))
