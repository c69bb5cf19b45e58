"""A container without one of the options that packets need: `start` names the option in one line, and leaves nothing.

A user namespace with its mark, its masks and its filter of system calls stands in for the container.
"""

import json
import os
import platform
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from commands import PROGRAM, refused
from elastinet.fabric.agent import permission
from machine import Machine
from parts import ALL, eni, group, guest, network, table

OUTSIDE = tuple("unshare --user --map-root-user --mount --pid --fork --kill-child --mount-proc --".split())
"""Whatever is started there, against what a test expects, ends with it."""
USER = ("unshare", "--user", "--mount", "--map-user=1000", "--map-group=1000", "--")
ROOT = ("unshare", "--user", "--mount", "--map-root-user", "--")
CALLS = {"x86_64": {"unshare": 272, "sethostname": 170}, "aarch64": {"unshare": 97, "sethostname": 161}}
FILTERED = """
import ctypes, os, struct, sys
from elastinet.fabric.kernel import kernel
call = int(sys.argv[1])
steps = ((0x20, 0, 0, 0), (0x15, 0, 1, call), (0x06, 0, 0, 0x50001), (0x06, 0, 0, 0x7FFF0000))
text = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)  # no new privileges: then anybody may load a filter
kernel.filter_system_calls(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(text)))
os.execvp(sys.argv[2], sys.argv[2:])
"""
MARK = "mount -t tmpfs none /run; touch /run/.containerenv"
COVER = "mount --bind /dev/null /proc/timer_list"
"""One of the files that engines cover."""


def filtered(call: str) -> tuple[str, ...]:
    calls = CALLS.get(platform.machine())
    if not calls:
        pytest.skip("this processor's numbers of system calls are not known here")
    return (sys.executable, "-c", FILTERED, str(calls[call]))


def contained(
    *words: str, before: str = MARK, user: tuple[str, ...] = USER
) -> subprocess.CompletedProcess[str]:
    """Run a verb where a shell's script has been run before."""
    script = f'set -e; {before}; exec "$@"'
    command = [*OUTSIDE, "sh", "-c", script, "sh", *user, *words]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def started(tmp_path: Path, *before: str, **how: object) -> subprocess.CompletedProcess[str]:
    start = (*PROGRAM, "start", "--host", "0.0.0.0", "--port", "0", "--state", str(tmp_path / "state"))
    return contained(*before, *start, **how)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def _runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


def left(tmp_path: Path) -> list[Path]:
    return [path for path in tmp_path.rglob("*") if not path.is_dir()]


def test_a_masked_proc(tmp_path: Path) -> None:
    done = started(tmp_path, before=f"{MARK}; {COVER}")
    refused(done, 1, "proc: ", "add --security-opt systempaths=unconfined to", "--fabric none")
    assert left(tmp_path) == []


def test_no_user_namespaces(tmp_path: Path) -> None:
    """Also where further ids are lent: nothing waits for them."""
    done = started(tmp_path, *filtered("unshare"))
    refused(done, 1, "namespaces: ", "add --security-opt seccomp=unconfined")
    assert left(tmp_path) == []


def test_no_names(tmp_path: Path) -> None:
    refused(
        started(tmp_path, *filtered("sethostname")), 1, "names: ", "add --security-opt seccomp=unconfined"
    )
    assert left(tmp_path) == []


def test_the_network_of_the_machine(tmp_path: Path) -> None:
    """With it an ordinary user's Podman shows the machine's /sys, parts of it covered."""
    done = started(tmp_path, before=f"{MARK}; mount -t tmpfs none /sys/kernel")
    refused(done, 1, "sys: ", "not --network host")
    assert left(tmp_path) == []


def test_root_without_capabilities(tmp_path: Path) -> None:
    powerless = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--")
    refused(started(tmp_path, *powerless, user=ROOT), 1, "namespaces: ", "as the image's own user")


@pytest.mark.skipif(permission.is_container(), reason="this is a container")
def test_without_a_container_no_option_is_named(tmp_path: Path) -> None:
    done = started(tmp_path, before=f"mount -t tmpfs none /run; {COVER}")
    refused(done, 1, "proc: ", "run as root")
    assert "--security-opt" not in done.stderr


def test_docker_s_mark(tmp_path: Path) -> None:
    """Its own is a file of the root folder, of which only one who has it can be tried."""
    if not os.path.exists(permission.DOCKERS):
        pytest.skip(f"there is no {permission.DOCKERS} here, and the root folder is the machine's")
    done = started(tmp_path, before=f"mount -t tmpfs none /run; mount --bind /dev/null /etc/hosts; {COVER}")
    refused(done, 1, "systempaths=unconfined")


def test_the_doctor_says_the_same(tmp_path: Path) -> None:
    done = contained(*PROGRAM, "doctor", "--json", before=f"{MARK}; {COVER}")
    told = json.loads(done.stdout)
    assert (done.returncode, told["kernel_fabric"]) == (1, False)
    found = {one["name"]: one for one in told["findings"]}
    assert found["proc"]["state"] == "missing"
    assert f"proc: {found['proc']['why']}" in started(tmp_path, before=f"{MARK}; {COVER}").stderr


def test_apparmor() -> None:
    """It is none of this machine's: only its error is tried."""
    assert permission.UNCONFINED in permission.option(
        "proc", "unshare: mount /proc failed: Permission denied"
    )
    assert permission.UNFILTERED in permission.option(
        "namespaces", "unshare: unshare failed: Operation not permitted"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="the root folder would be nobody's there: no state is trusted")
def test_without_packets_nothing_is_lacking(tmp_path: Path) -> None:
    script = '"$@" start --fabric none --port 0 --state "$place" && "$@" stop --state "$place"'
    named = ("env", f"place={tmp_path / 'state'}")
    done = contained(*filtered("unshare"), *named, "sh", "-c", script, "sh", *PROGRAM)
    assert done.returncode == 0, done.stderr


# --- what an engine mounts ------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="covering files of /etc for an agent needs root")
def test_files_of_etc_that_are_mounted() -> None:
    """The kernel lays nothing over /etc then; instances have a copy, with its links."""
    cover = "mount --bind /etc/hostname /etc/hosts"
    with closing(Machine("rootless", before=cover)) as machine:
        machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
        machine.ok("i-1", "echo 127.0.0.9 mine >> /etc/hosts && touch /etc/new && ls /usr/bin/env")
        links = [path for path in Path("/etc").iterdir() if path.is_symlink()]
        assert links
        shown = machine.ok("i-1", f"ls /etc; readlink {' '.join(map(str, links))}").split()
        assert {"passwd", "group", "new", *map(os.readlink, links)} <= set(shown)


@pytest.mark.skipif(os.geteuid() != 0, reason="covering control groups for an agent needs root")
def test_control_groups_that_may_not_be_looked_into() -> None:
    """As a privileged container's, to its ordinary user: memory is not limited, and all else works."""
    with closing(Machine("rootless", before="mount -t tmpfs -o mode=700 none /sys/fs/cgroup")) as machine:
        machine.boot(network(), table(), group(ALL), guest(1), eni(1, "10.0.1.10"))
        assert machine.ok("i-1", "echo here") == "here\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting below /usr needs root")
def test_a_mount_below_usr(tmp_path: Path) -> None:
    done = started(tmp_path, before=f"{MARK}; mount -t tmpfs none /usr/share/misc")
    refused(done, 1, "usr: ", "/usr", "mount that elsewhere")
