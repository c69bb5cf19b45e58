"""`elastinet mpirun`: real MPI over several instances, past the kernel and over TCP, and what it leaves behind."""

import json
import os
import signal
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import wait_until
from elastinet.cli.mpi.flavour import flavour
from mpi_jobs import TCP, Running, built, card, command, inside, launch, left, mpirun, refused
from world import World


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("mpi"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.cli("stop", check=False)


@pytest.fixture(scope="module")
def vpc(world: World) -> SimpleNamespace:
    return world.vpc_for_efa()


@pytest.fixture(scope="module")
def four(world: World, vpc: Any) -> list[Any]:
    """Four instances that may use EFA with each other; the last has a second interface in another subnet."""
    made = launch(world, vpc, 3)
    cards = [card(vpc.left, vpc.group, "efa"), card(vpc.right, vpc.group, "interface", 1)]
    return made + world.launch("", "", InstanceType="c5n.18xlarge", NetworkInterfaces=cards)


four_only = pytest.mark.skipif(
    bool(flavour().efa_fault),
    reason=f"this machine's Open MPI is not for EFA by itself: {flavour().efa_fault}",
)


def carried(world: World, host: Any) -> int:
    return int(inside(world, host, "cat /sys/class/net/eth0/statistics/rx_bytes"))


@pytest.mark.parametrize("by", ["efa", "tcp"])
def test_ranks_over_instances(world: World, four: list[Any], messages: str, by: str) -> None:
    """All ranks talk, also by one-sided puts, two in each instance; only over TCP that is packets."""
    before = carried(world, four[1])
    done = mpirun(world, four, "--transport", by, "--ranks-per-host", "2", "--", messages)
    assert done.returncode == 0, done
    names = [inside(world, host, "hostname").strip() for host in four]
    told = sorted((line.split() for line in done.stdout.splitlines()), key=lambda words: int(words[1]))
    assert told == [[names[rank // 2], str(rank), "8", "28", str((rank - 1) % 8)] for rank in range(8)]
    assert (carried(world, four[1]) - before > 1 << 20) == (by == "tcp")
    assert left(world, four) == ""


@four_only
def test_by_itself_it_takes_what_all_may(world: World, vpc: Any, four: list[Any], messages: str) -> None:
    before = carried(world, four[1])
    done = mpirun(world, four[:2], "--", messages)
    assert (done.returncode, done.stderr) == (0, "")
    assert carried(world, four[1]) - before < 1 << 20
    (plain,) = launch(world, vpc, kind="interface")
    done = mpirun(world, [four[0], plain], "--", messages)
    assert done.returncode == 0
    assert done.stderr == (
        f"elastinet: over TCP, for EFA is not for {four[0].id} and {plain.id}: {plain.id} has no EFA\n"
    )
    done = mpirun(world, [four[0], plain], "--transport", "efa", "--", messages)
    refused(done, f"EFA is not for {four[0].id} and {plain.id}: {plain.id} has no EFA")


def test_ranks_and_their_surroundings(world: World, four: list[Any], tmp_path: Path) -> None:
    """Any program is run: its input, variables, number and exit code; one of this machine is copied."""
    script = tmp_path / "tell"
    script.write_text("#!/bin/sh\necho $OMPI_COMM_WORLD_RANK $WORD $1; cat; exit 7\n")
    script.chmod(0o755)
    words = ("-n", "1", "--env", "WORD=a b", "--", str(script), "c")
    done = mpirun(world, four, *words, input="hello\n")
    assert (done.returncode, done.stdout) == (7, "0 a b c\nhello\n")
    hosts = mpirun(world, four, "-n", "6", "--", "hostname").stdout.split()
    assert sorted(map(hosts.count, set(hosts))) == [1, 1, 2, 2]
    assert left(world, four) == ""


def test_what_cannot_be_launched(world: World, vpc: Any, four: list[Any], tmp_path: Path) -> None:
    one, other = four[:2]
    refused(mpirun(world, [one, one], "--", "ls"), "the same instance is named twice")
    refused(mpirun(world, [one, "nobody"], "--", "ls"), "there is no instance nobody")
    refused(mpirun(world, [one, ""], "--", "ls"), "--hosts")
    refused(mpirun(world, [one, other], *TCP), "no program is given")
    refused(mpirun(world, [one, other], "-n", "0", "--", "ls"), "one rank at least")
    refused(mpirun(world, [one, other], "-n", "1", "--ranks-per-host", "1", "--", "ls"), "one of them")
    refused(mpirun(world, [one, other], "--env", "A", "--", "ls"), "NAME=VALUE")
    refused(mpirun(world, [one, other], *TCP, "--", "nothing"), f"no program nothing on {one.id}")
    for name in ("cd", "/etc/passwd", "/etc"):
        refused(
            mpirun(world, [one, other], *TCP, "--", name), f"no program {name} on {one.id} that can be run"
        )
    (tmp_path / "plain").write_text("")
    refused(mpirun(world, [one, other], *TCP, "--", str(tmp_path / "plain")), "not executable")
    (gone,) = launch(world, vpc)
    world.sh(gone.id, "rm -f /usr/bin/orted /usr/bin/prted")
    refused(mpirun(world, [one, gone], *TCP, "--", "ls"), "Open MPI is not installed", "openmpi-bin")
    world.ec2.stop_instances(InstanceIds=[gone.id])
    refused(mpirun(world, [one, gone], "--", "ls"), f"{gone.id} is stop")
    assert left(world, [one, other]) == ""


def test_a_group_that_lets_nothing_in(world: World, vpc: Any, four: list[Any]) -> None:
    group = world.ec2.create_security_group(GroupName="shut", Description="d", VpcId=vpc.id)["GroupId"]
    (shut,) = launch(world, vpc, group=group)
    done = mpirun(world, [four[0], shut], "--", "ls")
    refused(done, f"{four[0].id} cannot reach {shut.id}: {group} does not let TCP ports", "in from")


def test_a_neighbouring_address(world: World, vpc: Any, messages: str) -> None:
    """An instance's other interface with the next address, in a group that lets nothing in, is left alone."""
    group = world.ec2.create_security_group(GroupName="closed", Description="d", VpcId=vpc.id)["GroupId"]
    hosts = []
    for primary in (51, 60):
        cards = [card(vpc.left, vpc.group, "interface"), card(vpc.left, group, "interface", 1)]
        for one, last in zip(cards, (primary, primary ^ 1), strict=True):
            one["PrivateIpAddress"] = f"10.{vpc.number}.1.{last}"
        hosts += world.launch("", "", InstanceType="c5n.18xlarge", NetworkInterfaces=cards)
    for one in hosts:  # else it is open by which of the two this subnet is reached
        world.out(one.id, f"ip route del 10.{vpc.number}.1.0/24 dev eth1")
    done = mpirun(world, hosts, "--transport", "tcp", "--", messages)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("number", "by", "status"),
    [(signal.SIGINT, "efa", 130), (signal.SIGTERM, "tcp", 130), (signal.SIGKILL, "efa", -9)],
)
def test_interrupted(world: World, four: list[Any], messages: str, number: int, by: str, status: int) -> None:
    job = Running(world, four[:3], messages, by)
    os.kill(job.process.pid, number)
    assert job.end()[0] == status
    wait_until(lambda: not left(world, four[:3]))  # the instances see to it themselves after SIGKILL


@pytest.mark.parametrize(("which", "by"), [(0, "efa"), (1, "tcp")])
def test_an_instance_that_dies(
    world: World, vpc: Any, four: list[Any], messages: str, which: int, by: str
) -> None:
    """Of the others nothing is left, be it mpirun's own instance or another one."""
    (dying,) = launch(world, vpc)
    hosts = four[:2]
    hosts.insert(which, dying)
    job = Running(world, hosts, messages, by)
    world.ec2.terminate_instances(InstanceIds=[dying.id])
    status, said = job.end()
    assert status not in (0, None)
    assert (
        said.splitlines()[-1] == f"elastinet: {dying.id} is not running any more: all ranks have been ended"
    )
    assert left(world, four) == ""


def test_a_rule_revoked(world: World, vpc: Any, four: list[Any], messages: str) -> None:
    """The ranks lose the way past the kernel and end; the job ends with them, and next time goes by TCP."""
    job = Running(world, four[:2], messages, "efa")
    world.ec2.revoke_security_group_egress(**vpc.own)
    status, said = job.end()
    assert status not in (0, None), said
    assert left(world, four[:2]) == ""
    done = mpirun(world, four[:2], "--", messages)
    assert done.returncode == 0
    assert done.stderr.startswith("elastinet: over TCP, for EFA is not for")
    world.ec2.authorize_security_group_egress(**vpc.own)


@four_only
def test_measured_by_both(world: World, four: list[Any]) -> None:
    """Every size by EFA and by TCP, in one table; small messages are faster past the kernel."""
    done = subprocess.run(
        [*command(world, four[:2], "--bench", "--json")], capture_output=True, text=True, check=True
    )
    rows = json.loads(done.stdout)
    sizes = [4**power for power in range(2, 11)]
    assert [(row["measurement"], row["bytes"]) for row in rows] == [
        (name, size) for name in ("latency", "bandwidth", "allreduce") for size in sizes
    ]
    assert all(row["efa"] > 0 and row["tcp"] > 0 for row in rows)
    assert statistics.median(row["efa_is_better"] for row in rows[:4]) > 1.5
    assert left(world, four) == ""


def test_what_is_not_measured(world: World, four: list[Any]) -> None:
    refused(mpirun(world, four[:2], "--bench", "--", "ls"), "programs of its own")
    refused(mpirun(world, four[:1], "--bench"), "two instances or more")
    for name, value in (("-n", "2"), ("--ranks-per-host", "2"), ("--env", "A=b")):
        refused(mpirun(world, four[:2], "--bench", name, value), f"one rank on each instance: no {name}")
    refused(mpirun(world, four[:2], "--json", "--", "ls"), "--json is for what --bench measures")


def test_measured_by_one(world: World, four: list[Any]) -> None:
    """With a transport given, by that one only, and nothing is compared."""
    done = mpirun(world, four[:2], *TCP, "--bench", "--json")
    rows = json.loads(done.stdout)
    assert len(rows) == 27
    assert all(row["tcp"] > 0 and row["efa_is_better"] is None and "efa" not in row for row in rows)
    assert left(world, four[:2]) == ""


@pytest.mark.parametrize("ranks", ["1", "4"])
def test_ranks_that_end_at_once(world: World, four: list[Any], ranks: str) -> None:
    """Their end is heard of, however many there are in an instance."""
    for _ in range(3):
        done = mpirun(world, four, *TCP, "--ranks-per-host", ranks, "--", "true")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_given_overrides_what_is_set(world: World, four: list[Any]) -> None:
    """`--env` has the last word over Open MPI's parameters, which are in a file."""
    done = mpirun(world, four[:2], *TCP, "--env", "OMPI_MCA_pml=of_ours", "--", "printenv", "OMPI_MCA_pml")
    assert done.stdout == "of_ours\n" * 2
