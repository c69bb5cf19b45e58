"""The pytest plugin in other people's test runs, without packets: accounts, the environment, the server's life."""

import json
import os
import signal
import socket
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint

import pytest

import inner
from commands import wait_until
from elastinet.serve.places import is_alive, runtime_folder
from elastinet.testing import plugin

NONE = ("--elastinet-fabric", "none")

THEIRS = """
import json, os, pathlib, urllib.request, boto3, pytest

SEEN = pathlib.Path(os.environ["SEEN"])
MINE = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}

def note(what, elastinet):
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    line = [worker, what, elastinet.url, elastinet.server.pid, elastinet.account]
    with SEEN.open("a") as file:
        file.write(json.dumps(line) + "\\n")

@pytest.mark.parametrize("number", range(3))
def test_an_account_of_its_own(ec2, elastinet, elastinet_account, number):
    vpcs = ec2.describe_vpcs()["Vpcs"]
    assert [vpc["IsDefault"] for vpc in vpcs] == [True]
    assert vpcs[0]["OwnerId"] == elastinet_account == elastinet.account
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    note("account", elastinet)

@pytest.mark.parametrize("number", range(2))
def test_the_program_is_led_there(elastinet_account, elastinet_region, number):
    assert boto3.client("sts").get_caller_identity()["Account"] == elastinet_account
    client = boto3.client("ec2")
    assert client.meta.region_name == elastinet_region == os.environ["AWS_REGION"]
    assert client.describe_vpcs()["Vpcs"][0]["OwnerId"] == elastinet_account
    assert "AWS_PROFILE" not in os.environ

def test_all_is_as_it_was():
    assert {name: value for name, value in os.environ.items() if name.startswith("AWS_")} == MINE
    assert MINE["AWS_PROFILE"] == "production"
    assert boto3.DEFAULT_SESSION is None

@pytest.mark.needs_packets
def test_packets(ec2):
    raise AssertionError("no packets here")

def test_instances(instances):
    one, other = instances.run(), instances.run(InstanceType="c5.large")
    assert other.shown["InstanceType"] == "c5.large"
    assert instances.get(one.id) == one
    assert one.can_reach(other, port=22)
    assert "fabric none" in one.can_reach(other).seen
    refused = instances.internet.can_reach(other, port=22)
    assert not refused
    assert refused.why
    with pytest.raises(Exception, match="its instances run nothing"):
        one.exec("true")

def test_the_edition(elastinet):
    with urllib.request.urlopen(elastinet.url + "/_elastinet/status") as page:
        assert json.load(page)["rules"] == "2026"
"""


def test_two_workers_have_servers_and_their_tests_accounts(tmp_path):
    seen = tmp_path / "seen"
    words = ("-p", "xdist", "-n", "2", "--dist", "each", "--elastinet-rules", "2026")
    variables = {"SEEN": str(seen), "AWS_PROFILE": "production", "AWS_SESSION_TOKEN": "mine"}
    done = inner.run(inner.write(tmp_path, THEIRS), *NONE, *words, **variables)
    inner.passed(done, "2 skipped", "no packets are carried in this run (fabric none)")
    noted = [json.loads(line) for line in seen.read_text().splitlines()]
    servers = {(worker, url) for worker, _, url, _, _ in noted}
    assert len(servers) == len({url for _, url in servers}) == 2
    assert len({(url, account) for _, _, url, _, account in noted}) == len(noted) == 6
    assert all(len(account) == 12 and account.isdigit() for *_, account in noted)
    assert not [pid for _, _, _, pid, _ in noted if is_alive(pid)]


WAITS = """
import os, pathlib, time
def test_waits(ec2, elastinet):
    ec2.describe_vpcs()
    folder = pathlib.Path(os.environ["SEEN"])
    (folder / "new").write_text(f"{elastinet.server.pid} {elastinet.server.port}")
    (folder / "new").rename(folder / "server")
    while True:
        time.sleep(0.05)
"""


WORKER = ("-p", "xdist", "-n", "1")


BROKEN_OFF = [(signal.SIGINT, ()), (signal.SIGTERM, ()), (signal.SIGKILL, ()), (signal.SIGINT, WORKER)]


@pytest.mark.parametrize(
    ("number", "words"), BROKEN_OFF, ids=["SIGINT", "SIGTERM", "SIGKILL", "SIGINT-xdist"]
)
def test_a_run_that_is_broken_off_leaves_no_server(tmp_path, number, words):
    process = inner.begin(inner.write(tmp_path, WAITS), *NONE, *words, SEEN=str(tmp_path))
    with process:
        try:
            wait_until((tmp_path / "server").exists)
            pid, port = map(int, (tmp_path / "server").read_text().split())
            assert is_alive(pid)
            process.send_signal(number)
            process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == (2 if number == signal.SIGINT else -number)
    wait_until(lambda: not is_alive(pid))
    assert not runtime_folder(port).exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


MEETS = """
import os, pathlib, time
def test_meets_the_other(ec2, elastinet):
    ec2.create_vpc(CidrBlock="10.0.0.0/16")
    folder, me, other = pathlib.Path(os.environ["SEEN"]), os.environ["ME"], os.environ["OTHER"]
    (folder / me).write_text(elastinet.url)
    end = time.monotonic() + 60
    while not (folder / other).exists():
        assert time.monotonic() < end
        time.sleep(0.02)
    assert len(ec2.describe_vpcs()["Vpcs"]) == 2
"""


def test_two_runs_side_by_side(tmp_path):
    inner.write(tmp_path, MEETS)
    names = (("one", "two"), ("two", "one"))
    both = [inner.begin(tmp_path, *NONE, SEEN=str(tmp_path), ME=me, OTHER=other) for me, other in names]
    said = [process.communicate(timeout=120)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert (tmp_path / "one").read_text() != (tmp_path / "two").read_text()


THEIR_OWN = """
import pytest
@pytest.fixture
def ec2():
    return "mine"
@pytest.fixture(scope="session")
def elastinet_region():
    return "eu-west-1"
def test_mine(ec2):
    assert ec2 == "mine"
def test_region(elastinet, elastinet_account, instances):
    assert elastinet.client().meta.region_name == "eu-west-1"
"""


def test_fixtures_of_the_same_name_win(tmp_path):
    inner.passed(inner.run(inner.write(tmp_path, THEIR_OWN), *NONE), "2 passed")


def test_a_server_that_cannot_start_is_said_in_one_line(tmp_path):
    folder = inner.write(tmp_path, "def test_it(ec2): pass\n")
    done = inner.run(folder, *NONE, "-q", ELASTINET_QUOTAS="none")
    assert done.returncode == 1
    assert "configuration: " in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


NO_BOTO3 = """
import os, sys
sys.modules["boto3"] = None
def test_a_program_that_is_no_python(elastinet_account):
    assert os.environ["AWS_ACCESS_KEY_ID"] == elastinet_account
def test_ec2(ec2):
    pass
"""


def test_without_boto3(tmp_path):
    done = inner.run(inner.write(tmp_path, NO_BOTO3), *NONE)
    assert done.returncode == 1
    assert "1 passed, 1 error" in done.stdout
    assert "boto3 is not installed: pip install 'elastinet[test]'" in done.stdout


def test_the_plugin_imports_nothing_until_a_fixture_is_used():
    text = "import pytest, sys; before = set(sys.modules); import elastinet.testing.plugin; print(*set(sys.modules) - before)"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"elastinet", "elastinet.testing", "elastinet.testing.plugin"}


def test_pytest_finds_the_plugin_by_itself():
    project = tomllib.loads((inner.ROOT / "pyproject.toml").read_text())["project"]
    ((name, value),) = project["entry-points"]["pytest11"].items()
    assert EntryPoint(name, value, "pytest11").load() is plugin
    assert {word.partition(">")[0] for word in project["optional-dependencies"]["test"]} == {
        "boto3",
        "pytest",
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="hiding a file system from a run needs root")
@pytest.mark.parametrize("fabric", ["kernel", "auto"])
def test_a_machine_without_packets_says_why(tmp_path, fabric):
    text = "import pytest\n@pytest.mark.needs_packets\ndef test_it(ec2): raise AssertionError\ndef test_api(ec2): pass\n"
    (tmp_path / "filesystems").write_text("nodev tmpfs\n")
    script = f'mount --bind {tmp_path}/filesystems /proc/filesystems && exec "$@"'
    words = inner.command("--elastinet-fabric", fabric)
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *words],
        cwd=inner.write(tmp_path, text), env=inner.environ(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "SKIPPED [1] test_theirs.py:2: no kernel fabric here (overlay: " in done.stdout, done.stdout
    if fabric == "auto":
        inner.passed(done, "1 passed, 1 skipped")
    else:
        assert done.returncode == 1
        assert "1 skipped, 1 error" in done.stdout
        assert "During handling" not in done.stdout
        assert "--elastinet-fabric" in done.stdout
