"""`elastinet doctor` on this machine: it tells what `status` tells, changes nothing, and knows its packages."""

import json
import re
import subprocess
from pathlib import Path

from commands import PROGRAM, Run, told, wait_until
from elastinet.cli.doctor import findings, packages
from elastinet.operator.features import FEATURES
from elastinet.serve import places

ROOT = Path(__file__).parents[2]


def asked(*before: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The doctor's exit code, and what it finds by name, started by another program."""
    done = subprocess.run(
        [*before, *PROGRAM, "doctor", "--json"], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return done.returncode, {one["name"]: one for one in json.loads(done.stdout)["findings"]}


def test_it_tells_what_status_tells(run: Run) -> None:
    """Of each ability, for the same reason; and nothing is left of the agent that it asks."""
    before = set(places.runtime_folders().glob("doctor-*"))
    code, found = asked()
    wait_until(lambda: set(places.runtime_folders().glob("doctor-*")) <= before)  # others ask, too
    if code:
        refused = run("start", "--port", "0", "--state", ":memory:")
        assert refused.returncode == 1
        assert "no kernel fabric here" in refused.stderr
        return
    run("start", "--port", "0", "--state", "state", "--limits", "--json")
    limited = {one.needs for one in FEATURES if found.get(one.needs, {}).get("state") == "limited"}
    missing = told(run("status", "--json", "--state", "state"))["missing"]
    assert {need: found[need]["why"] for need in limited} == missing


def test_a_table_for_people(run: Run) -> None:
    done = run("doctor")
    assert done.returncode in (0, 1)
    verdict = "real packets can run here" if done.returncode == 0 else "no real packets here"
    assert verdict in done.stdout
    assert all(name in done.stdout for name in (*findings.NEEDED, *findings.TOOLS))
    assert "\x1b" not in done.stdout


def test_no_namespaces() -> None:
    forbidden = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
    code, found = asked("unshare", "--user", "--map-root-user", "sh", "-c", forbidden, "sh")
    assert code == 1
    assert found["namespaces"]["state"] == "missing"
    assert "max_user_namespaces" in found["namespaces"]["why"]


def test_few_descriptors() -> None:
    _, found = asked("prlimit", "--nofile=300")
    assert found["open files"]["state"] == "limited"
    assert found["open files"]["why"].startswith("300 descriptors are enough for 30 instances")


def test_every_program_has_a_package() -> None:
    """And Debian's are those that the repository's own script installs."""
    script = (ROOT / "scripts" / "system-packages").read_text(encoding="utf-8")
    lists = re.findall(r"<<'END'\n(.*?)\nEND", script, re.DOTALL)
    fabric, optional = ({line.split()[1] for line in one.splitlines()} for one in lists)
    debian = {names.debian for names in packages.PACKAGES.values()}
    assert debian - {"util-linux"} <= fabric | optional  # Debian is never without util-linux
    assert optional <= debian
    programs = {*findings.TOOLS, *findings.NEEDED} - {"overlay", "namespaces"}
    assert programs <= packages.PACKAGES.keys()


def test_an_ordinary_user(tmp_path: Path) -> None:
    """He is told of further ids, and nothing is left in his runtime folder."""
    user = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    _, found = asked("env", f"XDG_RUNTIME_DIR={tmp_path}", *user)
    assert found["subuid"]["state"] == "ok" or "usermod" in found["subuid"]["why"]
    assert list(tmp_path.glob("elastinet/*")) == []
