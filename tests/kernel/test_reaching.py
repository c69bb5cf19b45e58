"""Reaching instances from this machine: forwarded ports, captured packets."""

import signal
import socket
import struct
import subprocess
import time
import urllib.request

import pytest

from world import ELASTINET


@pytest.fixture(scope="module")
def pair(world):
    vpc = world.vpc()
    world.allow(vpc.group, "icmp")
    yield world.launch(vpc.left, vpc.group, 2)
    world.cli("reset")


def start(world, *words):
    """Start a verb that runs until it is interrupted."""
    command = [ELASTINET, words[0], "--port", str(world.port), *words[1:]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process):
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    return errors


def port_of(process):
    return int(process.stdout.readline().split(" ")[0].rpartition(":")[2])


def test_tcp(world, pair):
    one, _ = pair
    world.out(
        one.id,
        "mkdir -p /srv/www; head -c 300000 /dev/zero > /srv/www/zeros; busybox httpd -p 80 -h /srv/www",
    )
    process = start(world, "forward", f"0:{one.id}:80")
    url = f"http://127.0.0.1:{port_of(process)}/zeros"
    for _ in range(3):
        with urllib.request.urlopen(url, timeout=10) as reply:
            assert reply.read() == bytes(300000)
    end(process)


def test_nobody_listens(world, pair):
    one, _ = pair
    process = start(world, "forward", f"0:{one.id}:81")
    with socket.create_connection(("127.0.0.1", port_of(process)), timeout=10) as connection:
        assert connection.recv(1) == b""
    assert "Connection refused" in end(process)


def test_udp(world, pair):
    one, _ = pair
    # dnsmasq answers over UDP, and every instance has this machine's programs.
    answer = (
        "dnsmasq -d --port=5353 --no-resolv --no-hosts --address=/x.test/192.0.2.7 --pid-file= --user=root"
    )
    world.out(one.id, f"nohup {answer} > /root/dns 2>&1 < /dev/null & sleep 0.3")
    process = start(world, "forward", "--udp", f"0:{one.id}:5353")
    question = struct.pack(">6H", 7, 0x100, 1, 0, 0, 0) + b"\x01x\x04test\x00" + struct.pack(">2H", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(10)
        asking.sendto(question, ("127.0.0.1", port_of(process)))
        assert asking.recv(512).endswith(bytes([192, 0, 2, 7]))
    end(process)


@pytest.mark.parametrize("text", ["80", "a:i-1:80", "80:i-1:0", "99999:i-1:80"])
def test_bad_rules(world, text):
    done = world.cli("forward", text, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("side", ["instance", "router"])
def test_capture(world, pair, tmp_path, side):
    one, two = pair
    eni = one.shown["NetworkInterfaces"][0]["NetworkInterfaceId"]
    file = tmp_path / "packets.pcap"
    process = start(world, "capture", eni, "-w", str(file), "--side", side)
    assert "capturing" in process.stderr.readline()
    world.out(one.id, f"ping -c 2 -i 0.2 -W 1 {two.ip}")
    deadline = time.monotonic() + 10
    while packets(file).count(1) < 4:  # two questions, two answers
        assert time.monotonic() < deadline
        time.sleep(0.05)
    end(process)


def packets(file):
    """The IP protocols of the frames in a pcap file."""
    data, found = file.read_bytes()[24:], []
    while len(data) >= 16:
        size = struct.unpack("=IIII", data[:16])[2]
        frame, data = data[16 : 16 + size], data[16 + size :]
        if frame[12:14] == b"\x08\x00":
            found.append(frame[23])
    return found


def test_capture_of_nothing(world):
    done = world.cli("capture", "eni-12345678", "-w", "/dev/null", check=False)
    assert done.returncode == 1
    assert "is in no running instance" in done.stderr
