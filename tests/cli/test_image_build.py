"""What `elastinet image build` asks mmdebstrap for, and what it refuses."""

import os
import stat
from pathlib import Path

import pytest

from elastinet.cli.common import CommandFailure
from elastinet.cli.image.building import USUAL, built, command


def test_command_is_of_this_user_and_these_packages() -> None:
    words = command("bookworm", ["nginx", "libstdc++6"])
    assert words[0].endswith("mmdebstrap"), "scripts/system-packages installs it"
    assert words[-2:] == ["bookworm", "-"]
    assert f"--include={','.join((*USUAL, 'nginx', 'libstdc++6'))}" in words
    assert f"--mode={'root' if os.geteuid() == 0 else 'unshare'}" in words


@pytest.mark.parametrize(
    ("suite", "packages"),
    [("--hook", []), ("../x", []), ("", []), ("stable", ["a b"]), ("stable", ["--x"]), ("stable", ["a,b"])],
)
def test_words_that_are_no_names(suite: str, packages: list[str]) -> None:
    with pytest.raises(CommandFailure, match="is no"):
        command(suite, packages)


def test_program_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("elastinet.fabric.kernel.features.SBIN", "")
    with pytest.raises(CommandFailure, match="mmdebstrap is not installed"):
        command("stable", [])


def test_build_that_fails_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "mmdebstrap"
    program.write_text("#!/bin/sh\necho no such suite >&2; exit 25\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    def read() -> None:
        with built("stable", []) as fd:
            raise CommandFailure("it is empty" if not os.read(fd, 10) else "it is not")

    with pytest.raises(CommandFailure, match="mmdebstrap failed with status 25"):
        read()
