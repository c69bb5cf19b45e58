"""Logging in by ssh: which key opens what, as whom, and that scp, rsync and Ansible go the same way."""

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commands import Done
from elastinet.fabric.agent.launch import has_lent_ids
from elastinet.fabric.kernel.features import find
from machine import NOBODY, Machine
from parts import ALL, eni, group, guest, network, table
from world import ELASTINET, World

pytestmark = [
    pytest.mark.skipif(not (find("sshd") and find("ssh")), reason="openssh-server is not installed"),
    pytest.mark.skipif(
        os.geteuid() != 0 and not has_lent_ids(), reason="there is no user in instances but root"
    ),
]
PATIENCE = 60
WAY = """
import os, sys
from pathlib import Path
from elastinet.fabric.guest.ssh_port import script
from elastinet.fabric.contract import client
text = script()
os.seteuid({user})
sys.exit(client.run(Path({run!r}), "i-1", ["sh", "-c", text], env={given!r}))
"""
"""What `elastinet ssh --stdio` does, as the user whose agent it is."""


def words(*command: str, **more: Any) -> Done:
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        stdin=subprocess.DEVNULL,
        check=False,
        **more,
    )


def ssh(world: World, *given: str) -> Done:
    """`elastinet ssh`, which becomes another program."""
    return words(ELASTINET, "ssh", "--port", str(world.port), *given)


def keygen(path: Path, kind: str = "ed25519") -> str:
    """Make a key, and give its public half."""
    made = words("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", str(path))
    assert made.returncode == 0, made.stderr
    return path.with_suffix(".pub").read_text()


def kept(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


@pytest.fixture(scope="module")
def place(world: World, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """Instances whose keys EC2 has made, the user has imported, and one without."""
    folder, ec2, vpc = tmp_path_factory.mktemp("keys"), world.ec2, world.vpc()
    public = keygen(folder / "mine", "rsa")
    ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=public.encode())
    made = ec2.create_key_pair(KeyName="made")["KeyMaterial"]
    keys = {"made": kept(folder / "made", made), "mine": str(folder / "mine")}
    images = {
        "ubuntu": "ubuntu/images/*noble*amd64*",
        "admin": "debian-12-amd64*",
        "ec2-user": "al2023-ami-2023*x86_64",
    }
    launched = {}
    for (user, pattern), key in zip(images.items(), ("made", "mine", None), strict=True):
        (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": [pattern]}])["Images"]
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"of-{user}"}]}]
        more = {"KeyName": key} if key else {}
        (one,) = world.launch(vpc.left, vpc.group, ImageId=image["ImageId"], TagSpecifications=tags, **more)
        launched[user] = one.id
    config = kept(folder / "config", world.cli("ssh-config").stdout)
    return SimpleNamespace(keys=keys, ids=launched, config=config, folder=folder)


def by(place: SimpleNamespace, world: World, key: str, *target: str) -> Done:
    """Log in by one private key and no other."""
    config = kept(place.folder / "one", world.cli("ssh-config", "--identity", key).stdout)
    return words("ssh", "-F", config, *target)


def test_the_cheapest_key_exchange_is_used(world: World, place: SimpleNamespace) -> None:
    said = words("ssh", "-v", "-F", place.config, place.ids["ec2-user"], "true").stderr
    assert "kex: algorithm: curve25519-sha256" in said, said


@pytest.mark.parametrize(("user", "key"), [("ubuntu", "made"), ("admin", "mine")])
def test_the_key_pair_opens_its_instance_and_no_other(
    world: World, place: SimpleNamespace, user: str, key: str
) -> None:
    assert by(place, world, place.keys[key], f"of-{user}", "whoami").stdout == f"{user}\n"
    other = place.keys["mine" if key == "made" else "made"]
    refused = by(place, world, other, f"of-{user}", "whoami")
    assert (refused.returncode, refused.stdout) == (255, "")
    assert "Permission denied (publickey)" in refused.stderr
    for who in ("root", "daemon"):
        assert by(place, world, place.keys[key], f"{who}@of-{user}", "true").returncode == 255


def test_whoever_has_the_server_needs_no_key_pair(world: World, place: SimpleNamespace) -> None:
    name, id = "of-ec2-user", place.ids["ec2-user"]
    assert ssh(world, name, "--", "whoami").stdout == "ec2-user\n"
    assert ssh(world, id, "whoami").stdout == "ec2-user\n"
    assert ssh(world, f"root@{name}", "id", "-u").stdout == "0\n"
    assert ssh(world, name, "exit", "7").returncode == 7
    assert words("ssh", "-F", place.config, id, "hostname").stdout == world.out(id, "hostname")
    for who in ("nobody-here", "a'; touch /evil; '"):
        assert ssh(world, f"{who}@{name}", "true").returncode == 255
    assert world.sh(id, "test -e /evil").returncode == 1
    assert not Path("/evil").exists()


@pytest.mark.skipif(not find("sudo"), reason="sudo is not installed")
@pytest.mark.skipif(
    os.geteuid() != 0, reason="an ordinary user's instances see the machine's sudo as nobody's"
)
def test_the_default_user_is_root_by_sudo(world: World, place: SimpleNamespace) -> None:
    assert ssh(world, "of-ubuntu", "sudo", "-n", "id", "-u").stdout == "0\n"


def test_sessions_have_the_instances_environment(world: World, place: SimpleNamespace) -> None:
    lines = 'AWS_CA_BUNDLE=/etc/ca.crt\\n# no\\nexport TWO="a b"\\nno line\\n'
    world.out(place.ids["admin"], f"printf '{lines}' >/etc/environment")
    assert ssh(world, "of-admin", 'echo "$AWS_CA_BUNDLE,$TWO"').stdout == "/etc/ca.crt,a b\n"


def test_host_keys_are_the_instances_own(world: World, place: SimpleNamespace) -> None:
    seen = set()
    for user, id in place.ids.items():
        ssh(world, f"of-{user}", "true")
        seen.add(world.out(id, "cat /var/lib/elastinet/ssh/host_ed25519_key.pub"))
    assert len(seen) == len(place.ids)
    machines = Path("/etc/ssh/ssh_host_ed25519_key.pub")
    assert not machines.exists() or machines.read_text().split()[1] not in " ".join(seen)


def test_files_go_the_same_way(world: World, place: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    assert words("scp", "-F", place.config, str(tmp_path / "file"), "of-admin:/tmp/there").returncode == 0
    assert words("scp", "-F", place.config, "of-admin:/tmp/there", str(tmp_path / "back")).returncode == 0
    assert (tmp_path / "back").read_text() == "content"


@pytest.mark.skipif(not shutil.which("rsync"), reason="rsync is not installed")
def test_rsync_goes_the_same_way(world: World, place: SimpleNamespace, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("content")
    way = shlex.join(["ssh", "-F", place.config])
    synced = words("rsync", "-a", "-e", way, f"{tmp_path}/", "of-admin:/tmp/synced/")
    assert synced.returncode == 0, synced.stderr
    assert world.out(place.ids["admin"], "cat /tmp/synced/file") == "content"


def test_ansible_goes_the_same_way(place: SimpleNamespace, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("ansible")
    if not program.exists():
        pytest.skip("Ansible is not installed")
    environ = os.environ | {"ANSIBLE_HOME": str(tmp_path), "ANSIBLE_LOCAL_TEMP": str(tmp_path)}
    given = [
        "-i",
        "of-admin,of-ubuntu,",
        "--ssh-common-args",
        f"-F {place.config}",
        "-e",
        "ansible_remote_tmp=/tmp",
    ]
    done = words(str(program), *given, "all", "-m", "ping", env=environ)
    assert done.stdout.count("pong") == 2, done


def test_a_pair_that_is_deleted_or_made_anew_opens_as_it_did_at_launch(world: World, tmp_path: Path) -> None:
    ec2, vpc = world.ec2, world.vpc()
    key = kept(tmp_path / "key", ec2.create_key_pair(KeyName="passing", KeyType="ed25519")["KeyMaterial"])
    (one,) = world.launch(vpc.left, vpc.group, KeyName="passing")
    ec2.delete_key_pair(KeyName="passing")
    anew = kept(tmp_path / "anew", ec2.create_key_pair(KeyName="passing")["KeyMaterial"])
    assert ssh(world, "-i", key, one.id, "whoami").stdout == "ec2-user\n"
    shown = world.out(one.id, "curl -sf http://169.254.169.254/latest/meta-data/public-keys/0/openssh-key")
    assert shown.split()[:2] == words("ssh-keygen", "-y", "-f", key).stdout.split()[:2]
    assert ssh(world, "-i", anew, one.id, "whoami").returncode == 255


def test_many_at_once_the_first_time(world: World) -> None:
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group)
    config = world.cli("ssh-config", one.id).stdout
    file = kept(world.state.parent / "many", config)
    begun = [
        subprocess.Popen(
            ["ssh", "-F", file, one.id, "whoami"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    assert [each.communicate(timeout=PATIENCE)[0] for each in begun] == [b"ec2-user\n"] * 4


def test_names_say_nothing_to_ssh(world: World) -> None:
    """A name is anybody's text: one with a line of its own, a pattern, or two instances' is left out."""
    vpc = world.vpc()
    ids = {}
    for name in ("x\n    ProxyCommand evil", "*", "twice", "-oProxyCommand=evil", "has blank"):
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
        ids[name] = world.launch(vpc.left, vpc.group, 2 if name == "twice" else 1, TagSpecifications=tags)[
            0
        ].id
    config = world.cli("ssh-config").stdout
    assert "evil" not in config
    hosts = {line for line in config.splitlines() if line.startswith("Host ")}
    assert {f"Host {id}" for id in ids.values()} <= hosts


def test_what_cannot_be_is_told_in_a_sentence(world: World, tmp_path: Path) -> None:
    for given, sentence in (
        (["nobody"], "no running instances are called 'nobody'"),
        (["internet"], "internet is no running instance"),
        (["-i", str(tmp_path / "none"), "i-0"], "i-0 is no running instance"),
    ):
        done = ssh(world, *given)
        assert (done.returncode, done.stdout) == (1, "")
        assert sentence in done.stderr


@pytest.fixture(scope="module", params=["lent", "alone"])
def ordinary(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """An ordinary user's agent, with further ids and without."""
    if os.geteuid() != 0:
        pytest.skip("lending ids takes root")
    machine = Machine("rootless", lent=request.param == "lent")
    try:
        machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
        yield machine
    finally:
        machine.close()


@pytest.fixture
def enter(ordinary: Machine, tmp_path: Path) -> Callable[[str], Done]:
    """Logs in to an ordinary user's instance by the way that `elastinet ssh` goes."""
    public = keygen(tmp_path / "key")
    given = {"DEFAULT": "admin", "PAIR": public.strip(), "OWN": ""}
    way = WAY.format(run=str(ordinary.run), user=NOBODY, given=given)
    (tmp_path / "way.py").write_text(way)
    options = ["-oStrictHostKeyChecking=no", "-oUserKnownHostsFile=/dev/null", "-oLogLevel=ERROR"]
    proxy = f"-oProxyCommand={sys.executable} {tmp_path / 'way.py'}"
    return lambda command: words(
        "ssh", "-F", "none", *options, proxy, "-i", str(tmp_path / "key"), "admin@i-1", command
    )


def test_an_ordinary_users_instances(ordinary: Machine, enter: Callable[[str], Done]) -> None:
    """With further ids users are users; without, a sentence says that there is nobody to log in as."""
    ordinary.exec("i-1", "rm -f /home/admin/.ssh/authorized_keys /var/lib/elastinet/ssh/made")
    done = enter("whoami; touch mine; stat -c %U mine; ls /root")
    if ordinary.lent:
        assert done.stdout == "admin\nadmin\n", done
        assert "Permission denied" in done.stderr
    else:
        assert done.returncode == 255
        assert "has no user but root, so nobody can log in: 'elastinet doctor' tells of subuid" in done.stderr
