"""Programs that read 169.254.169.254 on EC2 read it here, unchanged, inside an instance."""

import io
import json
import shutil
import subprocess
import tarfile
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest
from region import Region

from elastinet.cli.lab.region import CLIENT

INSIDE = Path(__file__).parent / "inside"
PROFILE = "arn:aws:iam::000000000000:instance-profile/worker"
BOTOCORE = ("botocore", "urllib3", "jmespath", "dateutil", "six")


@pytest.fixture(scope="module")
def region():
    with Region() as started:
        yield started


@pytest.fixture(scope="module")
def place(region):
    """An instance with a second interface, a public address, a role, tags and user data."""
    vpc = region.network("10.0.1.0/24", "10.0.2.0/24")
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "asked"}]}]
    options = {"InstanceMetadataTags": "enabled", "HttpTokens": "required"}
    interfaces = [
        {"DeviceIndex": n, "SubnetId": subnet, "Groups": [vpc.group]} for n, subnet in enumerate(vpc.subnets)
    ]
    interfaces[1]["SecondaryPrivateIpAddressCount"] = 1
    made = region.launch(
        "", "", NetworkInterfaces=interfaces, TagSpecifications=tags, MetadataOptions=options,
        IamInstanceProfile={"Arn": PROFILE}, UserData="#cloud-config\n{}\n",
    )  # fmt: skip
    public = region.elastic_ip(made.eni)
    (reservation,) = region.ec2.describe_instances(InstanceIds=[made.id])["Reservations"]
    return SimpleNamespace(
        id=made.id, eni=made.eni, ip=made.ip, public=public, shown=reservation["Instances"][0]
    )


def ask(region, place, program, needs, runner="/usr/bin/python3"):
    """What a program prints inside the instance, with what it needs beside it and no configuration."""
    pack = io.BytesIO()
    with tarfile.open(fileobj=pack, mode="w") as tar:
        for path, name in [*needs, (INSIDE / program, program)]:
            tar.add(path, name, filter=without_service_models)
    folder = f"/opt/{Path(program).stem}"
    unpack = [*CLIENT, str(region.folder), place.id, "sh", "-c", f"mkdir {folder} && tar x -C {folder}"]
    subprocess.run(unpack, input=pack.getvalue(), check=True)
    return json.loads(region.run(place.id, f"cd /; env -i {runner} {folder}/{program}"))


def without_service_models(entry):
    """Leave out what botocore knows of hundreds of services, which is most of it."""
    path = Path(entry.name)
    return None if "data" in path.parts[:-1] and entry.isdir() and path.parent.name == "data" else entry


def packages(*names):
    """Where installed packages are, and what to call them."""
    for name in names:
        found = Path(find_spec(name).origin)
        folder = found.parent if found.name == "__init__.py" else found
        yield folder, folder.name


def caller(region, access_key, secret_key, token):
    """The account that the endpoint takes some credentials for."""
    client = boto3.client(
        "sts", region_name="us-east-1", endpoint_url=region.url, aws_access_key_id=access_key,
        aws_secret_access_key=secret_key, aws_session_token=token,
    )  # fmt: skip
    return client.get_caller_identity()["Account"]


def test_botocore(region, place):
    told = ask(region, place, "ask_botocore.py", packages(*BOTOCORE))
    assert (told["region"], told["method"]) == ("us-east-1", "iam-role")
    assert caller(region, told["access_key"], told["secret_key"], told["token"]) == "000000000000"


def test_ec2_metadata(region, place):
    pytest.importorskip("ec2_metadata", reason="ec2-metadata is not installed: make setup does that")
    told = ask(region, place, "ask_ec2_metadata.py", packages("ec2_metadata", "urllib3"))
    shown = place.shown
    zones = region.ec2.describe_availability_zones(ZoneNames=["us-east-1a"])["AvailabilityZones"]
    interfaces = told.pop("interfaces")
    assert told == {
        "instance": place.id,
        "region": "us-east-1",
        "zone": shown["Placement"]["AvailabilityZone"],
        "zone id": zones[0]["ZoneId"],
        "account": "000000000000",
        "image": shown["ImageId"],
        "type": "c5.large",
        "address": place.ip,
        "name": shown["PrivateDnsName"],
        "public": place.public,
        "profile": PROFILE,
        "tags": {"Name": "asked"},
        "user data": "#cloud-config\n{}\n",
        "spot": None,
    }
    assert interfaces == {e["MacAddress"]: as_told(region, place, e) for e in shown["NetworkInterfaces"]}


def as_told(region, place, shown):
    """What the metadata should say of an interface that the API shows."""
    (subnet,) = region.ec2.describe_subnets(SubnetIds=[shown["SubnetId"]])["Subnets"]
    first = shown["Attachment"]["DeviceIndex"] == 0
    return {
        "id": shown["NetworkInterfaceId"],
        "addresses": [a["PrivateIpAddress"] for a in shown["PrivateIpAddresses"]],
        "public": [place.public] if first else [],
        "subnet": shown["SubnetId"],
        "block": subnet["CidrBlock"],
        "vpc": shown["VpcId"],
        "groups": [group["GroupId"] for group in shown["Groups"]],
        "device": shown["Attachment"]["DeviceIndex"],
        "owner": "000000000000",
    }


@pytest.fixture(scope="module")
def cloud_init(tmp_path_factory):
    """A folder with Debian's cloud-init and the Python packages that it needs, unpacked."""
    folder = tmp_path_factory.mktemp("cloud-init")
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        pytest.skip("cloud-init comes as a Debian package, and this is not Debian or Ubuntu")
    words = "apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces --no-enhances"
    known = subprocess.run([*words.split(), "cloud-init"], capture_output=True, text=True, check=False).stdout
    needed = sorted({"cloud-init"} | {name for name in known.split() if name.startswith("python3-")})
    fetched = attempt(["apt-get", "download", *needed], folder)
    if fetched:
        pytest.skip(f"no package cloud-init to be had: {fetched}")
    for package in folder.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, folder / "root"], check=True)
    return folder / "root/usr/lib/python3/dist-packages"


def attempt(command, folder):
    """Run a command that fetches something; gives what it complains of, or nothing."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)
    return "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["no reason given"])[-1]


def test_cloud_init(region, place, cloud_init):
    # It first asks for names that do not exist; nobody answers in a VPC yet, so let it be told at once.
    region.run(place.id, "echo nameserver 127.0.0.1 > /etc/resolv.conf")
    told = ask(region, place, "ask_cloud_init.py", [(path, path.name) for path in cloud_init.iterdir()])
    network = told.pop("network")
    assert told == {
        "found": True,
        "instance": place.id,
        "zone": "us-east-1a",
        "region": "us-east-1",
        "name": place.shown["PrivateDnsName"].split(".")[0],
        "user data": "#cloud-config\n{}\n",
        "cloud": "aws",
        "document": place.id,
    }
    configured = {c["match"]["macaddress"]: c.get("addresses", []) for c in network["ethernets"].values()}
    assert configured == {eni["MacAddress"]: secondary(eni) for eni in place.shown["NetworkInterfaces"]}


def secondary(shown):
    """The secondary addresses of an interface that the API shows, with the prefix of its subnet."""
    return [f"{a['PrivateIpAddress']}/24" for a in shown["PrivateIpAddresses"] if not a["Primary"]]


@pytest.fixture(scope="module")
def javascript(tmp_path_factory, region, place):
    """A folder with the SDK's metadata provider from npm."""
    folder = tmp_path_factory.mktemp("npm")
    if not shutil.which("npm") or not region.works(place.id, "command -v node"):
        pytest.skip("no npm here, or no node that an instance sees")
    install = "npm install --silent --no-audit --no-fund --ignore-scripts @smithy/credential-provider-imds"
    fetched = attempt([*install.split(), "--prefix", str(folder)], folder)
    if fetched:
        pytest.skip(f"no JavaScript provider to be had: {fetched}")
    return folder / "node_modules"


def test_javascript(region, place, javascript):
    told = ask(region, place, "ask_javascript.cjs", [(javascript, "node_modules")], runner="node")
    assert told["expiration"]
    assert (
        caller(region, told["accessKeyId"], told["secretAccessKey"], told["sessionToken"]) == "000000000000"
    )
