"""A journal that is lost, cut, damaged or another's: said in a sentence, and no disk is deleted for it."""

import asyncio
import json
import shutil
import sqlite3
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from commands import NONE, Run, refused, told
from elastinet.engine import Engine
from elastinet.fabric.messages import Desire, Measure
from elastinet.reconcile import Reconciler
from elastinet.store import Journal, NoJournal, open_journal

NOTHING = ("--fabric", "none", "--port", "0")


def client(url: str) -> Any:
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("ec2", endpoint_url=url, **key)


class Kept:
    """A state with some VPCs and a disk, as a server has left it."""

    def __init__(self, run: Run, folder: Path) -> None:
        self.run, self.folder = run, folder
        self.disks, self.journal = folder / "disks", folder / "journal.sqlite"
        self.options = ("--state", str(folder))

    def start(self) -> Any:
        return client(told(self.run("start", *NONE, *self.options))["url"])

    def stop(self) -> None:
        told(self.run("stop", "--json", *self.options))

    def kill(self) -> None:
        """End all of the server at once, as a power cut would."""
        pid = told(self.run("status", "--json", *self.options))["pid"]
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            subprocess.run(["kill", "-STOP", str(pid)], check=True)
            subprocess.run(["kill", "-KILL", child, str(pid)], check=True)
        for name in ("server.json", "lock"):
            (self.folder / name).unlink()

    def fill(self) -> str:
        """Have an instance, and a disk as the agent would make it."""
        ec2 = self.start()
        image = ec2.describe_images()["Images"][0]["ImageId"]
        (made,) = ec2.run_instances(ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1)[
            "Instances"
        ]
        id = str(made["InstanceId"])
        self.give_disk(id)
        return id

    def give_disk(self, id: str) -> None:
        (self.disks / id / "root").mkdir(parents=True)
        (self.disks / id / "root" / "precious").write_text(id)

    def has(self, id: str) -> bool:
        return (self.disks / id / "root" / "precious").read_text() == id

    def instances(self) -> list[str]:
        ec2 = self.start()
        found = ec2.describe_instances()["Reservations"]
        self.stop()
        return [instance["InstanceId"] for one in found for instance in one["Instances"]]


@pytest.fixture
def kept(run: Run, tmp_path: Path) -> Kept:
    return Kept(run, tmp_path / "state")


def test_a_stop_leaves_a_journal_that_is_whole_by_itself(kept: Kept) -> None:
    id = kept.fill()
    kept.stop()
    assert {path.name for path in kept.folder.iterdir() if path.name.startswith("journal")} == {
        "journal.sqlite"
    }
    with sqlite3.connect(f"file:{kept.journal}?immutable=1", uri=True) as file:
        (lines,) = file.execute("SELECT count(*) FROM journal").fetchone()
    file.close()
    assert lines > 1
    assert kept.instances() == [id]


@pytest.mark.parametrize("when", ["at once", "after a restart"])
def test_without_what_was_written_ahead_it_is_refused_and_the_disks_stay(when: str, kept: Kept) -> None:
    id = kept.fill()
    if when == "after a restart":
        kept.stop()
        kept.start().create_vpc(CidrBlock="10.9.0.0/16")
    kept.kill()
    saved = kept.folder / "saved"
    (kept.folder / "journal.sqlite-wal").rename(saved)
    if when == "at once":
        refused(kept.run("start", *NOTHING, *kept.options), 1, "journal is empty", "journal.sqlite-wal")
        assert kept.has(id)
        shutil.move(saved, kept.folder / "journal.sqlite-wal")
    assert kept.instances() == [id]
    assert kept.has(id)


def test_a_new_journal_beside_old_disks_is_refused(kept: Kept) -> None:
    id = kept.fill()
    kept.stop()
    kept.journal.unlink()
    for _ in range(2):
        refused(kept.run("start", *NOTHING, *kept.options), 1, "another world's", "state repair")
    assert kept.has(id)


def test_a_new_journal_beside_disks_without_a_mark_is_refused(kept: Kept) -> None:
    kept.give_disk("i-0123")
    refused(kept.run("start", *NOTHING, *kept.options), 1, "journal is empty", "1 disks")
    assert kept.has("i-0123")


def test_an_old_copy_of_the_journal_is_refused(kept: Kept) -> None:
    kept.fill()
    kept.stop()
    copy = kept.folder / "copy"
    shutil.copy(kept.journal, copy)
    ec2 = kept.start()
    ec2.create_vpc(CidrBlock="10.9.0.0/16")
    kept.stop()
    shutil.copy(copy, kept.journal)
    refused(kept.run("start", *NOTHING, *kept.options), 1, "has lost its end")


def test_a_reset_is_no_loss(kept: Kept) -> None:
    kept.fill()
    port = str(told(kept.run("status", "--json", *kept.options))["url"].rpartition(":")[2])
    told(kept.run("reset", "--json", "--port", port))
    kept.kill()
    assert kept.instances() == []


def test_a_journal_from_before_there_were_marks_gets_one(kept: Kept) -> None:
    id = kept.fill()
    kept.stop()
    (kept.disks / ".world").unlink()
    with sqlite3.connect(kept.journal) as file:
        file.execute("DROP TABLE world")
    file.close()
    assert kept.instances() == [id]
    assert json.loads((kept.disks / ".world").read_text())


class Told:
    """A fabric that remembers what it was told to delete."""

    def __init__(self) -> None:
        self.scrap: set[str] = set()

    def send(self, message: Desire | Measure) -> None:
        if isinstance(message, Desire):
            self.scrap |= set(message.scrap)


def handed_over(journal: Journal, disks: Path) -> set[str]:
    """The disks that a fabric is to delete when it comes."""

    async def go() -> set[str]:
        told = Told()
        Reconciler(Engine(journal), told, disks).hand_over()
        return told.scrap

    return asyncio.run(go())


def test_a_disk_that_the_journal_does_not_know_is_moved_aside_and_never_deleted(kept: Kept) -> None:
    kept.folder.mkdir()
    for again in ("", ".2", ".3"):
        kept.give_disk("i-0123")
        journal = open_journal(kept.folder)
        assert handed_over(journal, kept.disks) == set()
        journal.close()
        assert not (kept.disks / "i-0123").exists()
        assert (kept.disks / ".unknown" / f"i-0123{again}" / "root" / "precious").read_text() == "i-0123"


def test_the_disk_of_a_terminated_instance_is_deleted(kept: Kept) -> None:
    id = kept.fill()
    kept.stop()
    ec2 = kept.start()
    ec2.terminate_instances(InstanceIds=[id])
    kept.stop()
    journal = open_journal(kept.folder)
    assert handed_over(journal, kept.disks) == {id}
    journal.close()


def test_where_nothing_is_kept_nothing_is_moved_aside(kept: Kept) -> None:
    kept.give_disk("i-0123")
    assert handed_over(NoJournal(), kept.disks) == {"i-0123"}
