"""What the fabric reports of a launch: a hundred facts, one commit."""

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.endpoint import Row
from elastinet.ec2.core.fact import InstanceRunning
from elastinet.engine import Engine
from elastinet.model.instance import Instance
from elastinet.store import open_journal

WHERE = ("123456789012", "us-east-1")
COUNT, ROUNDS = 100, 9


def launch(engine: Engine, image: str) -> list[InstanceRunning]:
    """Launch a hundred instances, and give the facts that they run."""
    wanted = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": COUNT, "MaxCount": COUNT}
    engine.call(*WHERE, "RunInstances", wanted)
    pending = engine.state.where(Instance, "instance-state-name", "pending")
    return [InstanceRunning(instance.id, instance.boot) for instance in pending]


def reported(engine: Engine, facts: list[InstanceRunning]) -> tuple[float, int]:
    """The milliseconds of processor time that a report takes, and the commits that it makes."""
    commits: list[int] = []
    engine.followers.append(lambda changes: commits.append(len(changes)))
    began = time.thread_time()
    engine.report(*WHERE, *facts)
    took = (time.thread_time() - began) * 1000
    engine.followers.pop()
    return took, len(commits)


def measure() -> Iterator[Row]:
    """Rows of name, value and target; in this process, with a journal in a file."""
    with tempfile.TemporaryDirectory() as folder:
        engine = Engine(open_journal(Path(folder)))
        filters = [{"Name": "architecture", "Values": ["x86_64"]}]
        answer = engine.call(*WHERE, "DescribeImages", {"Filters": filters}) or {}
        image = str(dict(answer)["Images"][0]["ImageId"])
        taken = [reported(engine, launch(engine, image)) for _ in range(ROUNDS)]
        engine.close()
    yield f"{COUNT} facts 'running'; ms of processor time", statistics.median(ms for ms, _ in taken), "<= 5"
    yield f"{COUNT} facts 'running'; commits", float(max(count for _, count in taken)), "<= 1"


if __name__ == "__main__":
    for name, value, target in measure():
        print(f"{name:80} {value:8.2f}  {target}", flush=True)
