"""What a guest or another client has written does nothing to the terminal on which somebody reads it."""

import io
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from rich.console import Console

from commands import NONE, PROGRAM, Run, told
from elastinet.cli.terminal import plain, printable
from programs import Program

ESCAPES = {
    "a colour": "\x1b[31mred",
    "a title": "\x1b]0;title\x07",
    "a link": "\x1b]8;;http://evil.example\x1b\\here\x1b]8;;\x1b\\",
    "the clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "a question that is answered as if typed": "\x1b[6n\x1b[c\x1b]10;?\x07",
    "a cleared screen": "\x1b[2J\x1b[H\x1bc",
    "an escape of eight bits": "\x9b31m",
    "a device control string": "\x1bP+q544e\x1b\\",
    "another character set": "\x0e\x1b(0",
    "a line that is written over": "rm -rf /\rls      ",
    "backspaces": "evil\b\b\b\bgood",
    "text from right to left": "\u202egnp.exe",
    "text that is not seen": "a\u200bb\u2066c\u00ad",
    "a line's end of another kind": "one\u2028two\x0bthree\x0cfour\x85five",
    "a delete": "\x7f\x00",
}
PLAIN = "näheres: „ok“ 日本 \U0001f600\ttab"


def shows_nothing_odd(text: str) -> bool:
    return all(one.isprintable() or one in "\n\t" for one in text)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """A server, and an instance whose console has been written by somebody else."""
    state = tmp_path_factory.mktemp("terminal") / "state"
    command = [*PROGRAM, "start", *NONE, "--state", str(state)]
    server = told(subprocess.run(command, capture_output=True, text=True, check=False))
    console = state / "disks" / "i-0123456789abcdef0" / "console.log"
    console.parent.mkdir(parents=True)
    yield SimpleNamespace(server=server, console=console, at=["--state", str(state)])
    subprocess.run([*PROGRAM, "stop", "--state", str(state)], check=True, stdout=subprocess.DEVNULL)


def on_terminal(*words: str) -> bytes:
    """What a verb writes to a terminal."""
    ours, its = pty.openpty()
    with Program([*PROGRAM, *words], stdin=its, stdout=its, stderr=its) as started:
        os.close(its)
        found = b""
        try:
            while part := os.read(ours, 1 << 16):
                found += part
        except OSError:  # the end of a terminal that nobody has open
            pass
        assert started.wait(60) == 0
    os.close(ours)
    return found


@pytest.mark.parametrize("kind", ESCAPES)
@pytest.mark.parametrize("log", ["console.log", "syslog"])
def test_an_instances_log_on_a_terminal(place: SimpleNamespace, kind: str, log: str) -> None:
    place.console.with_name(log).write_bytes(f"before\n{ESCAPES[kind]}\n{PLAIN}\r\nafter\n".encode())
    option = ["--syslog"] if log == "syslog" else []
    seen = on_terminal("logs", "i-0123456789abcdef0", *option, *place.at).decode().replace("\r\n", "\n")
    assert shows_nothing_odd(seen), seen
    assert seen.startswith("before\n")
    assert seen.endswith(f"{PLAIN}\nafter\n")


def test_bytes_that_are_no_text(place: SimpleNamespace) -> None:
    place.console.write_bytes(bytes(range(256)))
    seen = on_terminal("logs", "i-0123456789abcdef0", *place.at).decode().replace("\r\n", "\n")
    assert shows_nothing_odd(seen)
    assert "\\x1b" in seen
    assert "\\xff" in seen


def test_a_file_gets_all_as_it_is(place: SimpleNamespace) -> None:
    place.console.write_bytes(bytes(range(256)))
    words = [*PROGRAM, "logs", "i-0123456789abcdef0", *place.at]
    assert subprocess.run(words, capture_output=True, check=True).stdout == bytes(range(256))


def test_a_terminal_gets_all_as_it_is_if_asked(place: SimpleNamespace) -> None:
    place.console.write_bytes(b"\x1b[31mred\x1b[0m")
    assert on_terminal("logs", "i-0123456789abcdef0", "--raw", *place.at) == b"\x1b[31mred\x1b[0m"


def test_the_servers_log_on_a_terminal(place: SimpleNamespace) -> None:
    seen = on_terminal("logs", *place.at).decode().replace("\r\n", "\n")
    assert "Started server process" in seen
    assert shows_nothing_odd(seen)


# --- names and reasons in answers -----------------------------------------------------------------


def client(url: str) -> Any:
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    return boto3.client("ec2", endpoint_url=url, **key)


MARKUP = "[red]x[/red] [link=http://evil.example]y[/link] [/nothing] [bold"


@pytest.mark.parametrize("name", [MARKUP, "a\u202eb", "a\u200bb", "a\x85b"])
def test_a_name_in_a_table(run: Run, name: str) -> None:
    server = told(run("start", *NONE, "--state", ":memory:"))
    ec2, at = client(server["url"]), ("--port", str(server["port"]))
    (image,) = ec2.describe_images(Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-*-x86_64-gp2"]}])[
        "Images"
    ]
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}]
    given = {"ImageId": image["ImageId"], "InstanceType": "c5.large", "MinCount": 1, "MaxCount": 1}
    ec2.run_instances(**given, TagSpecifications=tags)
    done = run("top", "--once", *at, COLUMNS="300", FORCE_COLOR="1", TERM="xterm")
    assert done.returncode == 0
    assert "http://evil.example\x1b" not in done.stdout
    assert "]8;" not in done.stdout
    assert printable(name) in done.stdout.replace("\x1b", "")
    for odd in set(name) - set(printable(name)):
        assert odd not in done.stdout


@pytest.mark.parametrize("kind", ESCAPES)
def test_an_answer_is_made_plain(kind: str) -> None:
    text = f"{ESCAPES[kind]}{MARKUP}{PLAIN}"
    made = plain({text: [text, 1, None, True, {"why": text}]})
    (name,) = made
    assert (made[name][1:4], shows_nothing_odd(name)) == ([1, None, True], True)
    out = io.StringIO()
    Console(file=out, force_terminal=True, width=4000, color_system=None, highlight=False).print(name)
    assert out.getvalue().split() == printable(text).split()


@pytest.mark.parametrize("kind", ESCAPES)
def test_a_complaint(kind: str) -> None:
    script = "import sys; from elastinet.cli.common import say_error; say_error(sys.argv[1])"
    said = ESCAPES[kind].replace("\x00", "")
    done = subprocess.run([sys.executable, "-c", script, said], capture_output=True, check=True)
    assert shows_nothing_odd(done.stderr.decode())


def test_what_is_printable_stays() -> None:
    assert printable(f"{PLAIN}\n") == f"{PLAIN}\n"
    assert printable(Path("/tmp/a b").as_posix()) == "/tmp/a b"
