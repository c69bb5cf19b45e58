"""The pytest plugin with packets: commands in instances, who reaches whom, and what a mistake looks like."""

import os
import subprocess

import pytest

import inner
import ordinary
from elastinet.fabric.agent import launch

pytestmark = pytest.mark.skipif(bool(launch.check()), reason="this machine has no kernel fabric")

KERNEL = ("--elastinet-fabric", "kernel")
EXAMPLE = inner.ROOT / "examples" / "testing" / "test_database_group.py"

THEIRS = r"""
import json, urllib.request, pytest
from elastinet.testing.errors import TestingError

@pytest.mark.needs_packets
def test_commands(instances):
    one = instances.run()
    done = one.exec("echo out; echo err >&2; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert one.exec(r"printf '\377\033[2J'").stdout == "\\xff\x1b[2J"
    assert one.private_ip in one.exec("ip -4 addr show eth0").stdout

def test_commands_that_never_end(instances):
    one = instances.run()
    with pytest.raises(TestingError, match="has not ended after 0.5 s"):
        one.exec("sleep 1000", timeout=0.5)
    with pytest.raises(TestingError, match="said more than"):
        one.exec("yes")
    assert one.exec("while busybox pgrep -x 'sleep|yes'; do sleep 0.05; done").returncode == 0

def test_who_reaches_whom(instances, ec2):
    one, other = instances.run(), instances.run()
    assert one.can_reach(other)
    assert one.can_reach(other, port=80)
    assert not instances.internet.can_reach(other, port=80)
    group = other.shown["SecurityGroups"][0]["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpProtocol="tcp", FromPort=80, ToPort=80, CidrIp="0.0.0.0/0")
    assert instances.internet.can_reach(other, port=80)
    assert one.can_reach(other.private_ip, port=53, protocol="udp")
    with pytest.raises(TestingError, match="one"):
        one.can_reach(one, port=80)

def test_no_instance_of_another_test_is_left(elastinet):
    elastinet.settle()
    with urllib.request.urlopen(elastinet.url + "/_elastinet/instances") as page:
        assert json.load(page) == {"instances": []}

def test_what_is_no_instance(instances, ec2):
    one = instances.run()
    ec2.stop_instances(InstanceIds=[one.id])
    with pytest.raises(TestingError, match="is stopped"):
        instances.get(one.id)
"""


def test_theirs(tmp_path):
    inner.passed(inner.run(inner.write(tmp_path, THEIRS), *KERNEL), "5 passed")


ROOTLESS = """
def test_who_reaches_whom(instances):
    one, other = instances.run(), instances.run()
    assert one.exec("id -u").stdout == "0\\n"
    assert one.can_reach(other, port=80)
    assert not instances.internet.can_reach(other, port=80)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="all other tests here are of this user already")
def test_an_ordinary_user(nobodys):
    words = [*ordinary.become(), *inner.command(*KERNEL)]
    environ = inner.environ(**ordinary.variables(nobodys))
    done = subprocess.run(
        words, cwd=inner.write(nobodys, ROOTLESS), env=environ, capture_output=True, text=True, check=False
    )
    inner.passed(done, "1 passed")


@pytest.fixture
def nobodys():
    with ordinary.folder() as folder:
        yield folder


def test_the_example_and_the_mistake_that_it_catches(tmp_path):
    right = EXAMPLE.read_text()
    wrong = right.replace('"FromPort": 5432', '"FromPort": 5433').replace('"ToPort": 5432', '"ToPort": 5433')
    assert wrong != right
    inner.write(tmp_path, right, "test_right.py")
    inner.write(tmp_path, wrong, "test_wrong.py")
    done = inner.run(tmp_path, *KERNEL)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "Reached(reached=False, seen='silent'" in done.stdout
    assert "test_wrong.py" in done.stdout.rpartition("FAILED")[2]
