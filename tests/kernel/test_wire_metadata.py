"""What an instance reads of itself at 169.254.169.254."""

import base64
import json
import subprocess
import urllib.request

import boto3
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

ROOT = "http://169.254.169.254/latest"
PUT = f"curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {ROOT}/api/token"


@pytest.fixture(scope="module")
def place(world):
    vpc = world.vpc()
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "meta"}]}]
    one, two = world.launch(
        vpc.left, vpc.group, 2, UserData="hello <data>", TagSpecifications=tags,
        MetadataOptions={"InstanceMetadataTags": "enabled"},
    )  # fmt: skip
    yield vpc, one, two
    world.cli("reset")


def get(world, instance, path, *headers):
    extra = " ".join(f"-H '{header}'" for header in headers)
    return world.out(instance.id, f"curl -s {extra} {ROOT}/{path}")


def status(world, instance, path, *words):
    return world.out(instance.id, f"curl -s -o /dev/null -w '%{{http_code}}' {' '.join(words)} {ROOT}/{path}")


def test_items_agree_with_the_api(world, place):
    _, one, _ = place
    eni = one.shown["NetworkInterfaces"][0]
    mac = f"meta-data/network/interfaces/macs/{eni['MacAddress']}"
    expected = {
        "meta-data/instance-id": one.id,
        "meta-data/local-ipv4": one.ip,
        "meta-data/mac": eni["MacAddress"],
        "meta-data/instance-type": "c5.large",
        "meta-data/placement/availability-zone": "us-east-1a",
        "meta-data/security-groups": "g",
        "meta-data/tags/instance/Name": "meta",
        f"{mac}/interface-id": eni["NetworkInterfaceId"],
        f"{mac}/subnet-id": eni["SubnetId"],
        f"{mac}/vpc-id": eni["VpcId"],
        f"{mac}/local-ipv4s": one.ip,
        f"{mac}/device-number": "0",
        "user-data": "hello <data>",
    }
    assert {path: get(world, one, path) for path in expected} == expected


def test_listings(world, place):
    _, one, _ = place
    names = get(world, one, "meta-data/").splitlines()
    assert {"instance-id", "network/", "placement/", "local-ipv4"} <= set(names)
    assert "public-ipv4" not in names
    mac = one.shown["NetworkInterfaces"][0]["MacAddress"]
    assert get(world, one, "meta-data/network/interfaces/macs/") == f"{mac}/"


def test_version_two(world, place):
    _, one, two = place
    token = world.out(one.id, PUT)
    header = f"X-aws-ec2-metadata-token: {token}"
    assert get(world, one, "meta-data/instance-id", header) == one.id
    # A token is good on its own instance only.
    assert status(world, two, "meta-data/instance-id", f"-H '{header}'") == "401"
    assert status(world, one, "meta-data/instance-id", "-H 'X-aws-ec2-metadata-token: nonsense'") == "401"
    ttl = "-H 'X-aws-ec2-metadata-token-ttl-seconds: {}'"
    assert status(world, one, "api/token", "-X PUT") == "400"
    assert status(world, one, "api/token", "-X PUT", ttl.format(0)) == "400"
    assert status(world, one, "api/token", "-X PUT", ttl.format(21601)) == "400"
    assert status(world, one, "api/token", "-X PUT", ttl.format(60), "-H 'X-Forwarded-For: 1.2.3.4'") == "403"
    assert status(world, one, "api/token") == "405"
    assert status(world, one, "meta-data/nothing") == "404"


def test_required_tokens_and_a_closed_endpoint(world, place):
    _, one, _ = place

    def modify(**options):
        world.ec2.modify_instance_metadata_options(InstanceId=one.id, **options)

    modify(HttpTokens="required")
    assert status(world, one, "meta-data/instance-id") == "401"
    modify(HttpTokens="optional", HttpEndpoint="disabled")
    assert status(world, one, "meta-data/instance-id") == "403"
    modify(HttpEndpoint="enabled")
    assert status(world, one, "meta-data/instance-id") == "200"


def test_hop_limit_is_the_ttl_of_the_answer(world, place):
    _, one, _ = place
    # A namespace behind the instance, one hop further away, as a container behind a bridge is.
    world.out(
        one.id,
        "ip link add c0 type veth peer name c1; ip netns add c; ip link set c1 netns c;"
        "ip addr add 192.0.2.1/24 dev c0; ip link set c0 up; ip -n c addr add 192.0.2.2/24 dev c1;"
        "ip -n c link set c1 up; ip -n c route add default via 192.0.2.1; echo 1 > /proc/sys/net/ipv4/ip_forward;"
        "nft add table ip nat; nft add chain ip nat post '{ type nat hook postrouting priority 100; }';"
        "nft add rule ip nat post oifname eth0 masquerade",
    )
    inside = f"ip netns exec c timeout 2 {PUT}"
    assert world.sh(one.id, inside).returncode != 0
    world.ec2.modify_instance_metadata_options(InstanceId=one.id, HttpPutResponseHopLimit=2)
    assert world.out(one.id, inside) != ""


def test_changes_show_at_once(world, place):
    _, one, _ = place
    elastic = world.ec2.allocate_address()
    assert status(world, one, "meta-data/public-ipv4") == "404"
    world.ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=one.id)
    assert get(world, one, "meta-data/public-ipv4") == elastic["PublicIp"]
    mac = one.shown["NetworkInterfaces"][0]["MacAddress"]
    path = f"meta-data/network/interfaces/macs/{mac}/ipv4-associations/{elastic['PublicIp']}"
    assert get(world, one, path) == one.ip


def test_nobody_else_can_be_asked_for(world, place):
    _, one, two = place
    # Another's address as source does not get past the router.
    script = f"ip addr add {one.ip}/32 dev eth0; timeout 2 curl -s --interface {one.ip} {ROOT}/meta-data/instance-id"
    done = world.sh(two.id, script)
    world.sh(two.id, f"ip addr del {one.ip}/32 dev eth0")
    assert done.stdout == ""
    # And the engine's API is not to be reached from an instance.
    assert world.sh(one.id, f"timeout 2 curl -s http://169.254.169.254:{world.port}/").returncode != 0


def test_identity_document_and_its_signatures(world, place, tmp_path):
    _, one, _ = place
    document = get(world, one, "dynamic/instance-identity/document")
    told = json.loads(document)
    assert (told["instanceId"], told["privateIp"], told["region"]) == (one.id, one.ip, "us-east-1")
    with urllib.request.urlopen(f"{world.url}/_elastinet/identity-certificate") as reply:
        certificate = x509.load_pem_x509_certificate(reply.read())
    bare = base64.b64decode(get(world, one, "dynamic/instance-identity/signature"))
    certificate.public_key().verify(bare, document.encode(), padding.PKCS1v15(), hashes.SHA256())
    # And as people check it: openssl, with the certificate that they were given.
    paths = {name: tmp_path / name for name in ("document", "pkcs7", "certificate")}
    paths["certificate"].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    for name in ("pkcs7", "rsa2048"):
        signed = get(world, one, f"dynamic/instance-identity/{name}")
        paths["pkcs7"].write_text(f"-----BEGIN PKCS7-----\n{signed}\n-----END PKCS7-----\n")
        verify = [
            "openssl", "smime", "-verify", "-in", paths["pkcs7"], "-inform", "PEM", "-noverify",
            "-certfile", paths["certificate"], "-out", paths["document"],
        ]  # fmt: skip
        subprocess.run(verify, check=True, capture_output=True)
        assert paths["document"].read_text() == document


def test_role_credentials_are_taken_by_the_endpoint_for_the_account(world):
    vpc = world.vpc()
    profile = {"Arn": "arn:aws:iam::000000000000:instance-profile/worker"}
    (one,) = world.launch(vpc.left, vpc.group, IamInstanceProfile=profile)
    assert get(world, one, "meta-data/iam/security-credentials/") == "worker"
    keys = json.loads(get(world, one, "meta-data/iam/security-credentials/worker"))
    assert keys["Code"] == "Success"
    client = boto3.client(
        "sts", region_name="us-east-1", endpoint_url=world.url, aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"], aws_session_token=keys["Token"],
    )  # fmt: skip
    assert client.get_caller_identity()["Account"] == "000000000000"
    assert json.loads(get(world, one, "meta-data/iam/info"))["InstanceProfileArn"] == profile["Arn"]


def test_every_dated_version_has_the_tree(world, place):
    _, one, _ = place
    versions = world.out(one.id, "curl -s http://169.254.169.254/").splitlines()
    assert {"1.0", "2021-03-23", "latest"} <= set(versions)
    for version in versions:
        assert world.out(one.id, f"curl -s http://169.254.169.254/{version}/meta-data/instance-id") == one.id
    assert (
        world.out(one.id, "curl -s -o /dev/null -w '%{http_code}' http://169.254.169.254/2000-01-01/")
        == "404"
    )
