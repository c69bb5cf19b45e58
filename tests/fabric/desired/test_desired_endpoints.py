"""Interface endpoints of a state, as the agent is told them: appliances where something answers."""

from msgspec.structs import replace

from compiled import planned
from elastinet.fabric.compile.items import Chain
from elastinet.fabric.contract.keys import Key
from elastinet.fabric.contract.names import host_link
from elastinet.fabric.contract.objects import Appliance, Interface
from elastinet.fabric.desired.desired import build, everything
from elastinet.fabric.desired.touching import touched
from elastinet.model.change import Change
from elastinet.model.interface import NetworkInterface
from elastinet.rules.presence import has_network
from small_region import Region

HERE = "com.amazonaws.us-east-1"


class Place:
    """A VPC with two subnets, each in a zone."""

    def __init__(self, *, api_inside: bool = True) -> None:
        self.region = Region()
        self.settings = replace(self.region.settings, api_inside=api_inside)
        self.vpc = self.region.vpc("10.0.0.0/16")
        blocks = (("10.0.1.0/24", "a"), ("10.0.2.0/24", "b"))
        self.subnets = [self.region.subnet(self.vpc, block, zone=zone) for block, zone in blocks]

    def endpoint(self, service: str) -> list[str]:
        asked = {
            "VpcEndpointType": "Interface",
            "ServiceName": f"{HERE}.{service}",
            "PrivateDnsEnabled": False,
        }
        made = self.region.call("CreateVpcEndpoint", VpcId=self.vpc, SubnetIds=self.subnets, **asked)
        self.id = made["VpcEndpoint"]["VpcEndpointId"]
        return sorted(made["VpcEndpoint"]["NetworkInterfaceIds"])

    def told(self) -> tuple[list[Appliance], list[Interface]]:
        made = everything(self.region.state, self.settings).values()
        appliances = [one for one in made if isinstance(one, Appliance)]
        interfaces = [one for one in made if isinstance(one, Interface)]
        by_id = lambda one: one.id  # noqa: E731
        return sorted(appliances, key=by_id), sorted(interfaces, key=by_id)


def test_each_interface_is_an_appliance() -> None:
    place = Place()
    ids = place.endpoint("ssm")
    appliances, interfaces = place.told()
    assert appliances == [Appliance(id, place.vpc, serves=True) for id in ids]
    assert [(one.id, one.guest, one.primary_subnet) for one in interfaces] == [(id, id, "") for id in ids]
    assert all(one.groups for one in interfaces)
    place.region.call("DeleteVpcEndpoints", VpcEndpointIds=[place.id])
    assert place.told() == ([], [])


def test_what_a_change_touches_is_enough() -> None:
    """Created, in one subnet less, deleted: building what was touched gives the same as building all."""
    place = Place()
    have = everything(place.region.state, place.settings)

    def follow(changes: list[Change]) -> None:
        keys = {key for change in changes for key in touched(place.region.state, change, have)}
        for key in keys:
            have.pop(key, None)
            if made := build(place.region.state, key, place.settings):
                have[key] = made

    place.region.engine.followers.append(follow)
    place.endpoint("ec2")
    counts = [len(place.told()[0])]
    for action in ("ModifyVpcEndpoint", "DeleteVpcEndpoints"):
        assert have == everything(place.region.state, place.settings)
        fewer = {"VpcEndpointId": place.id, "RemoveSubnetIds": place.subnets[:1]}
        place.region.call(
            action, **(fewer if action == "ModifyVpcEndpoint" else {"VpcEndpointIds": [place.id]})
        )
        counts.append(len(place.told()[0]))
    assert have == everything(place.region.state, place.settings)
    assert counts == [2, 1, 0]


def test_of_other_services_they_are_recorded() -> None:
    place = Place()
    place.endpoint("ec2messages")
    assert place.told() == ([], [])
    assert not has_network(place.region.state, place.vpc)


def test_without_the_api_inside_they_are_recorded() -> None:
    place = Place(api_inside=False)
    place.endpoint("ec2")
    assert place.told() == ([], [])


def test_groups_are_asked_and_it_says_nothing_of_its_own() -> None:
    """The router asks its groups as an instance's; its own namespace forwards nothing."""
    place = Place()
    (id, _) = place.endpoint("sts")
    plan = planned(place.region.state, place.settings)
    interface = place.region.state.need(NetworkInterface, id)
    chains = {item.name: item for item in plan.items[place.vpc].values() if isinstance(item, Chain)}
    asked = chains[f"{host_link(id)}_in"]
    (group,) = interface.groups
    assert f"jump {group.replace('-', '_')}_in" in asked.rules
    assert asked.rules[-1] == "goto refused"
    own = {item.name: item.rules for item in plan.items[id].values() if isinstance(item, Chain)}
    assert own["forward"] == ()
    assert plan.timeouts(id) == {}
    assert Key("appliance", id) in plan.view.objects
