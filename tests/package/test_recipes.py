"""The image's, the compose file's and the action's own command lines, run with the wheel; names in them are there."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from elastinet.cli.doctor import findings, packages
from elastinet.config import Config
from wheels import ROOT, Installed, environment

STEPS = re.findall(
    r"^([A-Z]+) (.*)$",
    re.sub(r"\\\n\s*", "", (ROOT / "Containerfile").read_text(encoding="utf-8")),
    re.MULTILINE,
)
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGES = [
    (ROOT / "docs" / name).read_text(encoding="utf-8") for name in ("containers.md", "ci.md", "install.md")
]


def last(name: str) -> str:
    """What the last step of a name says."""
    return [text for step, text in STEPS if step == name][-1]


def settings() -> dict[str, str]:
    return dict(part.split("=", 1) for part in shlex.split(last("ENV")))


def words(step: str) -> list[str]:
    """The words of a step that is a list in JSON."""
    found: list[str] = json.loads(last(step)[last(step).index("[") :])
    return found


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
        return port


@contextmanager
def foreground(installed: Installed, command: list[str], tmp_path: Path) -> Iterator[dict[str, str]]:
    """A server by a command line as the image's, without packets; gives its environment."""
    kept = {name: value for name, value in settings().items() if name.startswith("ELASTINET_")}
    kept |= {
        "PATH": f"{installed.python.parent}:{os.environ['PATH']}",
        "ELASTINET_HOST": "127.0.0.1",
        "ELASTINET_PORT": str(free_port()),
        "ELASTINET_STATE": str(tmp_path / "state"),
        "ELASTINET_FABRIC": "none",
        "XDG_CONFIG_HOME": str(tmp_path),
    }
    environ = environment(**kept)
    with subprocess.Popen(
        command, env=environ, cwd=installed.folder, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            yield environ
        finally:
            server.send_signal(signal.SIGTERM)
            said = server.communicate(timeout=30)[1]
    assert server.returncode == 0, said


def until_it_is_healthy(environ: dict[str, str], folder: Path) -> None:
    """By the image's own check."""
    end = time.monotonic() + 60
    while True:
        done = subprocess.run(
            words("HEALTHCHECK"), env=environ, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:
            return
        assert time.monotonic() < end, done.stderr
        time.sleep(0.1)


# --- the image ------------------------------------------------------------------------------------


def test_the_image_s_command(installed: Installed, tmp_path: Path) -> None:
    tini, dashes, *program = words("ENTRYPOINT")
    assert (tini, dashes) == ("tini", "--")
    with foreground(installed, program + words("CMD"), tmp_path) as environ:
        until_it_is_healthy(environ, installed.folder)


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_a_service_s_command(service: str, installed: Installed, tmp_path: Path) -> None:
    command = COMPOSE["services"][service].get("command", words("CMD"))
    with foreground(installed, words("ENTRYPOINT")[2:] + command, tmp_path) as environ:
        until_it_is_healthy(environ, installed.folder)


def test_the_image_s_settings_are_there() -> None:
    given = {name.removeprefix("ELASTINET_").lower() for name in settings() if name.startswith("ELASTINET_")}
    assert given <= set(Config.__struct_fields__)


def test_ports_and_places_agree() -> None:
    assert last("EXPOSE") == str(Config().port)
    assert last("VOLUME") == settings()["ELASTINET_STATE"]
    assert ACTION["inputs"]["port"]["default"] == str(Config().port)
    for service in COMPOSE["services"].values():
        assert service["volumes"] == [f"state:{last('VOLUME')}"]
        (port,) = service["ports"]
        assert port.startswith("127.0.0.1:")
        assert port.endswith(f":{Config().port}")


def test_other_services_may_call_it_by_its_name() -> None:
    hosts = settings()["ELASTINET_HOSTS"].split(",")
    for name, service in COMPOSE["services"].items():
        aliases = service.get("networks", {}).get("default", {}).get("aliases", [])
        assert {name, *aliases} & set(hosts)


def test_its_user_is_not_root() -> None:
    assert last("USER") == "elastinet"
    assert "useradd --uid 1000 --create-home elastinet" in last("RUN")


def debian() -> set[str]:
    """The packages of what packets need, and of the tools of single verbs that are small."""
    needed = set(findings.NEEDED) & packages.PACKAGES.keys()
    return {
        packages.package(name, "debian") for name in (*needed, "ip", "ping", "curl", "newuidmap", "tayga")
    }


def test_it_has_the_packages_that_the_doctor_names() -> None:
    installs = [text for step, text in STEPS if step == "RUN" and "apt-get install" in text]
    assert debian() - set(installs[-1].split()) == set()


def test_what_is_copied_is_there_and_not_ignored() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    copied = [
        name for step, text in STEPS if step == "COPY" and "--from" not in text for name in text.split()[:-1]
    ]
    assert copied
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored


def test_what_packets_need_of_a_container_is_told() -> None:
    """In the compose file, on the page and by the server that lacks it."""
    said = (ROOT / "src" / "elastinet" / "fabric" / "agent" / "permission.py").read_text(encoding="utf-8")
    for option in COMPOSE["services"]["elastinet"]["security_opt"]:
        assert f"--security-opt {option}" in PAGES[0]
        assert f"--security-opt {option}" in said
    for power in COMPOSE["services"]["elastinet"]["cap_add"]:
        assert f"--cap-add {power}" in PAGES[0]


# --- the action -----------------------------------------------------------------------------------


def step(name: str) -> dict[str, Any]:
    (found,) = [one for one in ACTION["runs"]["steps"] if one["name"] == name]
    return dict(found)


def test_the_action_s_start(installed: Installed, tmp_path: Path) -> None:
    (tmp_path / "elastinet").symlink_to(installed.python.parents[1])
    port = str(free_port())
    files = {name: tmp_path / name.lower() for name in ("GITHUB_ENV", "GITHUB_OUTPUT")}
    given = {"fabric": "none", "rules": "2026", "port": port}
    asked = {
        name: given[re.findall(r"inputs\.(\w+)", text)[0]]
        for name, text in step("Start elastinet")["env"].items()
    }
    places = {"RUNNER_TEMP": tmp_path, "XDG_CONFIG_HOME": tmp_path, **files}
    environ = environment(**asked, **{name: str(path) for name, path in places.items()})
    script = step("Start elastinet")["run"]
    try:
        subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script], env=environ, cwd=tmp_path, check=True, timeout=60
        )
        later = dict(line.split("=", 1) for line in files["GITHUB_ENV"].read_text().splitlines())
        assert later["AWS_ENDPOINT_URL_EC2"] == f"http://127.0.0.1:{port}"
        assert later["ELASTINET_PORT"] == port
        assert files["GITHUB_OUTPUT"].read_text() == f"url=http://127.0.0.1:{port}\n"
        told = json.loads(installed.run("elastinet", "status", "--json", "--port", port))
        assert (told["fabric"], told["rules"]) == ("none", "2026")
    finally:
        installed.run("elastinet", "stop", "--port", port)


def test_the_action_s_inputs_and_outputs() -> None:
    text = (ROOT / "action.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"inputs\.(\w+)", text)) == set(ACTION["inputs"])
    assert all(one["shell"] == "bash" for one in ACTION["runs"]["steps"])
    assert ACTION["outputs"]["url"]["value"] == "${{ steps.start.outputs.url }}"
    assert debian() - set(step("Install what packets need")["run"].split()) <= {
        "util-linux"
    }  # Ubuntu always has it
    workflow = yaml.safe_load(re.findall(r"```yaml\n(jobs:.*?)```", PAGES[1], re.DOTALL)[0])
    (used,) = [one["with"] for one in workflow["jobs"]["network"]["steps"] if "with" in one]
    assert used.keys() <= ACTION["inputs"].keys()


# --- the pages ------------------------------------------------------------------------------------


def test_the_pages_snippets_parse_and_name_verbs_that_are_there(installed: Installed) -> None:
    snippets = [found for page in PAGES for found in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    assert len(snippets) >= 3
    assert all(yaml.safe_load(text) for text in snippets)
    verbs = {
        verb
        for page in PAGES
        for verb in re.findall(
            r"(?<=[/ (]elastinet )([a-z]+)\b(?= |\n|$|`|\))",
            "".join(re.findall(r"```.*?```", page, re.DOTALL)),
        )
    }
    there = set(re.findall(r"[│|] ([a-z]+) ", installed.run("elastinet", "--help")))
    assert {"start", "env", "status"} & verbs
    assert verbs - there - {"elastinet"} == set()


def test_the_testcontainers_example() -> None:
    pytest.importorskip("testcontainers", reason="testcontainers is no dependency: it is not installed")
    import docker

    try:
        docker.from_env().images.get("elastinet")
    except docker.errors.DockerException as error:
        pytest.skip(f"there is no engine here, or no image in it: {error}")
    program = ROOT / "examples" / "testing" / "testcontainers_ec2.py"
    done = subprocess.run([sys.executable, program], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout.startswith("vpc-")
