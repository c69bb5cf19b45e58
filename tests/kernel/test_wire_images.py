"""Images of file systems as their user has them: brought by the command line, launched by the API."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from forked import forked
from refused import refused
from root_tars import oci, package, root, userland
from world import ELASTINET, World


@pytest.fixture(scope="module")
def tars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with archives of images."""
    folder = tmp_path_factory.mktemp("tars")
    (folder / "small.tar").write_bytes(root().bytes())
    (folder / "debian.tar").write_bytes(userland().bytes())
    return folder


@pytest.fixture(scope="module")
def images(world: World, tars: Path) -> dict[str, str]:
    """The ids of images by name."""
    return {name: imported(world, name, tars / f"{name}.tar") for name in ("small", "debian")}


@pytest.fixture
def up(world: World, images: dict[str, str]) -> Iterator[str]:
    """An instance of the larger one."""
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group, ImageId=images["debian"], KeyName=_key(world))
    yield one.id
    world.ec2.terminate_instances(InstanceIds=[one.id])


def run(world: World, *words: str, check: bool = True) -> Any:
    """Run a verb of a group of verbs."""
    words = (*words[:2], "--port", str(world.port), *words[2:])
    done = forked("elastinet").run(words, dict(os.environ), os.getcwd())
    if check:
        assert done.returncode == 0, done.stderr
    return done


def _key(world: World) -> str:
    pairs = world.ec2.describe_key_pairs()["KeyPairs"]
    if not any(pair["KeyName"] == "images" for pair in pairs):
        world.ec2.create_key_pair(KeyName="images", KeyType="ed25519")
    return "images"


def imported(world: World, name: str, source: Path, *more: str) -> str:
    return str(run(world, "image", "import", name, str(source), *more).stdout.strip())


def test_listed(world: World, images: dict[str, str]) -> None:
    shown = json.loads(run(world, "image", "show", images["small"], "--json").stdout)
    assert (shown["name"], shown["user"], shown["system"], shown["state"]) == (
        "small",
        "ubuntu",
        "Small 1",
        "completed",
    )
    assert shown["missing"] == []
    text = run(world, "image", "list").stdout
    assert images["small"] in text
    (image,) = world.ec2.describe_images(ImageIds=[images["debian"]], Owners=["self"])["Images"]
    assert (image["Name"], image["Description"], image["State"]) == ("debian", "Subset", "available")


def test_name_that_is_taken_leaves_nothing(world: World, images: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "other.tar").write_bytes(root().add("other", b"1").bytes())
    told = run(world, "image", "import", "small", str(tmp_path / "other.tar"), check=False)
    assert told.returncode == 1
    assert "AMI name small is already in use" in told.stderr
    assert json.loads(run(world, "image", "list", "--json").stdout)["left"] == []
    assert images["small"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("new", "/nowhere"), "No such file"),
        (("new", "/etc"), "no OCI layout"),
        (("new", "/etc/passwd"), "no tar archive"),
        (("new", "{small}", "--user", "a b"), "no user's name"),
        (("new", "{small}", "--boot", "systemd"), "no systemd"),
        (("?!", "{small}"), "AMI names must be"),
        (("new", "{small}", "--region", "mars-1"), "mars-1"),
    ],
)
def test_refused(world: World, tars: Path, words: tuple[str, ...], sentence: str) -> None:
    given = [word.format(small=tars / "small.tar") for word in words]
    told = run(world, "image", "import", *given, check=False)
    assert told.returncode
    assert sentence in told.stderr
    assert "Traceback" not in told.stderr


def test_folder_of_an_oci_layout(world: World, images: dict[str, str], tmp_path: Path) -> None:
    archive = tmp_path / "oci.tar"
    archive.write_bytes(oci(root().bytes()))
    (tmp_path / "layout").mkdir()
    subprocess.run(["tar", "-xf", str(archive), "-C", str(tmp_path / "layout")], check=True)
    id = imported(world, "of a folder", tmp_path / "layout", "--user", "me")
    one, other = (json.loads(run(world, "image", "show", i, "--json").stdout) for i in (id, images["small"]))
    assert one["layers"] == other["layers"]
    assert one["user"] == "me"
    run(world, "image", "rm", id)


def test_package_with_a_user(world: World, up: str, tmp_path: Path) -> None:
    deb = tmp_path / "service.deb"
    deb.write_bytes(package(tmp_path / "service"))
    world.cli("cp", str(deb), f"{up}:/root/service.deb")
    told = world.sh(up, "dpkg -i /root/service.deb")
    assert told.returncode == 0, told.stdout + told.stderr
    assert world.out(up, "stat -c %U:%G /var/lib/service/data").strip() == "service:service"
    assert "service" in world.out(up, "id service")


def test_logging_in_and_copying(world: World, up: str, tmp_path: Path) -> None:
    command = [ELASTINET, "ssh", "--port", str(world.port), up, "--", "id", "-un"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (told.stdout.strip(), told.returncode) == ("admin", 0), told.stderr
    world.out(up, "echo text >/root/file")
    world.cli("cp", f"{up}:/root/file", str(tmp_path / "file"))
    assert (tmp_path / "file").read_text() == "text\n"


def test_trusts_the_authority_of_the_api(world: World, up: str) -> None:
    ours = world.out(up, "cat /usr/local/share/ca-certificates/elastinet.crt")
    assert ours.strip() in world.out(up, "cat $AWS_CA_BUNDLE")


def test_users_of_an_image_without_useradd(world: World, tars: Path) -> None:
    """As Alpine is: busybox, an sshd, and nothing that makes users."""
    release = b'ID=alpine\nPRETTY_NAME="Alpine Linux"\n'
    (tars / "alpine.tar").write_bytes(userland(release, without=("useradd", "usermod")).bytes())
    image, vpc = imported(world, "alpine", tars / "alpine.tar"), world.vpc()
    (one,) = world.launch(vpc.left, vpc.group, ImageId=image, KeyName=_key(world))
    command = [ELASTINET, "ssh", "--port", str(world.port), one.id, "--", "id", "-un"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (told.stdout.strip(), told.returncode) == ("alpine", 0), told.stderr
    world.ec2.terminate_instances(InstanceIds=[one.id])


def test_an_image_of_an_instance_trusts_whom_that_did(world: World, tmp_path: Path) -> None:
    """As on Fedora: bundles are links to one that is made anew. Who was added is kept in a copy."""
    made, own = "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/usr/local/share/ca-certificates"
    tar = root().folder("etc/pki", "etc/pki/tls", "etc/pki/tls/certs", "etc/ssl", "usr/local")
    tar.add(made, b"theirs\n", mode=0o644)
    tar.link("etc/pki/tls/certs/ca-bundle.crt", f"/{made}").link("etc/ssl/certs", "../pki/tls/certs")
    (tmp_path / "fedora.tar").write_bytes(tar.bytes())
    vpc, image = world.vpc(), imported(world, "fedora", tmp_path / "fedora.tar")
    (one,) = world.launch(vpc.left, vpc.group, ImageId=image)
    ours = world.out(one.id, f"cat {own}/elastinet.crt")
    for bundle in (f"/{made}", "/etc/pki/tls/certs/ca-bundle.crt", "$AWS_CA_BUNDLE"):
        assert world.out(one.id, f"cat {bundle}") == f"theirs\n{ours}"
    world.out(one.id, f"echo mine >>/{made}")
    copy = world.ec2.create_image(InstanceId=one.id, Name="copied", NoReboot=True)["ImageId"]
    world.ec2.get_waiter("image_available").wait(
        ImageIds=[copy], WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    (other,) = world.launch(vpc.left, vpc.group, ImageId=copy)
    assert world.out(other.id, "cat /etc/pki/tls/certs/ca-bundle.crt") == f"theirs\n{ours}mine\n"
    world.ec2.terminate_instances(InstanceIds=[one.id, other.id])


def test_an_image_of_an_instance_that_is_stopping(world: World, images: dict[str, str]) -> None:
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group, ImageId=images["small"])
    world.out(one.id, "echo kept >/root/file")
    world.ec2.stop_instances(InstanceIds=[one.id])
    copy = world.ec2.create_image(InstanceId=one.id, Name="stopping")["ImageId"]
    world.ec2.get_waiter("image_available").wait(
        ImageIds=[copy], WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    world.ec2.get_waiter("instance_stopped").wait(
        InstanceIds=[one.id], WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    (other,) = world.launch(vpc.left, vpc.group, ImageId=copy)
    assert world.out(other.id, "cat /root/file") == "kept\n"
    world.ec2.terminate_instances(InstanceIds=[one.id, other.id])


def test_user_data_and_console(world: World, images: dict[str, str]) -> None:
    vpc = world.vpc()
    data = "#!/bin/sh\necho from user data; echo to console >/dev/console; id -u >/root/ran"
    (one,) = world.launch(vpc.left, vpc.group, ImageId=images["small"], UserData=data)
    script = "for n in $(seq 500); do [ -s /root/ran ] || sleep 0.02; done; cat /root/ran"
    assert world.out(one.id, script).strip() == "0"
    console = world.ec2.get_console_output(InstanceId=one.id)["Output"]
    assert "from user data" in console
    assert "to console" in console
    world.ec2.terminate_instances(InstanceIds=[one.id])


def test_used_image_is_kept(world: World, up: str, images: dict[str, str]) -> None:
    told = run(world, "image", "rm", images["debian"], check=False)
    assert told.returncode == 1
    assert f"in use by {up}" in told.stderr


def test_everything_is_there_after_a_restart(own_world: World, tars: Path, tmp_path: Path) -> None:
    world = own_world
    image = imported(world, "small", tars / "small.tar")
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group, ImageId=image)
    world.out(one.id, "echo kept >/root/file")
    made = world.ec2.create_image(InstanceId=one.id, Name="made")["ImageId"]
    world.ec2.get_waiter("image_available").wait(
        ImageIds=[made], WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    world.settle()
    world.stop()
    world.start()
    world.settle()
    assert world.out(one.id, "cat /root/file") == "kept\n"
    (other,) = world.launch(vpc.left, vpc.group, ImageId=made)
    assert world.out(other.id, "cat /root/file") == "kept\n"
    file = str(tmp_path / "state.snapshot")
    run(world, "snapshot", "save", file)
    world.cli("reset")
    run(world, "snapshot", "load", file)
    (last,) = world.launch(vpc.left, vpc.group, ImageId=made)
    assert world.out(last.id, "cat /root/file") == "kept\n"
    shutil.rmtree(world.state / "images")
    with refused("InvalidAMIID.Unavailable", "its file system is gone"):
        world.launch(vpc.left, vpc.group, ImageId=image)


def test_deregistered_image_goes_with_its_last_instance(world: World, tmp_path: Path) -> None:
    (tmp_path / "new.tar").write_bytes(root().add("new", b"1").bytes())
    image = imported(world, "new", tmp_path / "new.tar")
    layers = json.loads(run(world, "image", "show", image, "--json").stdout)["layers"]
    vpc = world.vpc()
    (one,) = world.launch(vpc.left, vpc.group, ImageId=image)
    world.ec2.deregister_image(ImageId=image, DeleteAssociatedSnapshots=True)
    world.ec2.stop_instances(InstanceIds=[one.id])
    world.ec2.get_waiter("instance_stopped").wait(
        InstanceIds=[one.id], WaiterConfig={"Delay": 0.05, "MaxAttempts": 400}
    )
    world.ec2.start_instances(InstanceIds=[one.id])
    world.settle()
    assert world.out(one.id, "cat /new") == "1"
    assert (world.state / "images" / layers[0]).exists()
    world.ec2.terminate_instances(InstanceIds=[one.id])
    world.settle()
    assert not os.path.exists(world.state / "images" / layers[0])


def test_status_where_systemd_starts_cloud_init(world: World, tmp_path: Path) -> None:
    """What the agent does not hear of is not said to be none; an image that only looks so is enough for that."""
    tar = root().add("usr/bin/cloud-init", b"#!/bin/sh\n").add("lib/systemd/systemd", b"\x7fELF")
    (tmp_path / "units.tar").write_bytes(tar.bytes())
    image = imported(world, "units", tmp_path / "units.tar")
    asked = {"ImageId": image, "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    (one,) = world.ec2.run_instances(UserData="#cloud-config", **asked)["Instances"]
    told = json.loads(world.cli("status", one["InstanceId"], "--json").stdout)
    divides = "init" not in told["differs"]
    assert ("by units of systemd" in (told["user_data"]["unknown"] or "")) is divides
    assert os.geteuid() == 0 or not divides
    world.ec2.terminate_instances(InstanceIds=[one["InstanceId"]])
