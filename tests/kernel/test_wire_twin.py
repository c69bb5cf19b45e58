"""The twin of an account, with packets: its ids, addresses, MACs, groups and routes are real, and a fix opens them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from world import ELASTINET, World

DUMP = Path(__file__).parents[2] / "examples" / "account.json"
WEB, DB, OLD = (f"i-{number:017x}" for number in (1, 2, 3))
DB_GROUP = "sg-00000000000000002"


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Any:
    made = World(tmp_path_factory.mktemp("twin") / "state", "--twin", str(DUMP))
    made.ec2 = made.client("eu-west-1")
    made.settle()
    yield made
    made.stop()


def why(twin: World, *words: str) -> dict[str, Any]:
    command = [ELASTINET, "why", *words, "--probe", "--json", "--server-port", str(twin.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_instances_have_the_accounts_own_macs_and_addresses(twin: World) -> None:
    (link,) = json.loads(twin.out(WEB, "ip -j -4 address show eth0"))
    assert link["addr_info"][0]["local"] == "10.20.1.10"
    assert json.loads(twin.out(WEB, "ip -j link show eth0"))[0]["address"] == "0a:20:00:00:01:0a"
    (old,) = twin.ec2.describe_instances(InstanceIds=[OLD])["Reservations"][0]["Instances"]
    assert old["State"]["Name"] == "stopped"
    status = json.loads(twin.cli("status", "--json").stdout)
    assert status["settled"] is True
    assert status["failed"] == {}
    assert "r99.large is not known here" in " ".join(status["twin"]["findings"])


@pytest.mark.parametrize(
    ("words", "reachable"),
    [
        (("--from", "internet", "web", "--port", "80"), True),
        (("--from", "internet", "web", "--port", "22"), False),
        (("web", "db", "--port", "5432"), False),
        (("db", "internet", "--port", "443"), True),
        (("web", "old", "--port", "5432"), False),
        (("web", "eni-00000000000000005", "--port", "80"), False),
    ],
)
def test_analysis_and_packets_agree(twin: World, words: tuple[str, ...], reachable: bool) -> None:
    found = why(twin, *words)
    assert found["reachable"] is reachable, found["sentence"]
    assert found["probe"]["reachable"] in (reachable, None), found["probe"]
    if words[1] in ("old", "eni-00000000000000005"):  # nobody is there who could be asked to listen
        return
    assert found["probe"]["reachable"] is reachable


def test_a_fix_is_seen_by_packets_and_told_as_a_command_and_outlives_a_restart(twin: World) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.20.1.0/24"}
    twin.ec2.authorize_security_group_ingress(GroupId=DB_GROUP, **rule)
    twin.settle()
    found = why(twin, "web", "db", "--port", "5432")
    assert (found["reachable"], found["probe"]["reachable"]) == (True, True)
    expected = f"aws ec2 authorize-security-group-ingress --group-id {DB_GROUP} "
    for _ in range(2):
        told = subprocess.run(
            [ELASTINET, "twin", "diff", "--port", str(twin.port)], capture_output=True, text=True, check=True
        )
        (line,) = told.stdout.splitlines()
        assert line.startswith(expected), line
        twin.cli("stop")
        twin.start()
        twin.ec2 = twin.client("eu-west-1")
        twin.settle()
        assert why(twin, "web", "db", "--port", "5432")["probe"]["reachable"] is True
