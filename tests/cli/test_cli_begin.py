"""What a server begins with: seeds and scripts, and what is left when one of them fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from commands import NONE, PROGRAM, Done, Run, refused, told, wait_until
from elastinet.model.vpc import Subnet
from elastinet.serve import places
from elastinet.store.snapshot import write

SEED = """
import os, boto3
ec2 = boto3.client("ec2")
print("to the terminal")
print(ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"], file=open("made", "a"))
"""
LAUNCH = """
import boto3
ec2 = boto3.client("ec2")
filters = [{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
(image,) = ec2.describe_images(Filters=filters)["Images"]
ec2.run_instances(ImageId=image["ImageId"], InstanceType="t3.micro", MinCount=2, MaxCount=2)
"""
FAILS = SEED + "raise SystemExit(7)\n"
TERRAFORM = """
echo "$@" >> calls
[ "$AWS_ENDPOINT_URL_EC2" ] || exit 9
case "$*" in *apply*) exit ${APPLY:-0};; esac
"""


@pytest.fixture
def seed(tmp_path: Path) -> Path:
    (tmp_path / "seed.py").write_text(SEED)
    (tmp_path / "fails.py").write_text(FAILS)
    return tmp_path / "seed.py"


def vpcs(run: Run, state: str) -> int:
    return int(told(run("status", "--json", "--state", state))["counts"].get("Vpc", 0))


def failed(done: Done, *parts: str) -> None:
    """One line of ours, after what the program itself has said."""
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("elastinet: ")]
    for part in parts:
        assert part in line


def nothing_runs(run: Run, state: str) -> None:
    refused(run("status", "--state", state), 1, "no server is running")


def umask() -> int:
    os.umask(mask := os.umask(0o077))
    return mask


def test_a_program(run: Run, seed: Path, tmp_path: Path) -> None:
    """It makes what it makes once; a state that has something is left as it is."""
    server = told(run("start", *NONE, "--state", "s", "--seed", str(seed)))
    assert vpcs(run, "s") == 2
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o666 & ~umask()
    run("stop", "--state", "s")
    again = run("start", *NONE, "--state", "s", "--seed", str(seed))
    assert "is not used" in again.stderr
    assert told(again)["pid"] != server["pid"]
    assert vpcs(run, "s") == 2


def test_a_program_that_fails_leaves_nothing(run: Run, seed: Path, tmp_path: Path) -> None:
    failed(
        run("start", *NONE, "--state", "s", "--seed", "fails.py"), "exit code 7", "as new", "no server runs"
    )
    assert (tmp_path / "made").read_text().startswith("vpc-")
    nothing_runs(run, "s")
    told(run("start", *NONE, "--state", "s"))
    assert vpcs(run, "s") == 0


def test_a_program_that_fails_leaves_what_it_made_if_asked(run: Run, seed: Path) -> None:
    done = run("start", *NONE, "--state", "s", "--seed", "fails.py", "--seed-keep")
    failed(done, "exit code 7", "what it made is left", "the server runs at http://")
    assert vpcs(run, "s") == 2
    told(run("stop", "--json", "--state", "s"))


def test_a_snapshot(run: Run, seed: Path) -> None:
    told(run("start", *NONE, "--state", "s", "--seed", str(seed)))
    told(run("snapshot", "save", "lab.snap", "--json", "--state", "s"))
    told(run("start", *NONE, "--state", "t", "--seed", "lab.snap"))
    assert vpcs(run, "t") == 2


def newer(path: Path) -> None:
    path.write_bytes(write([], program="99.0.0", time=7.0))


def test_what_a_load_is_refused_for(run: Run, seed: Path, tmp_path: Path) -> None:
    """One line each, and the state is as it was."""
    told(run("start", *NONE, "--state", "s", "--seed", str(seed)))
    told(run("snapshot", "save", "lab.snap", "--json", "--state", "s"))
    newer(tmp_path / "newer.snap")
    (tmp_path / "cut.snap").write_bytes((tmp_path / "lab.snap").read_bytes()[:-1])
    here = ("--state", "s")
    refused(
        run("snapshot", "load", "lab.snap", *here), 1, "lab.snap: there are things here already", "--replace"
    )
    refused(run("snapshot", "load", "newer.snap", "--replace", *here), 1, "a newer elastinet")
    refused(run("snapshot", "list", "newer.snap"), 1, "a newer elastinet has written it ('99.0.0')")
    refused(run("snapshot", "load", "cut.snap", "--replace", *here), 1, "is damaged, or was cut")
    refused(run("snapshot", "load", "absent", *here), 2, "absent: No such file")
    refused(run("snapshot", "load", "lab.snap", "--account", "1", *here), 1, "12 digits")
    refused(run("snapshot", "save", "x", "--account", "1" * 12, *here), 1, "has nothing here")
    refused(run("snapshot", "save", "nowhere/x", *here), 1, "nowhere/x: No such file")
    assert vpcs(run, "s") == 2
    assert told(run("snapshot", "load", "lab.snap", "--replace", "--json", *here))["nouns"]["Vpc"] == 2
    mode = (tmp_path / "lab.snap").stat().st_mode & 0o777
    assert mode == 0o600


def test_a_snapshot_that_does_not_fit_leaves_nothing(run: Run, seed: Path, tmp_path: Path) -> None:
    """What can be seen of a file is seen before; the rest is said by the server, which ends."""
    lost = Subnet(
        id=f"subnet-{7:017x}", owner="1" * 12, region="us-east-1", vpc_id="vpc-1", zone="x", cidr="x"
    )
    (tmp_path / "odd.snap").write_bytes(write([lost], program="0.1.0", time=7.0))
    failed(run("start", *NONE, "--state", "s", "--seed", "odd.snap"), "odd.snap: ", "no server runs")
    nothing_runs(run, "s")


def test_terraforms_files(run: Run, tmp_path: Path) -> None:
    """Two commands of Terraform's, with the environment set."""
    tools = tmp_path / "tools"
    (tmp_path / "tf").mkdir()
    tools.mkdir()
    (tmp_path / "tf" / "main.tf").write_text("")
    program = tools / "terraform"
    program.write_text(f"#!/bin/sh\n{TERRAFORM}")
    program.chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    told(run("start", *NONE, "--state", "s", "--seed", "tf", PATH=path))
    init, apply = (tmp_path / "calls").read_text().splitlines()
    assert init.startswith("-chdir=tf init -input=false")
    assert apply.startswith("-chdir=tf apply -auto-approve -input=false")
    failed(
        run("start", *NONE, "--state", "t", "--seed", "tf", PATH=path, APPLY="3"), "tf ended with exit code 3"
    )
    nothing_runs(run, "t")
    refused(run("start", *NONE, "--state", "u", "--seed", "tf", PATH="/nowhere"), 2, "terraform", "not found")


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on the path")
def test_terraform_itself(run: Run, tmp_path: Path) -> None:
    """By the one provider that it has inside, which runs a command."""
    ask = "$AWS_ENDPOINT_URL_EC2/?Action=CreateVpc&Version=2016-11-15&CidrBlock=10.9.0.0/16"
    call = f"'{sys.executable}' -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1])' \\\"{ask}\\\""
    step = f'provisioner "local-exec" {{\n command = "{call}"\n }}'
    (tmp_path / "tf").mkdir()
    (tmp_path / "tf" / "main.tf").write_text(f'resource "terraform_data" "vpc" {{\n {step}\n}}\n')
    quiet = {"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": os.devnull}
    told(run("start", *NONE, "--state", "s", "--seed", "tf", **quiet))
    assert vpcs(run, "s") == 2
    assert (tmp_path / "tf" / "terraform.tfstate").exists()


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("--seed", "absent.py"), "absent.py"),
        (("--seed", "empty"), "no files of Terraform's"),
        (("--seed", "text"), "no snapshot"),
        (("--seed", "/dev/null"), "no file"),
        (("--seed", "newer.snap"), "newer.snap: a newer elastinet has written it"),
        (("--seed", "seed.py", "--twin", "empty"), "--twin"),
        (("--seed-keep",), "--seed"),
        (("--seed", "seed.py", "--unix-socket", "sock"), "--unix-socket"),
    ],
)
def test_a_seed_that_cannot_be(
    run: Run, seed: Path, tmp_path: Path, words: tuple[str, ...], part: str
) -> None:
    """Nothing is started for it, and nothing made."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("some text")
    newer(tmp_path / "newer.snap")
    done = run("start", *NONE, "--state", "s", *words)
    refused(done, done.returncode, part)
    assert done.returncode in (1, 2)
    assert not (tmp_path / "s").exists()


# --- scripts ------------------------------------------------------------------------------------------


def script(folder: Path, name: str, text: str, mode: int = 0o600) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    (folder / name).chmod(mode)


def test_scripts_of_ones_own(run: Run, tmp_path: Path) -> None:
    """In the order of their names, at each start, with the environment set; the folder is the user's own."""
    own = tmp_path / "elastinet" / "ready.d"
    say = 'echo "$0 $ELASTINET_PORT" >> ran'
    script(own, "20-b.sh", say)
    script(own, "10-a", f"#!/bin/sh\n{say}", 0o700)
    script(
        own,
        "30-c.py",
        "import os; print('30-c.py', os.environ['AWS_ENDPOINT_URL_EC2'], file=open('ran', 'a'))",
    )
    script(own, "notes.txt", "no script")
    script(own, ".hidden.sh", "exit 1")
    server = told(run("start", *NONE, "--state", "s"))
    ran = (tmp_path / "ran").read_text().splitlines()
    assert ran == [
        f"{own}/10-a {server['port']}",
        f"{own}/20-b.sh {server['port']}",
        f"30-c.py {server['url']}",
    ]


def test_a_script_that_fails(run: Run, tmp_path: Path) -> None:
    """Those behind it are not run; the server goes on, for its state may be dear."""
    script(tmp_path / "mine", "1.sh", "exit 4")
    script(tmp_path / "mine", "2.sh", "touch ran")
    done = run("start", *NONE, "--state", "s", ELASTINET_READY_SCRIPTS=str(tmp_path / "mine"))
    failed(done, "1.sh ended with exit code 4", "the server runs at http://")
    assert not (tmp_path / "ran").exists()
    told(run("stop", "--json", "--state", "s"))


def test_scripts_that_others_could_have_put_there(run: Run, tmp_path: Path) -> None:
    script(tmp_path / "shared", "1.sh", "touch ran")
    (tmp_path / "shared").chmod(0o777)
    named = {"ELASTINET_READY_SCRIPTS": str(tmp_path / "shared")}
    refused(run("start", *NONE, "--state", "s", **named), 2, "others may write to it")
    named = {"ELASTINET_READY_SCRIPTS": str(tmp_path / "absent")}
    refused(run("start", *NONE, "--state", "s", **named), 2, "there is no such folder")
    assert not (tmp_path / "ran").exists()


def test_a_folder_of_scripts_that_is_not_there_is_nobodys_matter(run: Run, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir(mode=0o777)
    (tmp_path / "config").chmod(0o777)
    told(run("start", *NONE, "--state", "s", XDG_CONFIG_HOME=str(tmp_path / "config")))


# --- in the foreground --------------------------------------------------------------------------------


def foreground(folder: Path, *words: str) -> "subprocess.Popen[str]":
    command = [*PROGRAM, "start", "--fabric", "none", "--port", "0", "--state", "s", "--foreground", *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ELASTINET_")}
    return subprocess.Popen(
        command, cwd=folder, env=kept | {"XDG_CONFIG_HOME": str(folder)}, stderr=subprocess.PIPE, text=True
    )


def url(folder: Path) -> str:
    """Where the server with the state s answers."""
    wait_until((folder / "s" / "server.json").exists)
    return f"http://127.0.0.1:{json.loads((folder / 's' / 'server.json').read_text())['port']}"


def test_a_seed_in_the_foreground(run: Run, seed: Path, tmp_path: Path) -> None:
    process = foreground(tmp_path, "--seed", str(seed))
    assert process.stderr is not None
    said = list(takewhile(lambda line: line != f"elastinet: ready at {url(tmp_path)}\n", process.stderr))
    assert vpcs(run, "s") == 2
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert "Started server process" in "".join(said)


def test_a_seed_that_fails_in_the_foreground(run: Run, seed: Path, tmp_path: Path) -> None:
    process = foreground(tmp_path, "--seed", "fails.py")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "elastinet: fails.py ended with exit code 7; the state is as new again" in said
    nothing_runs(run, "s")


def test_a_seed_that_does_not_end_ends_with_its_server(run: Run, tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
    )
    process = foreground(tmp_path, "--seed", "slow.py")
    wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())
    told(run("stop", "--json", "--state", "s"))
    process.communicate(timeout=30)
    wait_until(lambda: not places.is_alive(pid))


def test_the_log_of_a_server_in_the_foreground(run: Run, tmp_path: Path) -> None:
    """On the terminal and in its file alike."""
    process = foreground(tmp_path)
    wait_until((tmp_path / "s" / "server.json").exists)
    wait_until(lambda: "Started server process" in run("logs", "--state", "s").stdout)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert "Started server process" in said
    assert (tmp_path / "s" / "log").read_text() == said


def test_instances_that_come_back_are_told(run: Run, tmp_path: Path) -> None:
    """Where packets are modelled they are back at once; a start says nothing of them then."""
    (tmp_path / "two.py").write_text(LAUNCH)
    done = run("start", "--fabric", "none", "--port", "0", "--state", "s", "--seed", "two.py")
    assert done.returncode == 0, done
    assert "come back" not in done.stdout
    told(run("wait", "--json", "--state", "s"))
    told(run("stop", "--json", "--state", "s"))


# --- two at once --------------------------------------------------------------------------------------


def test_two_workers_on_one_port(run: Run, tmp_path: Path) -> None:
    """One has it; the other says so, and takes nothing of the first's away."""
    port = str(told(run("start", *NONE, "--state", "first"))["port"])
    run("stop", "--state", "first")
    done: list[Any] = [None, None]

    def start(number: int) -> None:
        words = ["start", "--fabric", "none", "--port", port, "--json", "--state", f"s{number}"]
        command = [sys.executable, "-c", "from elastinet.cli import main; main()", *words]
        done[number] = subprocess.run(
            command,
            cwd=tmp_path,
            env=os.environ | {"XDG_CONFIG_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )

    both = [threading.Thread(target=start, args=(number,)) for number in (0, 1)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    lost, won = sorted(done, key=lambda one: one.returncode == 0)
    refused(lost, 1, f"port {port}", "--port")
    pid = json.loads(won.stdout)["pid"]
    try:
        assert told(run("status", "--json", "--port", port))["pid"] == pid
    finally:
        told(run("stop", "--json", "--port", port))
    assert not places.runtime_folder(int(port)).exists()
