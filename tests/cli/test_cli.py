"""The command line as a user types it, each verb a process: what it prints, its exit code, what it leaves."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import boto3
import pytest

from commands import NONE, PROGRAM, Run, refused, told, wait_until
from elastinet import __version__
from elastinet.serve import places


def vpcs(url: str) -> list[str]:
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=url, **key)
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    return sorted(vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"])


# --- the life of a server -------------------------------------------------------------------------


def test_a_server_from_start_to_stop(run: Run, tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    server = told(run("start", *NONE, "--state", state))
    folder = places.runtime_folder(server["port"])
    assert server["url"] == f"http://127.0.0.1:{server['port']}"
    assert server["state"] == state
    assert folder.is_dir()
    status = told(run("status", "--json", "--state", state))
    assert status.items() >= {"fabric": "none", "settled": True, "pid": server["pid"]}.items()
    assert {"enforced", "recorded", "modelled", "absent"} >= {one["level"] for one in status["features"]}
    assert told(run("stop", "--json", "--port", str(server["port"]))) == {"stopped": server["url"]}
    assert not folder.exists()
    assert not (tmp_path / "state" / "server.json").exists()
    assert not places.is_alive(server["pid"])
    refused(run("status", "--state", state), 1, "no server is running")


def test_the_state_stays(run: Run, tmp_path: Path) -> None:
    state = ("--state", str(tmp_path / "state"))
    first = told(run("start", *NONE, *state))
    made = vpcs(first["url"])
    run("stop", *state)
    again = told(run("start", *NONE, *state))
    assert set(made) < set(vpcs(again["url"]))


def test_a_state_folder_relative_to_where_one_is(run: Run, tmp_path: Path) -> None:
    server = told(run("start", *NONE, "--state", "here"))
    assert server["state"] == str(tmp_path / "here")
    assert (tmp_path / "here" / "journal.sqlite").exists()
    assert told(run("status", "--json", "--state", "here"))["pid"] == server["pid"]
    assert told(run("status", "--json", ELASTINET_STATE="here"))["pid"] == server["pid"]


def test_no_state_is_kept_in_memory(run: Run, tmp_path: Path) -> None:
    server = told(run("start", *NONE, "--state", ":memory:"))
    port = ("--port", str(server["port"]))
    assert len(vpcs(server["url"])) == 2
    assert list(tmp_path.iterdir()) == []
    assert told(run("stop", "--json", *port))["stopped"] == server["url"]


def test_reset(run: Run, tmp_path: Path) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    before = vpcs(server["url"])
    assert told(run("reset", "--json", "--state", "state")) == {"status": "ok"}
    assert told(run("status", "--json", "--state", "state"))["counts"] == {}
    assert not set(before) & set(vpcs(server["url"]))
    assert run("reset", "--state", "state").stdout == f"{server['url']} is as new\n"


def test_env_points_clients_here(run: Run) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    exports = run("env", ELASTINET_PORT=str(server["port"])).stdout
    names = [f"AWS_ENDPOINT_URL_{service}" for service in ("EC2", "IAM", "SSM", "STS")]
    script = f'{exports}\nprintf "%s " ${" $".join([*names, "ELASTINET_PORT"])}'
    seen = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert seen.split() == [server["url"]] * 4 + [str(server["port"])]
    as_json = told(run("env", "--json", "--state", "state"))
    assert {f"export {name}={value}" for name, value in as_json.items()} == set(exports.splitlines())


def test_env_points_some_services_here_or_all(run: Run) -> None:
    """Another emulator's AWS_ENDPOINT_URL stays, unless it is to go."""
    server = told(run("start", *NONE, "--state", "state"))
    some, every = (
        told(run("env", "--json", "--state", "state", *more)) for more in ((), ("--all-services",))
    )
    assert "AWS_ENDPOINT_URL" not in some
    assert every["AWS_ENDPOINT_URL"] == some["AWS_ENDPOINT_URL_EC2"] == server["url"]


def test_logs(run: Run) -> None:
    told(run("start", *NONE, "--state", "state"))
    assert "Started server process" in run("logs", "--state", "state").stdout
    refused(
        run("logs", "i-0123456789abcdef0", "--state", "state"), 1, "there is no log of i-0123456789abcdef0"
    )


def test_status_of_an_instance_without_packets(run: Run) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "[red]one\x1b[2J"}]}]
    asked = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "UserData": "#!/bin/sh\n"}
    (made,) = ec2.run_instances(TagSpecifications=tags, **asked)["Instances"]
    at = ("--state", "state")
    shown = run("status", made["InstanceId"], *at).stdout
    assert shown.startswith(f"{made['InstanceId']} ([red]one\\x1b[2J)  {made['InstanceType']}  ")
    assert f"eth0  {made['NetworkInterfaces'][0]['NetworkInterfaceId']}  {made['PrivateIpAddress']}" in shown
    assert "user data: nothing has run yet\n" in shown
    assert "no fabric runs" in shown
    page = told(run("status", "[red]one\x1b[2J", "--json", *at))
    assert (page["instance"], page["user_data"]["given"]) == (made["InstanceId"], True)
    assert set(page["differs"]) == {"fabric"}
    refused(run("status", "i-0123456789abcdef0", *at), 1, "there is no instance i-0123456789abcdef0")
    refused(run("status", "", *at), 1, "there is no instance")
    (record := Path(server["state"], "disks") / made["InstanceId"] / "user-data.done").parent.mkdir(
        parents=True
    )
    for kept, word in ((b"", "nobody noted how it ended"), (b"{]", "nobody can read what has run")):
        record.write_bytes(kept)
        assert word in run("status", made["InstanceId"], *at).stdout


def test_nic_and_plant(run: Run) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    asked = {"ImageId": image["ImageId"], "MinCount": 1, "MaxCount": 1}
    for kind, words in (("c5.large", "ena 0 VF 0 0000:00:05.0"), ("t2.micro", "vif 0 shared PF vif-0")):
        (made,) = ec2.run_instances(InstanceType=kind, **asked)["Instances"]
        (eni,) = made["NetworkInterfaces"]
        first, head, row = run("nic", made["InstanceId"], "--state", "state").stdout.splitlines()
        host = told(run("nic", made["InstanceId"], "--json", "--state", "state"))["host"]
        assert first.split(" on ")[1] == host
        assert head.split() == ["interface", "device", "driver", "card", "function", "bus-info"]
        assert " ".join(row.split()) == f"{eni['NetworkInterfaceId']} eth0 {words}"
    shown = run("plant", "--state", "state").stdout
    assert "1 network card: 1 of 256 functions in use" in shown
    refused(run("nic", "i-0123456789abcdef0", "--state", "state"), 1, "there is no instance")


def test_place_in_a_group(run: Run) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    ec2 = boto3.client("ec2", endpoint_url=server["url"], **key)
    ec2.create_placement_group(GroupName="far", Strategy="spread")
    asked = ("place", "--type", "c5.large", "--state", "state", "--json")
    assert len(told(run(*asked, "--count", "7", "--group", "far"))["racks"]) == 7
    short = run(*asked, "--count", "8", "--group", "far")
    assert (short.returncode, json.loads(short.stdout)["fits"]) == (1, False)
    refused(run(*asked, "--group", "near"), 1, "there is no placement group near")
    refused(run(*asked, "--group", "far", "--strategy", "spread"), 2, "--group has a strategy of its own")


def test_the_engine_comes_back(run: Run) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    made = vpcs(server["url"])
    children = Path(f"/proc/{server['pid']}/task/{server['pid']}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    with urllib.request.urlopen(f"{server['url']}/_elastinet/health", timeout=30) as reply:
        assert reply.status == 200
    assert set(made) < set(vpcs(server["url"]))


def test_in_the_foreground_until_a_signal(run: Run, tmp_path: Path) -> None:
    command = [
        *PROGRAM,
        "start",
        "--fabric",
        "none",
        "--port",
        "0",
        "--state",
        str(tmp_path / "s"),
        "--foreground",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_until((tmp_path / "s" / "server.json").exists)
    told(run("status", "--json", "--state", "s"))
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 0
    refused(run("status", "--state", "s"), 1, "no server is running")


# --- what cannot be -------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["stop", "status", "env", "reset", "logs"])
def test_no_server(run: Run, verb: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    refused(run(verb, "--port", port), 1, f"no server is running on port {port}", "elastinet start")
    refused(run(verb, "--state", "nowhere"), 1, "no server is running with the state nowhere")


def test_the_port_is_taken(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("start", "--fabric", "none", "--port", str(port), "--state", "state")
    refused(done, 1, f"port {port}", "--port")
    assert not places.runtime_folder(port).exists()


def test_the_state_is_taken(run: Run) -> None:
    server = told(run("start", *NONE, "--state", "state"))
    refused(run("start", *NONE, "--state", "state"), 1, "another elastinet is using the state")
    assert told(run("status", "--json", "--state", "state"))["pid"] == server["pid"]


def test_a_state_that_cannot_be_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.sqlite").write_bytes(
        b"this is no journal, and is long enough to show it" * 50
    )
    refused(run("start", *NONE, "--state", "state"), 1, "the server ended at once", "not a database")


def test_a_state_that_is_no_folder(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused(run("start", *NONE, "--state", "file"), 1, "cannot use the state folder", "--state")


@pytest.mark.parametrize(
    ("words", "variables", "part"),
    [
        (("--fabric", "wood"), {}, "wood"),
        (("--rules", "1999"), {}, "1999"),
        ((), {"ELASTINET_PORT": "many"}, "port"),
        ((), {"ELASTINET_QUOTAS": "none"}, "none"),
        (("--bandwidth-scale", "0"), {}, "bandwidth_scale"),
        (("--bandwidth-scale", "-1"), {}, "bandwidth_scale"),
        (("--bandwidth-scale", "inf"), {}, "bandwidth_scale"),
        (("--credit-time-scale", "0"), {}, "credit_time_scale"),
        (("--credit-time-scale", "nan"), {}, "credit_time_scale"),
        (("--idle-time-scale", "0.5"), {}, "idle_time_scale"),
        (("--idle-time-scale", "nan"), {}, "idle_time_scale"),
        ((), {"ELASTINET_IDLE_TIME_SCALE": "1e7"}, "idle_time_scale"),
        ((), {"ELASTINET_CREDIT_MINUTES": "61"}, "credit_minutes"),
        (("--port", "65536"), {}, "port"),
        (("--port", "-1"), {}, "port"),
        ((), {"ELASTINET_ACCOUNT": "me"}, "account"),
    ],
)
def test_a_value_that_cannot_be(
    run: Run, words: tuple[str, ...], variables: dict[str, str], part: str
) -> None:
    refused(run("start", "--state", ":memory:", "--json", *words, **variables), 2, "configuration", part)


def write(folder: Path, text: str) -> str:
    """A configuration file."""
    file = folder / "mine.toml"
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    ("line", "part"),
    [("c5 = 61", "60"), ("'c5.tiny' = 10", "c5.tiny"), ("zz9 = 10", "zz9"), ("c5 = 'x'", "float")],
)
def test_credits_that_cannot_be(run: Run, tmp_path: Path, line: str, part: str) -> None:
    file = write(tmp_path, f"[credits]\n{line}\n")
    refused(run("start", "--state", ":memory:", "--config", file), 2, "credits", part)


@pytest.mark.parametrize("text", ["port = ", "prot = 1", "quotas = { vpc = 1 }", "port = 'x'", "host = 1"])
def test_a_configuration_file_that_cannot_be(run: Run, tmp_path: Path, text: str) -> None:
    file = write(tmp_path, text)
    refused(run("start", "--config", file), 2, "")
    refused(run("status", ELASTINET_CONFIG=file), 2, "")


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("racks_per_node = 0", ("racks_per_node",)),
        ("hosts_per_rack = 'many'", ("hosts_per_rack",)),
        ("functions_per_card = 257", ("functions_per_card", "256")),
        ("functions_per_card = 0", ("functions_per_card",)),
        ("functions_per_card = -1", ("functions_per_card",)),
        ("cards_per_host = 0", ("cards_per_host",)),
        ("cards_per_host = 33", ("cards_per_host", "32")),
        ("cards_per_host = 'two'", ("cards_per_host",)),
        ("families = { zz9 = 1 }", ("zz9",)),
        ("families = { m5 = 9999 }", ("384 hosts",)),
        ("hosts_per_rack = 4000", ("100000",)),
        ("rakcs = 1", ("rakcs",)),
    ],
)
def test_hardware_that_cannot_be(run: Run, tmp_path: Path, line: str, parts: tuple[str, ...]) -> None:
    file = write(tmp_path, f'fabric = "none"\n\n[plant]\n{line}\n')
    said = run("start", "--state", ":memory:", "--config", file)
    refused(said, 2, *parts)
    assert "line 4" in said.stderr or "reserved" in said.stderr


def test_a_configuration_file(run: Run, tmp_path: Path) -> None:
    text = 'fabric = "none"\nport = 0\nstate = "mine"\naccount = "999999999999"\nquotas = { vpcs = 1 }\n'
    server = told(run("start", "--json", "--config", write(tmp_path, text)))
    assert server["state"] == str(tmp_path / "mine")
    with pytest.raises(Exception, match="VpcLimitExceeded"):
        vpcs(server["url"])


@pytest.mark.parametrize("words", [("start", "--prot", "1"), ("begin",), ("exec",), ("start", "--port", "x")])
def test_words_that_are_none(run: Run, words: tuple[str, ...]) -> None:
    done = run(*words)
    assert done.returncode == 2
    assert "Usage" in done.stderr


def test_exec_needs_a_fabric(run: Run) -> None:
    told(run("start", *NONE, "--state", "state"))
    refused(run("exec", "--state", "state", "i-0123456789abcdef0", "--", "true"), 1, "no kernel fabric")


def test_version(run: Run) -> None:
    assert run("--version").stdout == f"elastinet {__version__}\n"


AT_THE_END = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "


def imported(*words: str) -> set[str]:
    """The modules of elastinet that a command has imported when it ends."""
    command = [sys.executable, "-c", AT_THE_END + PROGRAM[-1], *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name for name in done.stderr.split() if name.partition(".")[0] == "elastinet"}


def test_what_help_needs() -> None:
    """All verbs are there to be named, but neither the rules nor the forecasts that they ask."""
    found = imported("--help")
    assert {"elastinet.cli.predict", "elastinet.cli.top"} <= found
    assert {name for name in found if name.split(".")[1:2] in (["rules"], ["forecast"])} == set()


def test_the_version_needs_nothing() -> None:
    assert imported("--version") == {"elastinet", "elastinet.cli"}


def test_a_verb_needs_itself() -> None:
    assert {"elastinet.cli.perf", "elastinet.cli.predict", "elastinet.serve.supervisor"} & imported(
        "stop", "--help"
    ) == set()
    shown = subprocess.run([*PROGRAM, "stop", "--help"], capture_output=True, text=True, check=True).stdout
    assert "--state" in shown


def test_an_unknown_verb(run: Run) -> None:
    said = run("predikt")
    assert (said.returncode, "predict" in said.stderr) == (2, True)
    assert run("--version").stdout.startswith("elastinet ")
