"""kill -9 at any moment: every acknowledged change is there after the restart, and nothing half-done is."""

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectionError as Lost
from botocore.exceptions import HTTPClientError
from botocore.parsers import ResponseParserError
from choice import REGION
from region_moves import IMAGE

from commands import wait_until
from served import Served, new_account
from wholeness import check_references, kept

ROUNDS, CLIENTS, BATCH = 6, 4, 7
LONGEST_LIFE_SECONDS = 0.6


class Worker(threading.Thread):
    """A client that works until the server dies, or is told to stop, and remembers what it has been promised."""

    def __init__(self, server: Served, seed: int) -> None:
        super().__init__()
        self.ec2 = client(server)
        self.stopping = False
        self.dice = random.Random(seed)
        self.interfaces: set[str] = set()
        self.deleted: set[str] = set()
        self.reservations: dict[str, list[str]] = {}
        self.promises = 0
        self.tag_kept: str | None = None
        self.tag_gone: str | None = None

    def run(self) -> None:
        try:
            subnet = self.ec2.describe_subnets()["Subnets"][0]["SubnetId"]
            while not self.stopping:
                self.dice.choice([self.make, self.make, self.delete, self.tag, self.launch])(subnet)
        except (Lost, HTTPClientError, ResponseParserError):
            pass  # no answer, or a part of one: whether this request was heard, nobody knows

    def make(self, subnet: str) -> None:
        made = self.ec2.create_network_interface(SubnetId=subnet)
        self.interfaces.add(made["NetworkInterface"]["NetworkInterfaceId"])
        self.promises += 1

    def delete(self, subnet: str) -> None:
        if self.interfaces:
            id = self.interfaces.pop()  # from now on in doubt
            self.ec2.delete_network_interface(NetworkInterfaceId=id)
            self.deleted.add(id)

    def tag(self, subnet: str) -> None:
        key = f"{self.dice.getrandbits(40):x}"
        self.ec2.create_tags(Resources=[subnet], Tags=[{"Key": key, "Value": "kept"}])
        self.tag_kept = key
        if self.dice.random() < 0.9:  # a resource has 50 tags at the most
            self.tag_kept = None
            self.ec2.delete_tags(Resources=[subnet], Tags=[{"Key": key}])
            self.tag_gone = key

    def launch(self, subnet: str) -> None:
        fields = {"ImageId": IMAGE, "InstanceType": "t3.micro", "SubnetId": subnet}
        made = self.ec2.run_instances(MinCount=BATCH, MaxCount=BATCH, **fields)
        self.reservations[made["ReservationId"]] = [i["InstanceId"] for i in made["Instances"]]
        self.promises += 1

    # --- after the restart ------------------------------------------------------------------------

    def check(self) -> None:
        """Every promise is kept."""
        pages = self.ec2.get_paginator("describe_network_interfaces").paginate(
            PaginationConfig={"PageSize": 1000}
        )
        there = {i["NetworkInterfaceId"] for page in pages for i in page["NetworkInterfaces"]}
        assert self.interfaces <= there
        assert not self.deleted & there
        found = {r["ReservationId"]: r["Instances"] for r in self.ec2.describe_instances()["Reservations"]}
        for id, instances in self.reservations.items():
            assert [i["InstanceId"] for i in found[id]] == instances
        keys = {tag["Key"] for tag in self.ec2.describe_tags()["Tags"]}
        assert self.tag_kept is None or self.tag_kept in keys
        assert self.tag_gone not in keys
        self.check_wholeness(found)

    def check_wholeness(self, found: dict[str, list[dict[str, Any]]]) -> None:
        """What nobody was promised is there as a whole or not at all."""
        for instances in found.values():
            assert len(instances) == BATCH
            assert all(len(i["NetworkInterfaces"]) == 1 for i in instances)


def client(server: Served) -> Any:
    """A client that neither retries nor waits for anything to settle."""
    key = {"aws_access_key_id": new_account(), "aws_secret_access_key": "x", "region_name": REGION}
    config = Config(retries={"max_attempts": 0})
    return boto3.client("ec2", endpoint_url=server.url, config=config, **key)


@pytest.mark.timeout(180)
def test_kill_9(serve: Callable[..., Served], tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    dice = random.Random(9)
    server = serve(state=str(folder), quotas="unlimited")
    veterans: list[Worker] = []
    for round in range(ROUNDS):
        workers = [Worker(server, 100 * round + number) for number in range(CLIENTS)]
        for worker in workers:
            worker.start()
        wait_until(lambda workers=workers: any(worker.promises for worker in workers))
        time.sleep(dice.uniform(0.05, LONGEST_LIFE_SECONDS))
        server.process.kill()
        server.process.wait()
        check_references(kept(folder))
        # The socket outlives the process, as under the supervisor: who connects now is served later.
        server.start()
        for worker in workers:
            worker.stopping = True
            worker.join()
        veterans += workers
        for worker in veterans:
            worker.check()
    still_usable(server)


def still_usable(server: Served) -> None:
    ec2 = client(server)
    made = ec2.run_instances(ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1)
    ec2.get_waiter("instance_running").wait(InstanceIds=[made["Instances"][0]["InstanceId"]])
