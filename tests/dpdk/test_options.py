"""What a DPDK program is told: EAL's options, its own, and what the user's replace."""

import pytest

from elastinet.cli.dpdk import command, cores, driver, eal, ports

MEMORY = ["--no-huge", "-m", "256", "--no-shconf"]


def line(
    *words: str, links: tuple[str, ...] = ("eth1",), mtu: int = 1500, room: int | None = None
) -> list[str]:
    return command.line(command.asked(words), links, mtu, "0,1", room)


def test_every_interface_is_a_port() -> None:
    words = line("l2fwd", links=("eth1", "eth2"))
    devices = [word for word in words if word.startswith("--vdev=")]
    ring = "framesz=2048,blocksz=16384,framecnt=1024,qdisc_bypass=1"
    assert devices == [f"--vdev=net_af_packet{n},iface=eth{n + 1},{ring}" for n in range(2)]
    assert words[0] == "l2fwd"
    assert "--no-pci" in words
    assert "--file-prefix=elastinet-eth1-eth2" in words
    assert "--" not in words


def test_the_user_s_eal_options_stand_behind_ours_and_before_the_program_s() -> None:
    words = line("l2fwd", "--log-level=8", "--", "-p", "1", "--", "x")
    at = words.index("--")
    assert words[at - 1 :] == ["--log-level=8", "--", "-p", "1", "--", "x"]


@pytest.mark.parametrize(
    ("own", "gone"),
    [
        (["-l", "1"], "--lcores=0,1"),
        (["-l1"], "--lcores=0,1"),
        (["--lcores=1"], "--lcores=0,1"),
        (["--in-memory"], "--no-huge"),
        (["--proc-type=secondary"], "--no-shconf"),
        (["--proc-type=secondary"], "--file-prefix=elastinet-eth1"),
        (["--file-prefix", "own"], "--file-prefix=elastinet-eth1"),
    ],
)
def test_what_the_user_gives_replaces_ours(own: list[str], gone: str) -> None:
    assert gone in line("l2fwd")
    assert gone not in line("l2fwd", *own)
    assert set(own) <= set(line("l2fwd", *own))


def test_an_option_that_only_begins_alike_replaces_nothing() -> None:
    assert "--lcores=0,1" in line("l2fwd", "--log-level=8")


def test_hugepages_are_used_where_enough_are_free() -> None:
    assert eal.memory(eal.MEMORY_MB - 1) == MEMORY
    assert eal.memory(eal.MEMORY_MB) == ["--in-memory"]


def test_testpmd_gets_buffers_that_hold_the_largest_packet() -> None:
    words = line("testpmd", "--", "--auto-start", mtu=9001)
    assert words[0] == "dpdk-testpmd"
    own = words[words.index("--") + 1 :]
    assert f"--mbuf-size={9216 + driver.HEADROOM}" in own
    assert own[-1] == "--auto-start"
    assert "framesz=9216" in next(word for word in words if word.startswith("--vdev"))
    assert not [word for word in line("testpmd", "--", "--mbuf-size=4000") if "9344" in word]


@pytest.mark.parametrize(
    ("words", "mtu", "expected"),
    [
        (["testpmd"], None, 9001),
        (["dpdk-testpmd"], None, 9001),
        (["testpmd", "--", "--mbuf-size=2176"], None, 1500),
        (["l2fwd"], None, 1500),
        (["l2fwd"], 9001, 9001),
    ],
)
def test_the_largest_packet(words: list[str], mtu: int | None, expected: int) -> None:
    assert command.largest_packet(command.asked(words), mtu) == expected


@pytest.mark.parametrize(("mtu", "room"), [(1500, 2048), (1964, 2048), (1965, 9216), (9001, 9216)])
def test_frames_hold_the_packet(mtu: int, room: int) -> None:
    assert driver.frame_bytes(mtu) == room


@pytest.mark.parametrize("mtu", [0, 1279, 9002])
def test_an_mtu_that_no_interface_has(mtu: int) -> None:
    with pytest.raises(ValueError, match="1280 to 9001"):
        driver.checked(mtu)


def test_rings_fit_the_memory_that_may_be_locked() -> None:
    assert driver.ring_frames(1500, 2, None) == 1024
    assert driver.ring_frames(9001, 1, 8 << 20) == 448
    assert driver.ring_frames(9001, 2, 8 << 20) == 224
    with pytest.raises(ValueError, match="ulimit -l"):
        driver.ring_frames(1500, 1, 64 << 10)


@pytest.mark.parametrize(
    ("asked", "processors", "expected"),
    [
        (None, (0, 1, 2), "0,1"),
        (None, (3,), "0@3,1@3"),
        ("1", (0, 1), "0"),
        ("3", (0, 2, 4, 6), "0,2,4"),
        ("1,3", (0, 1, 2, 3), "1,3"),
        ("0-1,3", (0, 1, 2, 3), "0,1,3"),
    ],
)
def test_cores(asked: str | None, processors: tuple[int, ...], expected: str) -> None:
    assert cores.chosen(asked, processors) == expected


@pytest.mark.parametrize("asked", ["0", "3", "0,2", "1-", "x", "-1", "", "0,1-0", f"0-{10**30}", str(10**30)])
def test_cores_that_are_not_here(asked: str) -> None:
    with pytest.raises(ValueError, match="--cores"):
        cores.chosen(asked, (0, 1))


def test_a_range_with_a_hole() -> None:
    with pytest.raises(ValueError, match="the processors here are 0, 1, 3"):
        cores.chosen("0-3", (0, 1, 3))


def told(*devices: str | None) -> dict[str, object]:
    return {
        "instance": "i-1",
        "interfaces": [
            {"interface": f"eni-{number}", "device": device, "network_card": 0, "device_index": number}
            for number, device in enumerate(devices)
        ],
    }


def test_all_interfaces_but_the_primary_one_and_what_has_no_device() -> None:
    assert ports.chosen(told("eth0", "eth1", None, "eth3"), []) == [("eni-1", "eth1"), ("eni-3", "eth3")]


def test_interfaces_by_device_and_id_in_the_order_given() -> None:
    found = ports.chosen(told("eth0", "eth1", "eth2"), ["eni-2", "eth0", "eth2"])
    assert found == [("eni-2", "eth2"), ("eni-0", "eth0")]


@pytest.mark.parametrize(
    ("wanted", "sentence"),
    [
        ([], "--interface eth0"),
        (["eth1"], "it has eth0"),
        (["eni-1"], "EFA-only"),
        (["eni-7"], "has no interface eni-7"),
    ],
)
def test_interfaces_that_are_not_to_be_had(wanted: list[str], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        ports.chosen(told("eth0", None), wanted)
