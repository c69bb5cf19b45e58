"""What only today's edition of the rules refuses, because the other one does not know it at all."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from catalogue import Refusal
from test_refusals import check

from scene import NONE, picture
from served import Served

ON, UDP = {"EnaSrdEnabled": True}, {"EnaSrdUdpSpecification": {"EnaSrdUdpEnabled": True}}
NO_EXPRESS = ("does not support ENA Express",)
ENABLED_FIRST = ("ENA Express for UDP traffic requires that ENA Express is enabled",)
NO_WEIGHTING = ("does not support the bandwidth weighting vpc-1",)
NOT_STOPPED = ("is not in the 'stopped' state.",)


def to(index: int, instance: str, spec: Any) -> Any:
    return lambda s: {
        "NetworkInterfaceId": s.free, "InstanceId": s[instance], "DeviceIndex": index, "EnaSrdSpecification": spec,
    }  # fmt: skip


def change(interface: str, spec: Any) -> Any:
    return lambda s: {"NetworkInterfaceId": s[interface], "EnaSrdSpecification": spec}


def launch(type_name: str, spec: Any) -> Any:
    return lambda s: (
        s.launching(type_name) | {"NetworkInterfaces": [{"DeviceIndex": 0, "EnaSrdSpecification": spec}]}
    )


def weigh(instance: str, weighting: str = "vpc-1") -> Any:
    return lambda s: {"InstanceId": s[instance], "BandwidthWeighting": weighting}


def retype(instance: str, type_name: str) -> Any:
    return lambda s: {"InstanceId": s[instance], "InstanceType": {"Value": type_name}}


ATTACH, CHANGE, LAUNCH = "attach_network_interface", "modify_network_interface_attribute", "run_instances"
WEIGH, RETYPE = "modify_instance_network_performance_options", "modify_instance_attribute"
COMBINATION, STATE = "InvalidParameterCombination", "IncorrectInstanceState"

ROOM = ("EFA interface count 2 exceeds the limit for",)
NO_ADDRESSES = ("EFA-only network interfaces do not support IP addresses.",)
NOT_AT_REST = ("is not 'stopped'.",)


def fit(part: str, instance: str, card: int = 0) -> Any:
    return lambda s: {
        "NetworkInterfaceId": s[part], "InstanceId": s[instance], "DeviceIndex": 5, "NetworkCardIndex": card,
    }  # fmt: skip


def only(**more: Any) -> Any:
    return lambda s: {"NetworkInterfaceId": s["efa_only"]} | more


def launch_efas(type_name: str, *kinds: str, **more: Any) -> Any:
    specs = [{"DeviceIndex": index, "InterfaceType": kind} for index, kind in enumerate(kinds)]
    return lambda s: s.launching(type_name) | {"NetworkInterfaces": specs} | more


EFAS = (
    Refusal("IncorrectState", NOT_AT_REST, ATTACH, fit("efa_only", "fabric")),
    Refusal("IncorrectState", NOT_AT_REST, ATTACH, fit("efa", "big")),
    Refusal("IncorrectState", NOT_AT_REST, "detach_network_interface",
            lambda s: {"AttachmentId": s["efa_bond"]}),
    Refusal("IncorrectState", NOT_AT_REST, "detach_network_interface",
            lambda s: {"AttachmentId": s["efa_bond"], "Force": True}),
    Refusal("UnsupportedOperation", ("EFA interfaces are not supported on m6i.8xlarge",), ATTACH,
            fit("efa", "stopped")),
    Refusal("UnsupportedOperation", ("EFA interfaces are not supported on m5.large",), RETYPE,
            retype("fabric_off", "m5.large")),
    Refusal("AttachmentLimitExceeded", (*ROOM, "network card 0 of c6in.32xlarge"), ATTACH,
            fit("efa_only", "fabric_off")),
    Refusal("AttachmentLimitExceeded", (*ROOM, "network card 0 of c6in.32xlarge"), LAUNCH,
            launch_efas("c6in.32xlarge", "efa", "efa-only")),
    Refusal("InvalidParameterValue", ("networkCardIndex",), ATTACH, fit("efa", "fabric_off", 2)),
    Refusal("UnsupportedOperation", ("EFA interfaces are not supported on m5.large",), LAUNCH,
            launch_efas("m5.large", "interface", "efa-only")),
    Refusal(COMBINATION, ("cannot be the primary network interface",), LAUNCH,
            launch_efas("c5n.18xlarge", "efa-only")),
    Refusal("InvalidParameterValue", ("is of the type 'interface'",), LAUNCH,
            lambda s: s.launching("c5n.18xlarge") | {"NetworkInterfaces": [
                {"DeviceIndex": 0, "NetworkInterfaceId": s["free"], "InterfaceType": "efa"}]}),
    Refusal(COMBINATION, NO_ADDRESSES, "create_network_interface",
            lambda s: {"SubnetId": s["subnet"], "InterfaceType": "efa-only", "PrivateIpAddress": "172.31.0.9"}),
    Refusal(COMBINATION, NO_ADDRESSES, "assign_private_ip_addresses", only(SecondaryPrivateIpAddressCount=1)),
    Refusal(COMBINATION, NO_ADDRESSES, "assign_ipv6_addresses", only(Ipv6AddressCount=1)),
    Refusal(COMBINATION, NO_ADDRESSES, CHANGE, only(AssociatePublicIpAddress=True)),
    Refusal(COMBINATION, NO_ADDRESSES, CHANGE, only(EnablePrimaryIpv6=True)),
    Refusal(COMBINATION, ("EFA-only network interfaces do not support ENA Express.",), CHANGE,
            only(EnaSrdSpecification=ON)),
)  # fmt: skip

REFUSALS = (
    *EFAS,
    Refusal(COMBINATION, NO_EXPRESS, ATTACH, to(1, "small", ON)),
    Refusal(COMBINATION, ENABLED_FIRST, ATTACH, to(2, "big", UDP)),
    Refusal("InvalidParameterValue", ("is currently in use",), ATTACH,
            lambda s: to(2, "big", ON)(s) | {"NetworkInterfaceId": s["second"]}),
    Refusal(COMBINATION, NO_EXPRESS, CHANGE, change("small_eni", ON)),
    Refusal(COMBINATION, ENABLED_FIRST, CHANGE, change("second", {"EnaSrdEnabled": False} | UDP)),
    Refusal("IncorrectState", ("is not attached to an instance.",), CHANGE, change("free", ON)),
    Refusal(COMBINATION, ("only one can be changed",), CHANGE,
            lambda s: change("second", ON)(s) | {"SourceDestCheck": {"Value": False}}),
    Refusal("InvalidNetworkInterfaceID.NotFound", (NONE,), CHANGE,
            lambda s: {"NetworkInterfaceId": f"eni-{NONE}", "EnaSrdSpecification": ON}),
    Refusal(COMBINATION, NO_EXPRESS, LAUNCH, launch("m5.large", ON)),
    Refusal(COMBINATION, ENABLED_FIRST, LAUNCH, launch("m6i.8xlarge", UDP)),
    Refusal(COMBINATION, NO_EXPRESS, RETYPE, retype("stopped", "m8i.large")),
    Refusal(COMBINATION, NO_WEIGHTING, RETYPE, retype("weighted", "m5.large")),
    Refusal(COMBINATION, NO_WEIGHTING, LAUNCH,
            lambda s: s.launching("m5.large") | {"NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"}}),
    Refusal("InvalidParameterValue", ("vpc-2",), LAUNCH,
            lambda s: s.launching("m8i.large") | {"NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-2"}}),
    Refusal(STATE, NOT_STOPPED, WEIGH, weigh("small")),
    Refusal(COMBINATION, NO_WEIGHTING, WEIGH, weigh("stopped")),
    Refusal("InvalidParameterValue", ("vpc-2",), WEIGH, weigh("weighted", "vpc-2")),
    Refusal("InvalidInstanceID.NotFound", (NONE,), WEIGH,
            lambda s: {"InstanceId": f"i-{NONE}", "BandwidthWeighting": "vpc-1"}),
    Refusal("MissingParameter", ("BandwidthWeighting",), WEIGH, lambda s: {"InstanceId": s["weighted"]}),
    Refusal("DryRunOperation", (), WEIGH, lambda s: weigh("weighted")(s) | {"DryRun": True}, 412),
)  # fmt: skip


class Scene2026(SimpleNamespace):
    """Instances with and without what the edition knows, by the part that each plays."""

    def __init__(self, ec2: Any) -> None:
        super().__init__(ec2=ec2)
        (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
            "Images"
        ]
        self.image = image["ImageId"]
        (self.small, self.small_eni), (self.big, _) = self._launch("m5.large"), self._launch("m6i.8xlarge")
        subnet = ec2.describe_network_interfaces(NetworkInterfaceIds=[self.small_eni])["NetworkInterfaces"][0]
        ids = [
            ec2.create_network_interface(SubnetId=subnet["SubnetId"])["NetworkInterface"][
                "NetworkInterfaceId"
            ]
            for _ in range(2)
        ]
        self.free, self.second = ids
        where = {"NetworkInterfaceId": self.second, "InstanceId": self.big, "DeviceIndex": 1}
        ec2.attach_network_interface(**where, EnaSrdSpecification=ON | UDP)
        self.stopped, eni = self._launch("m6i.8xlarge")
        ec2.modify_network_interface_attribute(NetworkInterfaceId=eni, EnaSrdSpecification=ON)
        options = {"NetworkPerformanceOptions": {"BandwidthWeighting": "vpc-1"}}
        self.weighted, _ = self._launch("m8i.large", **options)
        self._efas(subnet["SubnetId"])
        ec2.stop_instances(InstanceIds=[self.stopped, self.weighted, self.fabric_off])

    def _efas(self, subnet: str) -> None:
        """EFAs that are free, one in an instance that runs, one in an instance that does not."""
        self.subnet = subnet
        made = [
            self.ec2.create_network_interface(SubnetId=subnet, InterfaceType=kind)["NetworkInterface"]
            for kind in ("efa", "efa-only")
        ]
        self.efa, self.efa_only = (one["NetworkInterfaceId"] for one in made)
        specs = [{"DeviceIndex": 0}, {"DeviceIndex": 1, "InterfaceType": "efa"}]
        self.fabric, _ = self._launch("c5n.18xlarge", NetworkInterfaces=specs)
        asked = [{"Name": "attachment.instance-id", "Values": [self.fabric]}]
        asked.append({"Name": "interface-type", "Values": ["efa"]})
        (there,) = self.ec2.describe_network_interfaces(Filters=asked)["NetworkInterfaces"]
        self.efa_bond = there["Attachment"]["AttachmentId"]
        self.fabric_off, _ = self._launch("c6in.32xlarge", NetworkInterfaces=specs)

    def __getitem__(self, name: str) -> Any:
        return getattr(self, name)

    def launching(self, type_name: str) -> dict[str, Any]:
        return {"ImageId": self.image, "InstanceType": type_name, "MinCount": 1, "MaxCount": 1}

    def _launch(self, type_name: str, **more: Any) -> tuple[str, str]:
        (made,) = self.ec2.run_instances(**self.launching(type_name), **more)["Instances"]
        return made["InstanceId"], made["NetworkInterfaces"][0]["NetworkInterfaceId"]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene2026]:
    served = Served(tmp_path_factory.mktemp("edition"), rules="2026")
    yield Scene2026(served.client())
    served.stop()


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.name)
def test_refused(scene: Any, before: dict[str, bytes], refusal: Refusal) -> None:
    check(scene, refusal)
    assert picture(scene.ec2) == before
