"""A server without pytest: `with elastinet.server() as s:`."""

import os
import subprocess
import sys

import pytest

import elastinet
from elastinet.serve.places import is_alive
from elastinet.testing.errors import TestingError

PROGRAM = "import boto3; print(boto3.client('sts').get_caller_identity()['Account'])"


def test_a_server_as_long_as_a_block():
    with elastinet.server(fabric="none", region="eu-west-1", rules="2026") as s:
        assert s.client("ec2").describe_vpcs()["Vpcs"][0]["OwnerId"] == s.account
        assert s.client("ec2").meta.region_name == "eu-west-1"
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM],
            env=os.environ | s.environ,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == s.account
    assert not is_alive(s.server.pid)


def test_clients_move_to_a_new_account_but_for_those_that_have_one():
    with elastinet.server(fabric="none") as s:
        mine, fixed = s.client("sts"), s.client("sts", account="222222222222")
        first, second = s.account, s.new_account()
        assert first != second
        assert mine.get_caller_identity()["Account"] == second
        assert fixed.get_caller_identity()["Account"] == "222222222222"


def test_https_is_trusted():
    with elastinet.server(fabric="none", tls=True) as s:
        assert s.url.startswith("https:")
        assert s.client("ec2").describe_vpcs()["Vpcs"]


def test_a_block_that_fails_leaves_no_server():
    with pytest.raises(ZeroDivisionError), elastinet.server(fabric="none") as s:
        raise ZeroDivisionError
    assert not is_alive(s.server.pid)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"fabric": "wood"}, "fabric"),
        ({"colour": "red"}, "colour"),
        ({"fabric": "none", "port": 70000}, "port"),
        ({"fabric": "none", "state": "/dev/null/state"}, "cannot use the state folder"),
    ],
)
def test_settings_that_cannot_be(settings, sentence):
    with pytest.raises(TestingError) as refused, elastinet.server(**settings):
        pass
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_port_in_use():
    with (
        elastinet.server(fabric="none") as s,
        pytest.raises(TestingError, match="cannot listen on"),
        elastinet.server(fabric="none", port=s.server.port),
    ):
        pass


def test_a_state_in_use(tmp_path):
    state = tmp_path / "state"
    with (
        elastinet.server(fabric="none", state=state),
        pytest.raises(TestingError, match="another elastinet is using the state"),
        elastinet.server(fabric="none", state=state),
    ):
        pass
