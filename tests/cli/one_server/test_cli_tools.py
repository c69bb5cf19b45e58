"""Verbs beside the server: clients run with the environment set, the list of instances, waiting, completion."""

import contextlib
import fcntl
import json
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import boto3
import pytest

from commands import NONE, PROGRAM, Run, refused, told
from elastinet.cli.app import VERBS

TOOL = '#!/bin/sh\necho "$0 $#"; for word; do echo "<$word>"; done; env | grep ^AWS_ | sort; exit 5\n'


def client(server: Any, account: str = "x") -> Any:
    key = {"aws_access_key_id": account, "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("ec2", endpoint_url=server["url"], **key)


def launch(ec2: Any, name: str = "", **more: Any) -> str:
    filters = [{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}]
    (image,) = ec2.describe_images(Filters=filters)["Images"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}] if name else []
    asked = {"ImageId": image["ImageId"], "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
    return str(ec2.run_instances(**asked, TagSpecifications=tags, **more)["Instances"][0]["InstanceId"])


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools"
    folder.mkdir(exist_ok=True)
    for name in ("aws", "tofu"):
        (folder / name).write_text(TOOL)
        (folder / name).chmod(0o755)
    return folder


def become(folder: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """A verb that becomes another program, as a process of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ELASTINET_"))}
    command = [Path(sys.executable).with_name("elastinet"), *words]
    environ = kept | {"XDG_CONFIG_HOME": str(folder)} | variables
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(("verb", "program"), [("aws", "aws"), ("terraform", "tofu")])
def test_a_program_gets_its_words_and_the_environment(
    tmp_path: Path, server: Any, tools: Path, verb: str, program: str
) -> None:
    """As they are, by no shell; its exit code is ours."""
    words = ["a b", "$(id)", "--port", "7", "-h", "--", "", "'"]
    path = f"{tools}:/usr/bin:/bin"
    done = become(
        tmp_path, verb, "--state", "state", *words, PATH=path, AWS_PROFILE="work", AWS_SESSION_TOKEN="t"
    )
    assert done.returncode == 5
    first, *lines = done.stdout.splitlines()
    assert first == f"{tools}/{program} {len(words)}"
    assert lines[: len(words)] == [f"<{word}>" for word in words]
    environ = dict(line.split("=", 1) for line in lines[len(words) :])
    assert environ["AWS_ENDPOINT_URL_EC2"] == server["url"]
    assert environ.keys().isdisjoint({"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"})


def test_the_aws_cli(tmp_path: Path, server: Any) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    made = client(server).create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    query = ("--query", "Vpcs[?CidrBlock=='10.7.0.0/16'].VpcId", "--output", "text")
    asked = ("aws", "--state", "state", "ec2", "describe-vpcs")
    done = become(tmp_path, *asked, *query, PATH=path)
    assert done.stdout.split() == [made], done
    assert become(tmp_path, *asked, "--vpc-ids", "vpc-1", PATH=path).returncode in (
        254,
        255,
    )  # versions 2 and 1


@pytest.mark.parametrize("verb", ["aws", "terraform"])
def test_a_program_that_is_not_there(run: Run, server: Any, tmp_path: Path, verb: str) -> None:
    refused(run(verb, "--state", "state", "x", PATH=str(tmp_path)), 2, "not found", "install")


def test_a_program_without_a_server(run: Run, tools: Path) -> None:
    refused(run("aws", "--state", "nowhere", "x", PATH=f"{tools}:/usr/bin"), 1, "elastinet start")


def test_instances(run: Run, server: Any) -> None:
    ec2 = client(server)
    first, second = launch(ec2, "web \x1b[2J\nx"), launch(ec2)
    address = ec2.allocate_address(Domain="vpc")["PublicIp"]
    told(run("wait", "--json", "--state", "state"))
    ec2.associate_address(PublicIp=address, InstanceId=second)
    ec2.terminate_instances(InstanceIds=[launch(ec2, "gone")])
    told(run("wait", "--json", "--state", "state"))
    head, *rows = run("instances", "--state", "state").stdout.splitlines()
    assert head.split() == ["name", "id", "state", "private", "public", "zone", "type"]
    assert [row[row.index("i-") :].split()[0] for row in rows] == [first, second]
    assert rows[0].startswith("web \\x1b[2J\\nx  ")
    found = told(run("instances", "--json", "--state", "state"))["instances"]
    shown = ec2.describe_instances(InstanceIds=[second])["Reservations"][0]["Instances"][0]
    assert found[1] == {
        "name": "",
        "id": second,
        "state": "running",
        "private": [shown["PrivateIpAddress"]],
        "public": [address],
        "zone": shown["Placement"]["AvailabilityZone"],
        "type": "t3.micro",
        "account": "000000000000",
        "user": "ec2-user",
        "key": "",
    }
    every = told(run("instances", "--all", "--json", "--state", "state"))["instances"]
    assert [one["state"] for one in every] == ["running", "running", "terminated"]


@pytest.mark.parametrize(
    ("pattern", "user"),
    [("ubuntu/*noble*amd64*", "ubuntu"), ("debian-12-amd64*", "admin"), ("fck-nat*x86_64*", "ec2-user")],
)
def test_who_logs_in_and_by_which_key(run: Run, server: Any, pattern: str, user: str) -> None:
    ec2 = client(server)
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": [pattern]}])["Images"]
    ec2.create_key_pair(KeyName="k")
    public = ec2.describe_key_pairs(KeyNames=["k"], IncludePublicKey=True)["KeyPairs"][0]["PublicKey"]
    ec2.run_instances(ImageId=image["ImageId"], InstanceType="t3.micro", KeyName="k", MinCount=1, MaxCount=1)
    ec2.delete_key_pair(KeyName="k")
    told(run("wait", "--json", "--state", "state"))
    (row,) = told(run("instances", "--json", "--state", "state"))["instances"]
    assert (row["user"], row["key"]) == (user, public)


def test_instances_of_accounts(run: Run, server: Any) -> None:
    launch(client(server)), launch(client(server, "111111111111"))
    assert run("instances", "--state", "state").stdout.splitlines()[0].split()[-1] == "account"
    (one,) = told(run("instances", "--account", "111111111111", "--json", "--state", "state"))["instances"]
    assert one["account"] == "111111111111"
    assert told(run("reset", "--account", "111111111111", "--json", "--state", "state")) == {"status": "ok"}
    (left,) = told(run("instances", "--json", "--state", "state"))["instances"]
    assert left["account"] == "000000000000"
    refused(run("reset", "--account", "1", "--state", "state"), 2, "12 digits")
    refused(run("reset", "--account", "../1 \x1b[2J", "--state", "state"), 2, "12 digits")


def test_wait(run: Run, server: Any) -> None:
    launch(client(server))
    assert told(run("wait", "--json", "--timeout", "30", "--state", "state")) == {"settled": True}
    assert run("wait", "--timeout", "-1", "--state", "state").returncode == 2
    refused(run("wait", "--state", "nowhere"), 1, "elastinet start")


def test_verbose(run: Run, server: Any) -> None:
    done = run("-v", "reset", "--state", "state")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"elastinet: POST {server['url']}/_elastinet/reset: 200 in ")
    assert run("reset", "--state", "state").stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(run: Run, shell: str) -> None:
    """What is printed in a shell asks us for what may come next, and that is every verb, or a verb's options."""
    if not (program := shutil.which(shell)):
        pytest.skip(f"{shell} is not installed")
    asked = [program, "-c", f"{Path(sys.executable).with_name('elastinet')} --show-completion; true"]
    script = subprocess.run(asked, capture_output=True, text=True, timeout=60).stdout
    assert "_ELASTINET_COMPLETE" in script
    assert "--install-completion" in run("--help").stdout


def test_what_a_shell_is_told(run: Run) -> None:
    def words(line: str) -> set[str]:
        asked = {
            "_ELASTINET_COMPLETE": "complete_bash",
            "COMP_WORDS": line,
            "COMP_CWORD": str(len(line.split())),
        }
        program = Path(sys.executable).with_name("elastinet")
        done = subprocess.run([program], env=os.environ | asked, capture_output=True, text=True, timeout=60)
        return set(done.stdout.split())

    assert words("elastinet ") == set(VERBS)
    assert words("elastinet snapshot ") == {"save", "load", "list"}


def test_a_pipe_has_no_colour(run: Run, server: Any, tmp_path: Path) -> None:
    """Of no verb that prints."""
    ec2 = client(server)
    one, two = launch(ec2, "one"), launch(ec2, "two")
    (tmp_path / "rules").write_text('assertions = ["one -> two tcp/80 deny"]')
    here = ("--state", "state")
    for words in (
        *(
            ("status", *here),
            ("doctor",),
            ("env", *here),
            ("wait", *here),
            ("instances", *here),
            ("logs", *here),
        ),
        *(("costs", *here), ("plant", *here), ("nic", one, *here), ("nat", *here), ("top", "--once", *here)),
        *(("predict", one, two, *here), ("why", "one", "two", *here), ("verify", "rules", *here)),
        *(("credits", one, *here), ("place", "--type", "c5.large", *here), ("efa", "list", *here)),
        *(("snapshot", "save", "x.snap", *here), ("snapshot", "list", "x.snap"), ("reset", *here)),
        *(("--help",), ("start", "--help"), ("start", *NONE[:-1], "--state", "t"), ("stop", "--state", "t")),
        *(("state", "check", "--state", "t"), ("fail", "--help"), ("twin", "--help")),
    ):
        done = run(*words, TERM="xterm-256color", COLORTERM="truecolor")
        assert done.returncode in (0, 1), (words, done)
        assert "\x1b" not in done.stdout + done.stderr, words


def on_a_terminal(folder: Path, *words: str, **variables: str) -> str:
    """What a verb writes on a terminal of 60 columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 60, 0, 0))
    environ = os.environ | {"TERM": "xterm", "XDG_CONFIG_HOME": str(folder)} | variables
    environ.pop("COLUMNS", None)
    process = subprocess.Popen([*PROGRAM, *words], cwd=folder, env=environ, stdout=theirs, stderr=theirs)
    os.close(theirs)
    said = b""
    with contextlib.suppress(OSError):  # the kernel's word for an end
        while data := os.read(ours, 4096):
            said += data
    os.close(ours)
    assert process.wait(30) == 0
    return said.decode()


def test_a_terminal_has_colours_unless_nobody_wants_them(server: Any, tmp_path: Path) -> None:
    """And lines that are no longer than it is wide."""
    said = on_a_terminal(tmp_path, "status", "--state", "state")
    assert "\x1b[32msettled\x1b[0m" in said
    plain = on_a_terminal(tmp_path, "status", "--state", "state", NO_COLOR="1")
    assert plain == re.sub(r"\x1b\[[0-9]+m", "", said)
    head, *rows = plain.split("how", 1)[1].splitlines()
    assert head == ""
    assert max(map(len, rows)) <= 60


HEAVY = (
    "rich",
    "botocore",
    "boto3",
    "uvicorn",
    "cryptography",
    "elastinet.rules",
    "elastinet.engine",
)


@pytest.mark.parametrize(
    "words",
    [
        *(
            ["--version"],
            ["status", "--json"],
            ["env"],
            ["exec", "i-1", "--", "true"],
            ["wait"],
            ["instances"],
        ),
        *(["aws", "x"], ["stop"], ["logs"], ["reset"], ["snapshot", "load", "x"], ["shell", "i-1"]),
    ],
    ids=lambda words: words[0],
)
def test_a_verb_imports_no_more_than_it_needs(words: list[str], tmp_path: Path) -> None:
    """Each is run to where it has no server: nothing that takes long has been imported by then."""
    script = f"{PROGRAM[-1].replace('main()', '')}\nimport sys, json\ntry:\n    main()\nexcept SystemExit:\n    pass\n"
    script += "print(json.dumps(sorted(sys.modules)))"
    where = [] if words[0] in ("--version", "exec", "shell", "aws") else ["--state", "nowhere"]
    environ = os.environ | {"ELASTINET_STATE": str(tmp_path / "none")}
    done = subprocess.run(
        [sys.executable, "-c", script, *words, *where],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    modules = json.loads(done.stdout.splitlines()[-1])
    found = {name for name in modules if name.startswith(HEAVY)}
    assert not {name for name in found if not name.startswith("rich_toolkit")}, done.stderr
