"""Services in instances whose first process is no service manager: by `service`, and by a systemctl that says what it is."""

import pytest

from machine import Machine
from parts import ALL, eni, group, guest, network, table

BASE = (network(), table(), group(ALL))
SCRIPT = r"""#!/bin/sh
run=/run/echoer.pid
case "$1" in
start) setsid sleep 4343 >/dev/null 2>&1 </dev/null & echo $! >$run; echo "started echoer" ;;
stop) kill "$(cat $run)" && rm $run ;;
restart) "$0" stop; "$0" start ;;
status) [ -e $run ] && kill -0 "$(cat $run)" ;;
esac
"""
UNIT = "[Service]\nType=notify\nUser=nobody\nExecStart=/usr/sbin/only-a-unit --foreground\n"


@pytest.fixture
def up(machine: Machine) -> Machine:
    machine.boot(*BASE, guest(1), eni(1, "10.0.1.10"))
    machine.ok("i-1", f"cat > /etc/init.d/echoer <<'END'\n{SCRIPT}\nEND\nchmod 755 /etc/init.d/echoer")
    return machine


@pytest.mark.parametrize("word", ["service echoer {}", "systemctl {} echoer", "systemctl {} echoer.service"])
def test_a_script_is_started_and_stopped(up: Machine, word: str) -> None:
    up.ok("i-1", word.format("start"))
    first = up.ok("i-1", "cat /run/echoer.pid")
    up.ok("i-1", word.format("status"))
    assert up.ok("i-1", "systemctl is-active echoer") == "active\n"
    up.ok("i-1", word.format("restart"))
    assert up.ok("i-1", "cat /run/echoer.pid") != first
    up.ok("i-1", word.format("stop"))
    assert up.exec("i-1", word.format("status"))[0] != 0
    assert up.exec("i-1", "systemctl is-active echoer") == (3, "inactive\n")


def test_what_is_enabled_starts_at_each_boot(up: Machine) -> None:
    assert up.exec("i-1", "systemctl is-enabled echoer") == (1, "disabled\n")
    up.ok("i-1", "systemctl daemon-reload; systemctl --now enable echoer")
    assert up.ok("i-1", "systemctl is-active -q echoer; systemctl is-enabled echoer") == "enabled\n"
    up.boot(guest(1, boot=2))
    up.until(lambda: up.exec("i-1", "systemctl is-active -q echoer")[0] == 0, "the service")
    said = up.disks / "i-1" / "console.log"
    up.until(lambda: "started echoer\n" in said.read_text(), "its word on the console")
    up.ok("i-1", "systemctl disable echoer")
    up.boot(guest(1, boot=3))
    assert up.exec("i-1", "systemctl is-active echoer") == (3, "inactive\n")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("start only", 5, "/etc/systemd/system/only.service needs systemd as process 1, which this instance has not; "
                          "type its command: /usr/sbin/only-a-unit --foreground"),
        ("start nothing", 5, "there is no service nothing: neither a script in /etc/init.d nor a unit"),
        ("start only.timer", 5, "only.timer: only services are known here"),
        ("start ../../tmp/x", 5, "../../tmp/x: only services are known here"),
        ("start", 1, "which service?"),
        ("mask echoer", 1, "'mask' needs systemd as process 1"),
        ("--user start echoer", 1, "the option --user needs systemd as process 1"),
    ],
)  # fmt: skip
def test_what_it_does_not_do_it_says(up: Machine, words: str, code: int, sentence: str) -> None:
    up.ok("i-1", f"mkdir -p /etc/systemd/system; printf '{UNIT}' > /etc/systemd/system/only.service")
    status, said = up.exec("i-1", f"systemctl {words}")
    assert status == code
    assert sentence in said


@pytest.mark.parametrize(("verb", "word"), [("poweroff", "power-off"), ("reboot", "reboot")])
def test_it_ends_the_instance(up: Machine, verb: str, word: str) -> None:
    up.exec("i-1", f"systemctl {verb}")
    said = up.disks / "i-1" / "console.log"
    up.until(lambda: f"elastinet: {word} was asked for\n" in said.read_text(), verb)
    if word == "reboot":
        up.until(lambda: said.read_text().count("elastinet: running\n") == 2, "another boot")
    else:
        up.wait(lambda fact: fact["type"] == "gone", "its end")
