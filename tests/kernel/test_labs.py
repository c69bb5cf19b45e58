"""Every lab: it holds by packets, it takes away what it has built, and it says what does not hold."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

import ordinary
from commands import PROGRAM, wait_until
from elastinet.cli.common import CommandFailure
from elastinet.cli.lab import catalogue, leaving
from elastinet.cli.lab.catalogue import NAMES, Lab
from elastinet.cli.lab.client import client
from elastinet.cli.lab.run import PLAIN, lab
from elastinet.serve import places

OWN = ("credits",)
"""Labs that need a server with other settings than usual."""
WITHOUT_BOTO3 = [
    sys.executable,
    "-c",
    "import sys; sys.modules['boto3'] = None; from elastinet.cli import main; main()",
]
"""The command line where the wheel has been installed without any extra."""


def checked(done: "subprocess.CompletedProcess[str]") -> list[dict[str, object]]:
    """The checks of a lab, all of which have held."""
    assert done.stdout, done.stderr
    checks = json.loads(done.stdout)["checks"]
    assert [check for check in checks if not check["ok"]] == []
    assert done.returncode == 0, done.stderr
    assert len(checks) > 4
    return checks


def counts(world) -> dict[str, int]:
    """What is in all accounts of a server, but for instances that are over and what every account has."""
    told = json.loads(world.cli("status", "--json").stdout)["counts"]
    kinds = ("Vpc", "NetworkInterface", "Address", "PlacementGroup", "EgressOnlyGateway")
    return {kind: told.get(kind, 0) for kind in kinds}


@pytest.mark.in_turn(3)
@pytest.mark.parametrize("name", [name for name in NAMES if name not in OWN])
def test_lab(world, name):
    """In a server that others use: what they have stays, and nothing of the lab's but its empty account."""
    if lacking := lacks(world, name):
        pytest.skip(lacking)
    before = counts(world)
    done = world.cli("lab", name, "--json", check=False)
    checked(done)
    assert done.stderr == ""
    assert counts(world) == before | {"Vpc": before["Vpc"] + 1}


def lacks(world, name) -> str:
    """Why a lab cannot run on this machine."""
    missing = json.loads(world.cli("status", "--json").stdout)["missing"]
    return "; ".join(missing[need] for need in catalogue.load(name).needs if need in missing)


@pytest.mark.parametrize("name", OWN)
def test_lab_in_a_server_of_its_own(world, name):
    if lacking := lacks(world, name):
        pytest.skip(lacking)
    command = [*WITHOUT_BOTO3, "lab", name, "--json"]
    checked(subprocess.run(command, capture_output=True, text=True, check=False))


def test_what_a_lab_leaves_in_an_account(world):
    """Nothing: after it the account is as one that is used for the first time."""
    done = world.cli("lab", "nat-instance", "--keep", "--json")
    account = done.stderr.rpartition("AWS_ACCESS_KEY_ID=")[2].strip()
    ec2 = client(places.find(world.port, None, 0), account)
    fresh = len(leaving.there(world.client("us-east-1", "111122223333")))
    names = {tag["Value"] for tag in ec2.describe_tags()["Tags"]}
    assert {"nat", "inner"} <= names
    there = leaving.there(ec2)
    assert len(there) > fresh + 5
    defaults = {vpc["VpcId"] for vpc in ec2.describe_vpcs()["Vpcs"] if vpc["IsDefault"]}
    assert leaving.remove(ec2, there, lambda: None) == []
    assert leaving.there(ec2) == there
    assert leaving.remove(ec2, frozenset(of_defaults(ec2, defaults)), world.settle) == []
    assert len(leaving.there(ec2)) == fresh


def of_defaults(ec2, vpcs):
    """The ids of what a default VPC has from the beginning."""
    yield from vpcs
    within = [{"Name": "vpc-id", "Values": [*vpcs]}]
    yield from (one["SubnetId"] for one in ec2.describe_subnets(Filters=within)["Subnets"])
    attached = [{"Name": "attachment.vpc-id", "Values": [*vpcs]}]
    shown = ec2.describe_internet_gateways(Filters=attached)
    yield from (one["InternetGatewayId"] for one in shown["InternetGateways"])


@pytest.fixture
def of_the_test(monkeypatch):
    """Has the command line know one more lab."""

    def known(run, **settings):
        monkeypatch.setattr(catalogue, "load", lambda name: Lab(name, "A test's", "", settings, (), run))

    return known


def test_a_check_that_does_not_hold(world, of_the_test, capsys):
    of_the_test(lambda region: region.check("two is three", False))
    with pytest.raises(SystemExit) as ended:
        lab("wrong", port=world.port)
    assert ended.value.code == 1
    assert "two is three" in capsys.readouterr().out


def test_a_packet_that_arrives_is_not_blocked(world, of_the_test, capsys):
    def run(region):
        vpc = region.network("10.0.1.0/24")
        one, other = (region.launch(vpc.subnets[0], vpc.group) for _ in range(2))
        region.blocked("members of a group do not reach each other", one.id, other.id, 80)
        region.reaches("the internet reaches one", "internet", other.id, 80)

    of_the_test(run)
    with pytest.raises(SystemExit) as ended:
        lab("wrong", port=world.port, json=True)
    checks = json.loads(capsys.readouterr().out)["checks"]
    assert (ended.value.code, [check["ok"] for check in checks]) == (1, [False, False])


def test_a_lab_that_is_refused_takes_away_what_it_has(world, of_the_test):
    kept = []

    def run(region):
        kept.append(region)
        vpc = region.network("10.0.1.0/24")
        region.launch(vpc.subnets[0], vpc.group)
        region.network("192.0.2.0/24")

    of_the_test(run)
    with pytest.raises(CommandFailure, match=r"was refused: .*InvalidSubnet\.Range"):
        lab("broken", port=world.port)
    (region,) = kept
    fresh = leaving.there(world.client("us-east-1", "111122223333"))
    assert len(leaving.there(region.ec2)) == len(fresh)


def test_a_server_that_is_not_as_the_lab_needs_it(world, of_the_test):
    of_the_test(lambda region: None, rules="2026")
    with pytest.raises(CommandFailure, match="needs a server with rules 2026, and this one has classic"):
        lab("other", port=world.port)


def test_broken_off_while_it_builds(world):
    """In somebody's server, what is there so far is taken away, by Ctrl-C or as here by SIGTERM."""
    before = counts(world)
    command = [*PROGRAM, "lab", "hub-peering", "--port", str(world.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: counts(world)["Vpc"] > before["Vpc"] + 2)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "")
    assert counts(world) == before | {"Vpc": before["Vpc"] + 1}


@pytest.mark.in_turn(2)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_broken_off(number):
    """Its server goes with it, however it ends."""
    command = [*PROGRAM, "lab", "nat-instance", "--keep"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        where, _ = next(process.stderr), next(process.stderr)
        server = places.find(int(re.findall(r"--port (\d+)", where)[0]), None, 0)
        process.send_signal(number)
        out, _ = process.communicate(timeout=60)
    assert "with the check off" in out
    assert process.returncode == (-number if number == signal.SIGKILL else 0)
    assert server is not None
    wait_until(lambda: not places.is_alive(server.pid))
    wait_until(lambda: not places.runtime_folder(server.port).exists())


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests here are of this user already")
def test_an_ordinary_user():
    words = [*ordinary.become(), *PROGRAM, "lab"]
    with ordinary.folder() as home:
        for name in ("nat-instance", "dual-stack", "ha-pair"):
            environ = os.environ | ordinary.variables(home)
            done = subprocess.run(
                [*words, name, "--json"], cwd=home, env=environ, capture_output=True, text=True, check=False
            )
            checked(done)


def test_what_labs_rely_on_are_settings(world):
    told = json.loads(world.cli("status", "--json").stdout)
    assert PLAIN.keys() <= told.keys()
