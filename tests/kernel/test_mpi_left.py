"""MPI jobs that end before they run, or whose instances do not answer: what is said, and what they leave behind."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from commands import wait_until
from family import child
from mpi_jobs import TCP, Running, built, command, inside, launch, left, mpirun
from programs import Program
from world import World

SLOW_TAR = """cat >/usr/local/bin/tar <<'END'
#!/bin/sh
(head -c 20480; sleep 60) | /bin/tar "$@"
END
chmod +x /usr/local/bin/tar"""
COPYING = "ls /tmp/elastinet-mpi-*/bin/large && ps axo args | grep '[s]leep 60'"
CLEANERS = "grep -lsz ^FIRST= /proc/[0-9]*/environ | cut -d/ -f3"


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("mpi"))


@pytest.fixture(scope="module")
def pair(world: World) -> list[Any]:
    return launch(world, world.vpc_for_efa(), 2)


@pytest.fixture(scope="module")
def slow(world: World) -> list[Any]:
    """Two instances that take a minute to copy a large program."""
    made = launch(world, world.vpc_for_efa(), 2)
    for one in made:
        world.out(one.id, SLOW_TAR)
    return made


def large(folder: Path, size: int) -> str:
    """A program of some bytes."""
    program = folder / "large"
    program.write_bytes(b"#!/bin/sh\nexit\n" + bytes(size))
    program.chmod(0o755)
    return str(program)


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)]
)
def test_ended_while_it_is_copied(
    world: World, slow: list[Any], tmp_path: Path, number: int, status: int
) -> None:
    """A part of the program is in the instances already; on this machine its archive has no name."""
    program, here = large(tmp_path, 40960), tmp_path / "here"
    here.mkdir()
    line, env = command(world, slow, "--", program), os.environ | {"TMPDIR": str(here)}
    with Program(line, stdin=subprocess.DEVNULL, env=env) as job:
        wait_until(lambda: all(inside(world, one, COPYING) for one in slow))
        assert os.listdir(here) == []
        os.kill(job.pid, number)
        assert job.wait(30) == status
    wait_until(lambda: not left(world, slow))
    assert not any(inside(world, one, COPYING) for one in slow)


def test_no_space_in_an_instance(world: World, pair: list[Any], tmp_path: Path) -> None:
    """One line, the reason, and the space is there again."""
    small = pair[1]
    world.out(small.id, "mount -t tmpfs -o size=2m none /tmp")
    done = mpirun(world, pair, *TCP, "--", large(tmp_path, 3 << 20))
    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"elastinet: {small.id}: tar: ")
    assert "No space left on device" in line
    assert left(world, pair) == ""
    world.out(small.id, "umount /tmp")


def test_what_hands_out_orders_is_killed(world: World, pair: list[Any], messages: str) -> None:
    """The job ends, and does not spin to its end."""
    job = Running(world, pair, messages, "efa")
    inside(world, pair[0], "kill $(ps -C cat -o pid=)")
    status, said = job.end()
    assert status not in (0, None)
    assert said.splitlines()[-1] == (
        f"elastinet: what hands out mpirun's orders on {pair[0].id} has ended: so have all ranks"
    )
    assert left(world, pair) == ""


def test_the_agent_is_killed(own_world: World, messages: str) -> None:
    """Its end is said, not that of the instances that it takes along."""
    pair = launch(own_world, own_world.vpc_for_efa(), 2)
    job = Running(own_world, pair, messages, "efa")
    agent = child(own_world, "elastinet.fabric.agent.agent")
    assert agent
    os.kill(agent, signal.SIGKILL)
    status, said = job.end()
    assert (status, said.splitlines()[-1]) == (1, "elastinet: the fabric agent ended")
    assert "not running" not in said


@pytest.mark.parametrize(
    ("limit", "variable", "words", "said"),
    [
        ("--fsize=4096", "A=", ["--", "PROGRAM"], "File too large"),
        ("--fsize=unlimited", "XDG_CACHE_HOME=/proc/nothing", ["--bench"], "/proc/nothing"),
    ],
)
def test_what_this_machine_does_not_let(
    world: World, pair: list[Any], tmp_path: Path, limit: str, variable: str, words: list[str], said: str
) -> None:
    """One line, not a traceback: no space for the archive, and no place for the measurements."""
    program = large(tmp_path, 40960)
    line = command(world, pair, *TCP, *(program if word == "PROGRAM" else word for word in words))
    done = subprocess.run(
        ["prlimit", limit, "env", variable, *line], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    (told,) = done.stderr.splitlines()
    assert told.startswith("elastinet: ")
    assert said in told
    assert left(world, pair) == ""


def test_instances_that_do_not_say_they_are_clean(world: World, pair: list[Any], tmp_path: Path) -> None:
    """They are waited for together, named, and the exit code is the job's."""
    program, said = tmp_path / "tell", tmp_path / "said"
    program.write_text(
        "#!/bin/sh\n[ $OMPI_COMM_WORLD_RANK = 0 ] || exec sleep 60\necho busy\nread -r _\nexit 7\n"
    )
    program.chmod(0o755)
    line, pipe = command(world, pair, *TCP, "--", str(program)), subprocess.PIPE
    with said.open("w") as err, subprocess.Popen(line, stdin=pipe, stdout=pipe, stderr=err, text=True) as job:
        assert job.stdin is not None
        assert job.stdout is not None
        assert job.stdout.readline() == "busy\n"
        for one in pair:
            assert inside(world, one, f"kill -STOP $({CLEANERS}) && echo stopped") == "stopped\n"
        print("go on", file=job.stdin, flush=True)
        assert job.wait(23) == 7  # some seconds, and once, not twice, the ten that instances have
    ours = [line for line in said.read_text().splitlines() if line.startswith("elastinet: ")]
    folder = inside(world, pair[0], "echo /tmp/elastinet-mpi-*").strip()
    assert ours == [f"elastinet: {one.id} does not say that {folder} is deleted there" for one in pair]
    for one in pair:
        inside(world, one, f"kill -CONT $({CLEANERS})")
    wait_until(lambda: not left(world, pair))
