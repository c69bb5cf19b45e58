"""Key pairs."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.model.fault import Fault
from elastinet.model.instance import KeyPair
from elastinet.model.view import StateView

if TYPE_CHECKING:
    from elastinet.ec2.security import ssh_keys

if TYPE_CHECKING:
    from mypy_boto3_ec2.literals import KeyTypeType
    from mypy_boto3_ec2.type_defs import KeyPairInfoTypeDef

LONGEST_NAME_CHARS = 255


def view(tx: Transaction, pair: KeyPair) -> StateView:
    """A key pair in the shape of the API, without its public key."""
    return tx.views.of(pair, (), lambda: _view(pair))


def _view(pair: KeyPair) -> "KeyPairInfoTypeDef":
    return {
        "KeyPairId": pair.id,
        "KeyName": pair.key_name,
        "KeyType": cast("KeyTypeType", pair.key_type),
        "KeyFingerprint": pair.fingerprint,
        "CreateTime": moment(pair.create_time),
        "Tags": tag_set(pair),
    }


def _view_with_key(tx: Transaction, pair: KeyPair) -> StateView:
    return StateView(view(tx, pair), PublicKey=pair.public_key)


KEY_PAIRS = Describable(
    KeyPair,
    "key",
    "KeyPairs",
    "KeyPairIds",
    view,
    paths("key-pair-id key-name", fingerprint="KeyFingerprint"),
)


def describe_key_pairs(tx: Transaction, request: Request) -> Answer:
    """Key pairs by name, id or filter."""
    names = request.ids("KeyNames")
    if lost := [name for name in names if find(tx, name) is None]:
        raise faults.missing("key", lost)
    what = replace(KEY_PAIRS, view=_view_with_key) if request.get("IncludePublicKey") else KEY_PAIRS
    answer = describe(tx, request, what)
    if names:
        answer["KeyPairs"] = [pair for pair in answer["KeyPairs"] if pair["KeyName"] in names]
    return answer


def find(tx: Transaction, name: str) -> KeyPair | None:
    """The account's key pair of this name in this region."""
    return next(tx.where(KeyPair, "name", (tx.owner, tx.region, name)), None)


def need(tx: Transaction, name: str) -> KeyPair:
    """The account's key pair of this name; refuses where there is none."""
    pair = find(tx, name)
    if pair is None:
        raise faults.missing("key", [name])
    return pair


def create_key_pair(tx: Transaction, request: Request) -> Answer:
    """A new key, whose private half is told this once and never kept."""
    from elastinet.ec2.security import ssh_keys  # which loads cryptography, and few servers make keys

    name = _new_name(tx, request)
    if request.get("KeyFormat", "pem") != "pem":
        raise faults.unsupported("elastinet does not support the KeyFormat ppk in CreateKeyPair.")
    key, private = ssh_keys.make(request.get("KeyType", "rsa"))
    return _told(tx, _keep(tx, request, name, key)) | {"KeyMaterial": private}


def import_key_pair(tx: Transaction, request: Request) -> Answer:
    """A key pair of the client's own, by its public half."""
    from elastinet.ec2.security import ssh_keys

    name = _new_name(tx, request)
    return _told(tx, _keep(tx, request, name, ssh_keys.read(request["PublicKeyMaterial"])))


def _new_name(tx: Transaction, request: Request) -> str:
    name: str = request["KeyName"]
    # The name ends the key's line in authorized_keys, which a line break would end sooner.
    if not (name.isascii() and name.isprintable() and name.strip()) or len(name) > LONGEST_NAME_CHARS:
        raise faults.invalid(name, "keyName", f"Expecting up to {LONGEST_NAME_CHARS} printable characters.")
    if find(tx, name) is not None:
        raise Fault("InvalidKeyPair.Duplicate", f"The keypair '{name}' already exists.")
    return name


def _keep(tx: Transaction, request: Request, name: str, key: "ssh_keys.SshKey") -> KeyPair:
    if tx.count(KeyPair) >= tx.settings.quotas.key_pairs:
        raise faults.quota("KeyPairLimitExceeded", "key pairs")
    return tx.new(
        KeyPair,
        "key",
        key_name=name,
        key_type=key.kind,
        fingerprint=key.fingerprint,
        public_key=f"{key.line} {name}",
        create_time=tx.now,
        tags=tags_for(tx, request, "key-pair"),
    )


def _told(tx: Transaction, pair: KeyPair) -> dict[str, Any]:
    shown = view(tx, pair)
    return {name: shown[name] for name in ("KeyPairId", "KeyName", "KeyFingerprint", "Tags")}


def delete_key_pair(tx: Transaction, request: Request) -> Answer:
    """Remove a key pair; one that is not there is removed already."""
    name, id = request.get("KeyName"), request.get("KeyPairId")
    if name is None and id is None:
        raise faults.missing_parameter("KeyName or KeyPairId")
    if name is not None and id is not None:
        raise faults.combination("The parameters KeyName and KeyPairId cannot be used together")
    pair = find(tx, name) if id is None else tx.get(KeyPair, id)
    if pair is None:
        return {"Return": True}
    tx.drop(pair)
    return {"Return": True, "KeyPairId": pair.id}
