"""Clients that change things all the time, and remember what they have been promised."""

import contextlib
import random
import threading
import time
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as Lost
from botocore.parsers import ResponseParserError

from world import World

Fact = tuple[str, ...]
GAP_SECONDS = 0.02
MOST_OWN = 3
TAG_KEYS = 20


class Load(threading.Thread):
    """One client. What it has been promised is in `facts`; what is not known for certain is not."""

    def __init__(self, world: World, place: Any, instances: list[str], seed: str) -> None:
        super().__init__()
        self.world, self.place, self.instances = world, place, instances
        self.dice = random.Random(seed)
        self.facts: dict[Fact, Any] = {}
        self.acknowledged = self.refused = self.unheard = 0
        self.errors: list[Exception] = []
        self._stopping, self._going, self._idle = threading.Event(), threading.Event(), threading.Event()
        self._going.set()

    def run(self) -> None:
        """Work until told to stop; no server is a reason to wait."""
        while not self._stopping.is_set():
            if not self._going.is_set():
                self._idle.set()
            self._going.wait()
            self._idle.clear()
            try:
                self.dice.choice(MOVES)(self)
            except Exception as error:
                self.errors.append(error)
                break
            time.sleep(GAP_SECONDS)
        self._idle.set()

    @contextlib.contextmanager
    def pausing(self) -> Any:
        """Have it do nothing for a while."""
        self._going.clear()
        assert self._idle.wait(90), "a request that never ends"
        try:
            yield
        finally:
            self._going.set()

    def stop(self) -> None:
        """Let the last request end."""
        self._stopping.set()
        self._going.set()
        self.join(90)
        assert not self.is_alive(), "a request that never ends"
        assert not self.errors, self.errors

    def _do(self, doubted: list[Fact], call: Callable[[Any], dict[Fact, Any]]) -> None:
        """Ask for a change: what it is about is in doubt until it has been answered."""
        before = {fact: self.facts.pop(fact) for fact in doubted if fact in self.facts}
        try:
            self.facts |= call(self.world.ec2)
            self.acknowledged += 1
        except ClientError:
            self.facts |= before
            self.refused += 1
        except (Lost, HTTPClientError, ResponseParserError):
            self.unheard += 1
            time.sleep(0.1)

    def _one(self, kind: str, value: Any) -> str | None:
        """Something that there is, by what is known of it."""
        found = [fact[1] for fact, known in self.facts.items() if fact[0] == kind and known == value]
        return self.dice.choice(found) if found else None

    def make(self) -> None:
        """Make an interface."""

        def call(ec2: Any) -> dict[Fact, Any]:
            made = ec2.create_network_interface(SubnetId=self.place.right, Groups=[self.place.group])
            id = made["NetworkInterface"]["NetworkInterfaceId"]
            return {("nic", id): True, ("at", id): ""}

        self._do([], call)

    def delete(self) -> None:
        """Delete an interface that is in no instance."""
        if id := self._one("at", ""):

            def call(ec2: Any) -> dict[Fact, Any]:
                ec2.delete_network_interface(NetworkInterfaceId=id)
                return {("nic", id): False}

            self._do([fact for fact in self.facts if id in fact], call)

    def attach(self) -> None:
        """Attach an interface to an instance that has none from here."""
        taken = {known for fact, known in self.facts.items() if fact[0] == "at"}
        free = [one for one in self.instances if one not in taken]
        if free and (id := self._one("at", "")):
            instance = self.dice.choice(free)
            given = {"NetworkInterfaceId": id, "InstanceId": instance, "DeviceIndex": 1}

            def call(ec2: Any) -> dict[Fact, Any]:
                ec2.attach_network_interface(**given)
                return {("at", id): instance}

            self._do([("at", id)], call)

    def detach(self) -> None:
        """Detach one of them."""
        attached = [fact[1] for fact, known in self.facts.items() if fact[0] == "at" and known]
        if attached:
            id = self.dice.choice(attached)

            def call(ec2: Any) -> dict[Fact, Any]:
                (shown,) = ec2.describe_network_interfaces(NetworkInterfaceIds=[id])["NetworkInterfaces"]
                ec2.detach_network_interface(AttachmentId=shown["Attachment"]["AttachmentId"])
                return {("at", id): ""}

            self._do([("at", id)], call)

    def assign(self) -> None:
        """Give an interface one more address."""
        if id := self._one("nic", True):

            def call(ec2: Any) -> dict[Fact, Any]:
                given = {"NetworkInterfaceId": id, "SecondaryPrivateIpAddressCount": 1}
                (told,) = ec2.assign_private_ip_addresses(**given)["AssignedPrivateIpAddresses"]
                return {("ip", id, told["PrivateIpAddress"]): True}

            self._do([], call)

    def unassign(self) -> None:
        """Take an address away."""
        assigned = [fact for fact, known in self.facts.items() if fact[0] == "ip" and known]
        if assigned:
            fact = self.dice.choice(assigned)

            def call(ec2: Any) -> dict[Fact, Any]:
                ec2.unassign_private_ip_addresses(NetworkInterfaceId=fact[1], PrivateIpAddresses=[fact[2]])
                return {fact: False}

            self._do([fact], call)

    def launch(self) -> None:
        """Launch an instance; there are few at a time."""
        own = sum(known is True for fact, known in self.facts.items() if fact[0] == "instance")
        if own < MOST_OWN:
            given = {"ImageId": self.world.image, "InstanceType": "c5.large", "SubnetId": self.place.left}

            def call(ec2: Any) -> dict[Fact, Any]:
                (made,) = ec2.run_instances(MinCount=1, MaxCount=1, **given)["Instances"]
                return {("instance", made["InstanceId"]): True}

            self._do([], call)

    def terminate(self) -> None:
        """Terminate one of its own."""
        if id := self._one("instance", True):

            def call(ec2: Any) -> dict[Fact, Any]:
                ec2.terminate_instances(InstanceIds=[id])
                return {("instance", id): False}

            self._do([("instance", id)], call)

    def tag(self) -> None:
        """Tag the VPC."""
        key, value = f"k{self.dice.randrange(TAG_KEYS)}-{self.name}", f"{self.dice.getrandbits(32)}"

        def call(ec2: Any) -> dict[Fact, Any]:
            ec2.create_tags(Resources=[self.place.id], Tags=[{"Key": key, "Value": value}])
            return {("tag", key): value}

        self._do([("tag", key)], call)

    def lost(self) -> list[tuple[Fact, Any]]:
        """The promises that are not kept."""
        there = seen(self.world.ec2)
        return [(fact, known) for fact, known in self.facts.items() if there.get(fact, False) != known]


MOVES: tuple[Callable[[Load], None], ...] = (
    *(Load.make, Load.make, Load.delete, Load.attach, Load.attach, Load.detach, Load.assign, Load.unassign),
    *(Load.launch, Load.terminate, Load.tag),
)


def seen(ec2: Any) -> dict[Fact, Any]:
    """What there is, as facts."""
    found: dict[Fact, Any] = {}
    for page in ec2.get_paginator("describe_network_interfaces").paginate():
        for one in page["NetworkInterfaces"]:
            id = one["NetworkInterfaceId"]
            found |= {("nic", id): True, ("at", id): one.get("Attachment", {}).get("InstanceId", "")}
            found |= {("ip", id, ip["PrivateIpAddress"]): True for ip in one["PrivateIpAddresses"]}
    for reservation in ec2.describe_instances()["Reservations"]:
        for instance in reservation["Instances"]:
            alive = instance["State"]["Name"] not in ("shutting-down", "terminated")
            found["instance", instance["InstanceId"]] = alive
    return found | {("tag", tag["Key"]): tag["Value"] for tag in ec2.describe_tags()["Tags"]}
