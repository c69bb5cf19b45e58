"""Keys on the socket between engine and agent, and as people read them."""

from typing import get_args

import msgspec
import pytest

from elastinet.fabric.contract.keys import Key, ObjectKind
from elastinet.fabric.contract.messages import Converged, Desire, FailureReport
from elastinet.fabric.contract.objects import AnyObject, Appliance


def test_a_key_survives_the_socket() -> None:
    keys = tuple(Key(kind, f"{kind}-1") for kind in get_args(ObjectKind))
    desire = Desire(1, drop=keys)
    assert msgspec.json.decode(msgspec.json.encode(desire), type=Desire) == desire
    failed = tuple(FailureReport(subject, "why") for subject in (*keys, "agent", "exposure"))
    told = Converged(1, failed)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Converged) == told


@pytest.mark.parametrize("key", ['"guest:i-1"', '["guests","i-1"]', '["guest"]', '["guest",1]', "[]"])
def test_what_is_no_key_is_refused_at_the_socket(key: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(f'{{"type":"desire","generation":1,"drop":[{key}]}}', type=Desire)


def test_an_object_has_the_key_of_its_kind_and_id() -> None:
    assert Appliance("nat-1", "vpc-1").key == Key("appliance", "nat-1")
    assert str(Appliance("nat-1", "vpc-1").key) == "appliance:nat-1"
    assert {kind.__struct_config__.tag for kind in get_args(AnyObject)} == {*get_args(ObjectKind)}
