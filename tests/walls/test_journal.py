"""A journal that is lost, cut, damaged or another's: said in a sentence, and no disk is deleted for it."""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest

from commands import NONE, PROGRAM, Run, refused, told
from elastinet.catalog.settings import Settings, unlimited
from elastinet.engine import Engine
from elastinet.fabric.contract.messages import Desire, Measure
from elastinet.reconcile import Reconciler
from elastinet.store import Journal, JournalError, NoJournal, open_journal, worlds

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
            os.kill(pid, signal.SIGSTOP)
            for each in (int(child), pid):
                os.kill(each, signal.SIGKILL)
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
    assert [path.name for path in kept.folder.glob("journal.sqlite*")] == ["journal.sqlite"]
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


# --- damaged, and newer ---------------------------------------------------------------------------


GATEWAYS = 60
LINE = "UPDATE journal SET line = {} WHERE seq = 20"
STRANGE = msgspec.msgpack.encode(["Op", 1.0, [{"type": "Zeppelin", "id": "z-1"}], []])
STRANGE_END = msgspec.msgpack.encode(["Op", 1.0, [], [["Zeppelin", "z-1"]]])


@pytest.fixture
def filled(kept: Kept) -> Kept:
    """A state with a line for every gateway."""
    kept.folder.mkdir()
    engine = Engine(open_journal(kept.folder), Settings(quotas=unlimited()))
    for _ in range(GATEWAYS):
        engine.call("000000000000", "us-east-1", "CreateInternetGateway", {})
    engine.close()
    return kept


def gateways(kept: Kept) -> int:
    """How many there are, as a server that is started with this state would say."""
    journal = open_journal(kept.folder)
    worlds.check(journal, kept.disks)
    engine = Engine(journal, Settings(quotas=unlimited()))
    found = engine.call("000000000000", "us-east-1", "DescribeInternetGateways", {}) or {}
    engine.close()
    return len(found["InternetGateways"])


def altered(sql: str, *values: object) -> Callable[[Path], None]:
    def alter(path: Path) -> None:
        with sqlite3.connect(path) as file:
            file.execute(sql, values)
        file.close()

    return alter


def overwritten(start: float, size: int) -> Callable[[Path], None]:
    def overwrite(path: Path) -> None:
        data = bytearray(path.read_bytes())
        at = int(len(data) * start) // 4096 * 4096
        data[at : at + size] = b"\xa5" * size
        path.write_bytes(data)

    return overwrite


DAMAGES: dict[str, Callable[[Path], None]] = {
    "noise": altered(LINE.format("?"), b"\xc1 noise"),
    "nothing": altered(LINE.format("x''")),
    "a line cut short": altered("UPDATE journal SET line = substr(line, 1, 40) WHERE seq = 20"),
    "a flipped byte": altered("UPDATE journal SET line = x'ff' || substr(line, 2) WHERE seq = 20"),
    "text": altered(LINE.format("'text'")),
    "a number": altered(LINE.format("12")),
    "a noun of tomorrow": altered(LINE.format("?"), STRANGE),
    "the end of a noun of tomorrow": altered(LINE.format("?"), STRANGE_END),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_line_is_named_and_all_others_are_kept(damage: str, filled: Kept) -> None:
    DAMAGES[damage](filled.journal)
    damaged = filled.journal.read_bytes()
    refused(filled.run("start", *NOTHING, *filled.options), 1, "line 20", "state check", "state repair")
    look = filled.run("state", "check", "--json", *filled.options)
    assert look.returncode == 1
    shown = json.loads(look.stdout)
    assert list(shown["damaged"]) == ["20"]
    assert shown["rest"] == ""
    assert filled.journal.read_bytes() == damaged
    mended = told(filled.run("state", "repair", "--json", *filled.options))
    assert mended["lines"]["lost"] == 1
    assert (Path(mended["original"]) / "journal.sqlite").read_bytes() == damaged
    assert gateways(filled) == GATEWAYS  # the default VPC has one, too
    assert filled.run("state", "check", *filled.options).returncode == 0


@pytest.mark.parametrize(("start", "size"), [(0.5, 4096), (0.3, 12288), (0.7, 100)])
def test_damaged_pages_cost_what_is_on_them(start: float, size: int, filled: Kept) -> None:
    overwritten(start, size)(filled.journal)
    done = filled.run("start", *NOTHING, *filled.options)
    refused(done, 1, "state check")
    assert filled.run("state", "check", *filled.options).returncode == 1
    kept = told(filled.run("state", "repair", "--json", *filled.options))["lines"]["kept"]
    assert 0 < gateways(filled) <= kept + 1  # that of a region that is opened anew


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (overwritten(0, 4096), "not a database"),
        (altered("PRAGMA user_version=999"), "format 999"),
    ],
    ids=["no journal at all", "a format of tomorrow"],
)
def test_what_cannot_be_read_at_all_is_said_and_stays(
    damage: Callable[[Path], None], said: str, filled: Kept
) -> None:
    damage(filled.journal)
    before = filled.journal.read_bytes()
    for words in (("start", *NOTHING), ("state", "check"), ("state", "repair")):
        refused(filled.run(*words, *filled.options), 1, said)
    assert filled.journal.read_bytes() == before


def test_a_line_that_is_missing_is_found(filled: Kept) -> None:
    altered("DELETE FROM journal WHERE seq = 20")(filled.journal)
    look = filled.run("state", "check", *filled.options)
    assert (look.returncode, "line 20 is missing" in look.stdout) == (1, True)


def test_what_is_whole_is_left_alone(filled: Kept) -> None:
    before = filled.journal.read_bytes()
    assert f"{filled.folder} is whole: " in filled.run("state", "check", *filled.options).stdout
    assert "nothing was changed" in filled.run("state", "repair", *filled.options).stdout
    assert filled.journal.read_bytes() == before
    assert not list(filled.folder.glob("before-repair*"))


def test_a_state_in_use_is_not_repaired(filled: Kept) -> None:
    filled.start()
    refused(filled.run("state", "repair", *filled.options), 1, "another elastinet is using the state")


@pytest.mark.parametrize("lost", ["the journal", "its end"])
def test_after_a_repair_the_disks_that_are_unknown_are_set_aside(lost: str, kept: Kept) -> None:
    id = kept.fill()
    kept.stop()
    if lost == "the journal":
        kept.journal.unlink()
        kept.run("start", *NOTHING, *kept.options)
    else:
        altered("DELETE FROM journal WHERE seq > 1")(kept.journal)
    refused(kept.run("start", *NOTHING, *kept.options), 1, "state repair")
    told(kept.run("state", "repair", "--json", *kept.options))
    assert kept.instances() == []
    assert kept.has(id) or (kept.disks / ".unknown" / id / "root" / "precious").exists()


# --- errors, and what to do about them ------------------------------------------------------------


@pytest.mark.parametrize("error", ["no folder", "a folder in its place", "in use"])
def test_the_advice_fits_the_error(error: str, tmp_path: Path) -> None:
    advice = {"no folder": "--state", "a folder in its place": "--state", "in use": "another program"}
    with contextlib.ExitStack() as stack:
        if error == "a folder in its place":
            (tmp_path / "journal.sqlite").mkdir()
        elif error == "in use":
            other = stack.enter_context(contextlib.closing(sqlite3.connect(tmp_path / "journal.sqlite")))
            other.execute("BEGIN EXCLUSIVE")
        folder = tmp_path / "nowhere" if error == "no folder" else tmp_path
        with pytest.raises(JournalError) as raised:
            open_journal(folder)
    assert advice[error] in str(raised.value)
    assert "space" not in str(raised.value)


FULL = """
import os, sys
from pathlib import Path
from elastinet.ec2.core.fact import InstanceGone
from elastinet.engine import Engine
from elastinet.model.fault import Fault
from elastinet.store import open_journal

folder = Path(sys.argv[1])
engine = Engine(open_journal(folder))
call = lambda action, **params: engine.call("111111111111", "us-east-1", action, params)
image = call("DescribeImages")["Images"][0]["ImageId"]
launch = lambda: call("RunInstances", ImageId=image, InstanceType="t3.nano", MinCount=1, MaxCount=1)
ids = [launch()["Instances"][0]["InstanceId"] for _ in range(20)]
gateway = call("CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
def fill():
    with open(folder / "filler", "ab", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True: file.write(bytes(size))
            except OSError: pass
fill()
def refusal(work):
    try: work()
    except Fault as fault: return f"{fault.code} {fault.status}"
    return "done"
tried = [refusal(lambda: call("CreateInternetGateway")) for _ in range(400)]
print(set(tried[-5:]) , "warning" if engine.journal.warning() else "")
print(refusal(launch))
print(refusal(lambda: call("TerminateInstances", InstanceIds=ids)))
fill()
print(refusal(lambda: engine.report("111111111111", "us-east-1", InstanceGone(ids[0], True))))
print(refusal(lambda: call("DeleteInternetGateway", InternetGatewayId=gateway)))
engine.close()
fill()
engine = Engine(open_journal(folder))
print(sorted({i["State"]["Name"] for r in call("DescribeInstances")["Reservations"] for i in r["Instances"]}))
print(refusal(launch))
os.unlink(folder / "filler")
print(refusal(launch), engine.journal.warning() or "no warning")
"""


def test_on_a_full_disk_one_can_still_end_and_delete(tmp_path: Path) -> None:
    """On a small file system of the test's own, that is really full."""
    enter = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--user", "--map-root-user"])]
    mount = 'mount -t tmpfs -o size=24m none "$1" && exec "$2" -c "$3" "$1"'
    words = [*enter, "sh", "-c", mount, "sh", str(tmp_path), sys.executable, FULL]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr:
        pytest.skip(done.stderr)
    assert done.stdout.splitlines() == [
        "{'InsufficientCapacity 400'} warning",
        "InsufficientCapacity 400",
        "done",
        "done",
        "done",
        "['shutting-down', 'terminated']",
        "InsufficientCapacity 400",
        "done no warning",
    ], done.stderr


ON_A_FULL_DISK = """
mount -t tmpfs -o size=24m none "$1" || exit 99
start() { "$2" -c "$3" start --fabric none --port 0 --state "$1/s" --json; }
start "$@" >"$4" || exit 1
"$2" -c "$3" stop --state "$1/s" >/dev/null || exit 2
cat /dev/zero >"$1/filler" 2>/dev/null
start "$@" >"$4" || exit 3
port=$(grep -o '"port": *[0-9]*' "$4" | grep -o '[0-9]*$')
"$2" -c "$3" status --port "$port" --json || exit 4
"$2" -c "$3" stop --port "$port" >/dev/null || exit 5
"""


def test_a_server_starts_and_stops_on_a_full_disk(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("a mount that the server sees needs root")
    full = tmp_path / "full"
    full.mkdir()
    words = [str(full), sys.executable, PROGRAM[-1], str(tmp_path / "said")]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", ON_A_FULL_DISK, "sh", *words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert "the disk is full" in json.loads(done.stdout)["warning"]
