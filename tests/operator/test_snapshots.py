"""A state saved and loaded is the same state; one account's is that of nobody else; the journal knows."""

import random
from pathlib import Path
from typing import Any

import pytest

from describing import described, engine_of
from elastinet.catalog.settings import Settings, unlimited
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.model.instance import Instance
from elastinet.model.peering import Peering
from elastinet.model.state import KINDS, State
from elastinet.operator import snapshots
from elastinet.store import MemoryJournal
from elastinet.store.snapshot import FORMAT, MAGIC, read, write
from elastinet.twin.original import read as dumped
from full_region import Full
from small_region import HERE, OWNER, THERE
from tries import tries

OTHER = "210987654321"
DUMP = Path(__file__).parents[2] / "examples" / "account.json"


def empty() -> Engine:
    return Engine(MemoryJournal(), Settings(quotas=unlimited()))


def full(seed: int) -> Engine:
    made = Full(seed)
    made.settle()
    return made.region.engine


def replayed(engine: Engine) -> State:
    """What another engine finds in the same journal."""
    return Engine(engine.journal, engine.settings).state


def load(engine: Engine, data: bytes, account: str = "", *, replace: bool = False) -> dict[str, Any]:
    told = snapshots.loaded(engine, data, account, replace=replace)
    assert replayed(engine) == engine.state
    return told


def refused(engine: Engine, data: bytes, account: str = "", *, replace: bool = False) -> str:
    """The sentence by which a load is refused, after which all is as it was."""
    before = {kind: list(engine.state.all(kind)) for kind in KINDS}
    with pytest.raises(Fault) as refusal:
        snapshots.loaded(engine, data, account, replace=replace)
    assert {kind: list(engine.state.all(kind)) for kind in KINDS} == before
    assert replayed(engine) == engine.state
    assert refusal.value.status == 400
    assert refusal.value.message.isprintable()
    return refusal.value.message


@pytest.mark.parametrize("seed", range(tries(24)))
def test_what_is_loaded_is_what_was_saved_as_every_describe_shows_it(seed: int) -> None:
    engine, again = full(seed), empty()
    data = snapshots.saved(engine, "", 7.0)
    told = load(again, data)
    assert again.state == engine.state
    for region in (HERE, THERE):
        assert described(again, OWNER, region) == described(engine, OWNER, region)
    assert told["replaced"] == 0
    assert sum(told["nouns"].values()) == len(read(data, "0.1.0").nouns)
    assert snapshots.saved(again, "", 7.0) == data


@pytest.mark.parametrize("seed", range(tries(12)))
def test_what_has_become_of_it_goes_back(seed: int) -> None:
    """In the place of what was done since, in any order."""
    engine = full(seed)
    before, data = described(engine, OWNER, HERE), snapshots.saved(engine, OWNER, 7.0)
    dice = random.Random(seed)
    for group in [one["GroupId"] for one in before["SecurityGroups"]["SecurityGroups"]]:
        rules = [r for r in before["SecurityGroupRules"]["SecurityGroupRules"] if r["GroupId"] == group]
        for rule in dice.sample(rules, min(1, len(rules))):
            way = "Egress" if rule["IsEgress"] else "Ingress"
            ids = {"GroupId": group, "SecurityGroupRuleIds": [rule["SecurityGroupRuleId"]]}
            engine.call(OWNER, HERE, f"RevokeSecurityGroup{way}", ids)
    engine.call(OWNER, HERE, "CreateVpc", {"CidrBlock": "10.99.0.0/16"})
    assert described(engine, OWNER, HERE) != before
    load(engine, data, replace=True)
    assert by_id(described(engine, OWNER, HERE)) == by_id(before)


def by_id(answers: Any) -> Any:
    """The same, whatever the order of what has an id is: what was taken away comes back as the last."""
    if isinstance(answers, dict):
        return {name: by_id(one) for name, one in answers.items()}
    return sorted(map(by_id, answers), key=repr) if isinstance(answers, list) else answers


def peered() -> tuple[Engine, str]:
    """Two accounts, whose VPCs are connected, and the connection."""
    engine = empty()
    vpcs = {
        owner: engine.call(owner, HERE, "CreateVpc", {"CidrBlock": f"10.{number}.0.0/16"})["Vpc"]["VpcId"]  # type: ignore[index]
        for number, owner in enumerate((OWNER, OTHER))
    }
    asked = {"VpcId": vpcs[OWNER], "PeerVpcId": vpcs[OTHER], "PeerOwnerId": OTHER}
    made = engine.call(OWNER, HERE, "CreateVpcPeeringConnection", asked)
    id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]  # type: ignore[index]
    engine.call(OTHER, HERE, "AcceptVpcPeeringConnection", {"VpcPeeringConnectionId": id})
    return engine, id


def test_an_account_by_itself_leaves_the_others_alone() -> None:
    engine, id = peered()
    other = described(engine, OTHER, HERE)
    data = snapshots.saved(engine, OWNER, 7.0)
    assert {noun.owner for noun in read(data, "0.1.0").nouns} == {OWNER}
    assert snapshots.forgotten(engine, OWNER) > 0
    assert not [noun for kind in KINDS for noun in engine.state.all(kind) if noun.owner == OWNER]
    assert engine.state.get(Peering, id) is None
    assert replayed(engine) == engine.state
    load(engine, data)
    assert described(engine, OTHER, HERE) == other
    assert engine.state.need(Peering, id).status == "active"


def test_a_connection_of_others_to_what_is_gone_has_ended() -> None:
    engine, id = peered()
    snapshots.forgotten(engine, OTHER)
    assert engine.state.need(Peering, id).status == "deleted"
    assert replayed(engine) == engine.state
    described(engine, OWNER, HERE)


def test_of_all_accounts_one_can_be_loaded() -> None:
    engine, again = peered()[0], empty()
    data = snapshots.saved(engine, "", 7.0)
    load(again, data, OTHER)
    assert {noun.owner for kind in KINDS for noun in again.state.all(kind)} == {OTHER}
    assert "nothing of account 000000000001" in refused(again, data, "000000000001")


def test_what_is_there_is_replaced_only_if_asked() -> None:
    engine, _ = peered()
    data = snapshots.saved(engine, "", 7.0)
    assert "--replace" in refused(engine, data)
    assert "--replace" in refused(engine, snapshots.saved(engine, OWNER, 7.0))
    assert load(engine, data, replace=True)["replaced"] > 0


def test_nobody_has_what_is_anothers() -> None:
    """An id, an address of the internet."""
    engine = empty()
    engine.call(OWNER, HERE, "AllocateAddress", {"Domain": "vpc"})
    data = snapshots.saved(engine, OWNER, 7.0)
    stolen = [noun.but(owner=OTHER) for noun in read(data, "0.1.0").nouns]
    assert f"is account {OWNER}'s here" in refused(engine, write(stolen, program="0.1.0", time=7.0), OTHER)
    renamed = [n.but(owner=OTHER, id=f"eipalloc-{7:017x}") for n in stolen if type(n).__name__ == "Address"]
    assert "would be there twice" in refused(engine, write(renamed, program="0.1.0", time=7.0), OTHER)


def test_a_newer_ones_is_refused_in_a_sentence() -> None:
    engine = full(1)
    nouns = read(snapshots.saved(engine, "", 7.0), "0.1.0").nouns
    newer = write(nouns, program="0.2.0", time=7.0)
    assert "a newer elastinet has written it ('0.2.0'): this is 0.1.0" in refused(empty(), newer)
    ours = write(nouns, program="0.1.0", time=7.0)
    other = ours.replace(b'{"format":%d,' % FORMAT, b'{"format":%d,' % (FORMAT + 1), 1)
    assert other.startswith(MAGIC)
    assert other != ours
    assert "a newer elastinet" in refused(empty(), other)
    older = write(nouns, program="0.0.9", time=7.0)
    load(empty(), older)


def test_a_larger_plants_hosts_are_not_here() -> None:
    engine = full(1)
    nouns = read(snapshots.saved(engine, "", 7.0), "0.1.0").nouns
    far = [noun.but(host=1 << 40) if getattr(noun, "host", None) is not None else noun for noun in nouns]
    assert "(option plant)" in refused(empty(), write(far, program="0.1.0", time=7.0))


def test_a_dedicated_host_keeps_its_instances() -> None:
    """In whatever order they are read: who is on it is not forgotten when it becomes a host of somebody's."""
    engine, again = empty(), empty()
    asked = {"InstanceType": "c5.large", "AvailabilityZone": f"{HERE}a", "Quantity": 1}
    (host,) = engine.call(OWNER, HERE, "AllocateHosts", asked)["HostIds"]  # type: ignore[index]
    (image, *_) = engine.call(OWNER, HERE, "DescribeImages", {})["Images"]  # type: ignore[index]
    placement = {"Tenancy": "host", "HostId": host}
    launch = {"ImageId": image["ImageId"], "InstanceType": "c5.large", "MinCount": 2, "MaxCount": 2}
    engine.call(OWNER, HERE, "RunInstances", launch | {"Placement": placement})
    load(again, snapshots.saved(engine, "", 7.0))
    assert again.plants.zone(f"{HERE}a").uses == engine.plants.zone(f"{HERE}a").uses
    ids = [i.id for i in again.state.all(Instance)]
    again.call(OWNER, HERE, "TerminateInstances", {"InstanceIds": ids})


def test_an_accounts_twin_is_a_state_like_any_other() -> None:
    """With ids, types and things of its own that elastinet would not make."""
    original = dumped(DUMP)
    engine, again = engine_of(original.state), empty()
    load(again, snapshots.saved(engine, "", 7.0))
    assert again.state == engine.state


def test_what_people_may_call_things() -> None:
    """Names with all characters that EC2 and IAM take: of a profile's path, a group, a tag, a description."""
    engine, again = empty(), empty()
    path = "/!\"#$%&'()*+,-.:;<=>?@[]^_`{|}~/"
    engine.call(OWNER, HERE, "CreateInstanceProfile", {"InstanceProfileName": "a+=,.@-_b", "Path": path})
    (image, *_) = engine.call(OWNER, HERE, "DescribeImages", {})["Images"]  # type: ignore[index]
    launch = {"ImageId": image["ImageId"], "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    profile = {"IamInstanceProfile": {"Name": "a+=,.@-_b"}}
    tags = [{"Key": "\u00e9 \u4e16\n", "Value": "\x1b'\"; x"}]
    named = {"ResourceType": "instance", "Tags": tags}
    engine.call(OWNER, HERE, "RunInstances", launch | profile | {"TagSpecifications": [named]})
    (vpc,) = engine.call(OWNER, HERE, "DescribeVpcs", {})["Vpcs"]  # type: ignore[index]
    group = {
        "GroupName": "._-:/()#,@[]+=&;{}!$*",
        "Description": "._-:/()#,@[]+=&;{}!$*",
        "VpcId": vpc["VpcId"],
    }
    engine.call(OWNER, HERE, "CreateSecurityGroup", group)
    load(again, snapshots.saved(engine, "", 7.0))
    assert again.state == engine.state
