"""User data is taken apart as cloud-init does, and what only cloud-init could do is named."""

import gzip
import time
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from elastinet.fabric.guest.user_data import LARGEST, MOST_LINES, Program, Reading, read

ONE = "/var/lib/cloud/instance/scripts/part-001"
SH = b"#!/bin/sh\ntrue\n"


packed = partial(gzip.compress, mtime=0)


def part(text: str, kind: str, name: str = "") -> MIMEText:
    made = MIMEText(text, kind)
    if name:
        made.add_header("Content-Disposition", "attachment", filename=name)
    return made


def message(*parts: MIMEText | MIMEMultipart | MIMEApplication) -> bytes:
    whole = MIMEMultipart()
    for one in parts:
        whole.attach(one)
    return whole.as_bytes()


@pytest.mark.parametrize("data", [b"", b"\n \n"])
def test_nothing_is_nothing(data: bytes) -> None:
    assert read(data) == Reading()


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (SH, SH),
        (b"#!/bin/sh\nprintf '\xff'\n", b"#!/bin/sh\nprintf '\xff'\n"),
        (b"#!/bin/sh\r\ntrue\r\n", SH),
        (b"#!/bin/sh\nprintf 'a\r\n'\n", b"#!/bin/sh\nprintf 'a\r\n'\n"),
        (packed(SH), SH),
        (packed(packed(SH)), SH),
    ],
    ids=["plain", "bytes", "crlf", "some crlf", "packed", "packed twice"],
)
def test_a_script(data: bytes, body: bytes) -> None:
    assert read(data) == Reading((Program(ONE, body),))


def test_a_boothook_runs_at_each_boot_without_its_mark() -> None:
    path = "/var/lib/cloud/instance/boothooks/part-001"
    assert read(b"#cloud-boothook\n\n" + SH) == Reading((Program(path, SH, "boot"),))


def test_a_script_that_speaks_of_mime_is_one() -> None:
    script = b"#!/bin/sh\nsendmail <<E\nMIME-Version: 1.0\nE\n"
    assert read(script) == Reading((Program(ONE, script),))


def test_parts_run_in_cloud_inits_order() -> None:
    found = read(
        message(
            part("#!z\n", "x-shellscript", "z.sh"),
            part("#!a\n", "plain", "../../etc/passwd"),
            part("#!every\n", "x-shellscript-per-boot", "every"),
            part("#!once\n", "x-shellscript-per-once", "once"),
            part("#!late\n", "cloud-boothook"),
            part("#!instance\n", "x-shellscript-per-instance", ".."),
            part("#cloud-boothook\n#!early\n", "plain"),
        )
    )
    assert not found.unread
    assert [(one.path.removeprefix("/var/lib/cloud/"), one.data, one.when) for one in found.programs] == [
        ("instance/boothooks/part-005", b"#!late\n", "boot"),
        ("instance/boothooks/part-007", b"#!early\n", "boot"),
        ("scripts/per-once/once", b"#!once\n", "instance"),
        ("scripts/per-boot/every", b"#!every\n", "boot"),
        ("scripts/per-instance/part-006", b"#!instance\n", "instance"),
        ("instance/scripts/.._.._etc_passwd", b"#!a\n", "instance"),
        ("instance/scripts/z.sh", b"#!z\n", "instance"),
    ]


def test_parts_may_be_packed_and_in_each_other() -> None:
    inner = MIMEMultipart()
    inner.attach(MIMEApplication(packed(SH), "gzip"))
    assert read(packed(message(inner))) == Reading((Program(ONE, SH),))


def test_of_two_with_one_name_the_last_is_run() -> None:
    found = read(message(part("#!1\n", "x-shellscript", "a"), part("#!2\n", "x-shellscript", "a")))
    assert [one.data for one in found.programs] == [b"#!2\n"]
    assert found.unread == ("/var/lib/cloud/instance/scripts/a is there twice: the last one is run",)


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"#cloud-config\npackages: [nginx]\n", "#cloud-config needs"),
        (b"#cloud-config-archive\n", "#cloud-config-archive needs"),
        (b"#include\nhttps://example.com/\n", "#include needs"),
        (b"#include-once\nhttps://example.com/\n", "#include-once needs"),
        (b"#part-handler\n", "#part-handler needs"),
        (b"## template: jinja\n#!/bin/sh\n", "## template: jinja needs"),
        (message(part("x", "x-unheard-of")), "text/x-unheard-of needs"),
        (b"hello\n", "what begins with 'hello\\n' is of no kind"),
        (b"\xff\xfe\n", "is of no kind"),
        (b"\x1f\x8bnonsense", "its gzip data is damaged"),
        (packed(SH)[:-4], "its gzip data is not all there"),
    ],
    ids=range(11),
)
def test_what_is_not_run_is_named(data: bytes, named: str) -> None:
    found = read(data)
    assert not found.programs
    assert len(found.unread) == 1
    assert named in found.unread[0]
    assert found.unread[0].endswith(("is not run", "nothing of it is run"))


def nested(depth: int) -> bytes:
    envelope = b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n'
    inside = b"".join(envelope % (number, number) for number in range(depth))
    return b"MIME-Version: 1.0\n" + inside + b"Content-Type: text/x-shellscript\n\n#!/bin/sh\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (packed(bytes(LARGEST + 1)), "larger than"),
        (packed(packed(bytes(LARGEST + 1))), "larger than"),
        (nested(2000), "envelopes"),
        (packed(nested(100_000)), "envelopes"),
        (packed(b"MIME-Version: 1.0\n\n" + b"\n" * MOST_LINES), "lines"),
        (message(*(part("#!x\n", "x-shellscript") for _ in range(101))), "parts"),
    ],
    ids=["large", "large inside", "deep", "deep inside", "long", "many"],
)
def test_too_much_is_not_read(data: bytes, why: str) -> None:
    began = time.process_time()
    found = read(data)
    assert time.process_time() - began < 5
    assert not found.programs
    assert why in found.unread[0]


HEADS = [b"", *(mark.encode() for mark in ("#!", "#cloud-config\n", "MIME-Version: 1.0\n", "\x1f\x8b"))]
BODIES = st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode))


@given(st.sampled_from(HEADS), BODIES, st.booleans())
def test_whatever_it_is_something_becomes_of_it(head: bytes, body: bytes, pack: bool) -> None:
    data = packed(head + body) if pack else head + body
    found = read(data)
    assert found.programs or found.unread or not (head + body).strip()
    for one in found.programs:
        assert one.path.startswith("/var/lib/cloud/")
        assert ".." not in one.path.split("/")
