"""The query and the output of `elastinet predict --collective`."""

from functools import partial
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from elastinet.catalog.words import Algorithm, Collective, Group
from elastinet.cli.common import CommandFailure, configuration
from elastinet.cli.measure import figures
from elastinet.cli.measure.edition import edition, otherwise, sentence

PARTS = {"latency": "latency", "network": "between instances", "inside": "inside of each"}


class CollectiveOptions(NamedTuple):
    """The options of the command line about a collective."""

    bytes: str
    kind: str
    instances: str
    ranks_each: str
    flows: str
    transport: str | None
    group: Group
    algorithm: Algorithm | None


def predicted(
    collective: Collective,
    words: CollectiveOptions,
    asked: str | None,
    at: tuple[int | None, str | None],
) -> dict[str, Any]:
    """The prediction by the fastest algorithm, or the named one, and by the others; raises CommandFailure."""
    rules, by = edition(asked, *at), partial(_predicted, collective, words)
    told = by(rules)
    return told | {"otherwise": otherwise(rules, told, by, lambda found: {"seconds": found["seconds"]})}


def _predicted(collective: Collective, words: CollectiveOptions, rules: str) -> dict[str, Any]:
    from elastinet.forecast.asking import MOST_FLOWS, BadQuestion, size, whole
    from elastinet.forecast.collectives import (
        MOST_INSTANCES,
        MOST_RANKS,
        BadCollective,
        CollectiveQuery,
        predict_collective,
    )
    from elastinet.forecast.type_pairs import BadPair

    settings = configuration(rules=rules).settings
    try:
        asked = CollectiveQuery(
            collective,
            size(words.bytes),
            words.kind,
            whole(words.instances, "--count is", MOST_INSTANCES, 2),
            words.transport,
            words.group,
            words.algorithm,
            whole(words.ranks_each, "--ranks-per-instance is", MOST_RANKS) if words.ranks_each else None,
            whole(words.flows, "flows are", MOST_FLOWS),
        )
        first, *others = (found.as_json() for found in predict_collective(asked, settings))
    except (BadQuestion, BadCollective, BadPair) as why:
        raise CommandFailure(str(why), 2) from why
    known = {"collective": collective, "type": words.kind, "instances": asked.instances, "bytes": asked.size}
    return known | {"rules": settings.rules, "group": words.group} | first | {"others": others}


def show(console: Console, told: dict[str, Any]) -> None:
    """Print it: the bandwidths, the parts of the time with what makes them so long, the other algorithms."""
    who = f"{told['instances']} {told['type']}, {told['ranks']} ranks"
    what = f"{told['collective']} of {figures.size(told['bytes'])}"
    console.print(f"{what} among {who}, over {told['transport'].upper()}, rules {told['rules']}")
    if other := told["otherwise"]:
        console.print(sentence(other, {"seconds": figures.short}))
    console.print(f"algorithm            {told['algorithm']}")
    console.print(f"time                 {figures.short(told['seconds'])}")
    console.print(f"algorithm bandwidth  {figures.size(told['algbw'])}/s")
    console.print(f"bus bandwidth        {figures.size(told['busbw'])}/s")
    steps = f"{told['network_steps']} between instances, {told['inside_steps']} inside"
    console.print(f"steps                {told['steps']}: {steps}")
    console.print(f"binds                {PARTS[told['binding']]}")
    table = Table("part", "time", "by", box=None, pad_edge=False)
    for part in told["parts"]:
        table.add_row(PARTS[part["name"]], figures.short(part["seconds"]), ", ".join(part["by"]))
    console.print(table)
    for part in told["parts"]:
        for name, source in part["by"].items():
            console.print(f"{name}: {source}", style="dim", markup=False)
    for other in told["others"]:
        console.print(f"by {other['algorithm']}: {figures.short(other['seconds'])}", style="dim")
