import hashlib
from base64 import b64decode, b64encode
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)

from refused import refused


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048).public_key()


def line(key):
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)


def der(key):
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def colons(digest):
    return digest.hex(":")


def test_create_rsa(ec2):
    made = ec2.create_key_pair(KeyName="mine")
    assert made["KeyMaterial"].startswith("-----BEGIN RSA PRIVATE KEY-----")
    private = load_pem_private_key(made["KeyMaterial"].encode(), None)
    assert private.key_size == 2048
    pkcs8 = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    assert made["KeyFingerprint"] == colons(hashlib.sha1(pkcs8).digest())
    (pair,) = ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    assert pair["PublicKey"] == line(private.public_key()).decode() + " mine"
    assert (pair["KeyType"], pair["KeyFingerprint"]) == ("rsa", made["KeyFingerprint"])


def test_create_ed25519(ec2):
    made = ec2.create_key_pair(KeyName="mine", KeyType="ed25519", KeyFormat="pem")
    assert made["KeyMaterial"].startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    public = line(load_ssh_private_key(made["KeyMaterial"].encode(), None).public_key())
    digest = hashlib.sha256(b64decode(public.split()[1])).digest()
    assert made["KeyFingerprint"] == b64encode(digest).decode()


def test_private_keys_differ(ec2):
    one, other = (ec2.create_key_pair(KeyName=n, KeyType="ed25519")["KeyMaterial"] for n in "ab")
    assert one != other


def test_ppk_is_refused(ec2):
    with refused("UnsupportedOperation", "ppk"):
        ec2.create_key_pair(KeyName="mine", KeyFormat="ppk")


def test_import_rsa_in_each_format(ec2, rsa_key):
    fingerprint = colons(hashlib.md5(der(rsa_key)).digest())
    blob = line(rsa_key).split()[1].decode()
    folded = "\n".join(blob[i : i + 70] for i in range(0, len(blob), 70))
    rfc4716 = (
        '---- BEGIN SSH2 PUBLIC KEY ----\nComment: "a \\\nlong one"\n'
        f"{folded}\n---- END SSH2 PUBLIC KEY ----\n"
    )
    forms = {
        "openssh": line(rsa_key) + b" me@home\n",
        "bare": line(rsa_key),
        "der": b64encode(der(rsa_key)),
        "rfc4716": rfc4716.encode(),
    }
    for name, material in forms.items():
        made = ec2.import_key_pair(KeyName=name, PublicKeyMaterial=material)
        assert made["KeyFingerprint"] == fingerprint, name
    pairs = ec2.describe_key_pairs(IncludePublicKey=True)["KeyPairs"]
    assert {p["PublicKey"] for p in pairs} == {f"{line(rsa_key).decode()} {name}" for name in forms}


def test_import_ed25519(ec2):
    key = ed25519.Ed25519PrivateKey.generate().public_key()
    made = ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=line(key) + b" me@home")
    digest = hashlib.sha256(b64decode(line(key).split()[1])).digest()
    assert made["KeyFingerprint"] == b64encode(digest).decode()


def test_import_refuses_what_is_no_key(ec2, rsa_key):
    elliptic = ec.generate_private_key(ec.SECP256R1()).public_key()
    two = line(rsa_key) + b"\n" + line(rsa_key)
    bad = (b"x", b"ssh-rsa", b"ssh-rsa AAAA", b"\xff\xfe", line(elliptic), der(elliptic), two)
    optioned = b'command="id" ' + line(rsa_key)
    unended = b"---- BEGIN SSH2 PUBLIC KEY ----\nAAAA"
    for material in (*bad, b64encode(der(elliptic)), optioned, unended):
        with refused("InvalidKey.Format", "Key is not in valid OpenSSH public key format"):
            ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=material)
    assert ec2.describe_key_pairs()["KeyPairs"] == []


def test_import_refuses_a_key_too_long(ec2):
    # A modulus of 4104 bits; that it is no product of primes shows nowhere.
    modulus = (1 << 4103) | 1
    key = rsa.RSAPublicNumbers(65537, modulus).public_key()
    with refused("InvalidKeyPair.Format", "4104"):
        ec2.import_key_pair(KeyName="mine", PublicKeyMaterial=line(key))


def test_names(ec2, rsa_key):
    ec2.import_key_pair(KeyName="a name (1)", PublicKeyMaterial=line(rsa_key))
    with refused("InvalidKeyPair.Duplicate", "The keypair 'a name (1)' already exists."):
        ec2.create_key_pair(KeyName="a name (1)")
    for name in ("", " ", "x" * 256, "new\nline", "schlüssel"):
        with refused("InvalidParameterValue", "keyName"):
            ec2.import_key_pair(KeyName=name, PublicKeyMaterial=line(rsa_key))
    ec2.import_key_pair(KeyName="x" * 255, PublicKeyMaterial=line(rsa_key))


def test_describe(ec2, rsa_key):
    tags = [{"Key": "team", "Value": "blue"}]
    spec = [{"ResourceType": "key-pair", "Tags": tags}]
    before = datetime.now(UTC) - timedelta(seconds=1)
    made = ec2.import_key_pair(KeyName="a", PublicKeyMaterial=line(rsa_key), TagSpecifications=spec)
    ec2.import_key_pair(KeyName="b", PublicKeyMaterial=line(rsa_key))
    assert made["Tags"] == tags
    (a,) = ec2.describe_key_pairs(KeyNames=["a"])["KeyPairs"]
    assert "PublicKey" not in a
    assert a["Tags"] == tags
    assert before <= a["CreateTime"] <= datetime.now(UTC)
    asked = (
        {"KeyPairIds": [made["KeyPairId"]]},
        *map(
            filtered,
            (("key-name", "a"), ("key-pair-id", made["KeyPairId"]), ("tag:team", "bl*"), ("tag-key", "team")),
        ),
    )
    for one in asked:
        assert ec2.describe_key_pairs(**one)["KeyPairs"] == [a]
    both = ec2.describe_key_pairs(**filtered(("fingerprint", made["KeyFingerprint"])))["KeyPairs"]
    assert len(both) == 2


def filtered(pair):
    return {"Filters": [{"Name": pair[0], "Values": [pair[1]]}]}


def test_describe_what_is_not_there(ec2):
    with refused("InvalidKeyPair.NotFound", "The key pair 'x' does not exist"):
        ec2.describe_key_pairs(KeyNames=["x"])
    with refused("InvalidKeyPair.NotFound"):
        ec2.describe_key_pairs(KeyPairIds=["key-00000000000000000"])


def test_delete(ec2, rsa_key):
    ids = {}
    for name in "ab":
        made = ec2.import_key_pair(KeyName=name, PublicKeyMaterial=line(rsa_key))
        ids[name] = made["KeyPairId"]
    assert ec2.delete_key_pair(KeyName="a")["KeyPairId"] == ids["a"]
    assert ec2.delete_key_pair(KeyPairId=ids["b"])["Return"]
    assert ec2.describe_key_pairs()["KeyPairs"] == []
    assert ec2.delete_key_pair(KeyName="a")["Return"]
    assert ec2.delete_key_pair(KeyPairId=ids["b"])["Return"]
    with refused("MissingParameter"):
        ec2.delete_key_pair()
    with refused("InvalidParameterCombination"):
        ec2.delete_key_pair(KeyName="a", KeyPairId=ids["b"])


def test_a_deleted_name_is_free(ec2, rsa_key):
    for _ in range(2):
        ec2.import_key_pair(KeyName="a", PublicKeyMaterial=line(rsa_key))
        ec2.delete_key_pair(KeyName="a")


def test_dry_run_keeps_nothing(ec2):
    with refused("DryRunOperation"):
        ec2.create_key_pair(KeyName="a", KeyType="ed25519", DryRun=True)
    assert ec2.describe_key_pairs()["KeyPairs"] == []
