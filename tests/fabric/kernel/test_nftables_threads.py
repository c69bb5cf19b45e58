"""Two namespaces whose filters change at the same time, each about links of its own."""

import contextlib
import os
import subprocess

import pytest

from elastinet.fabric.kernel.nftables import NftContext
from elastinet.fabric.kernel.worker import Worker

TIMES, LINKS = 300, 40


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a namespace without a user namespace")
def test_each_finds_its_own_links() -> None:
    def change(name: str) -> set[str | None]:
        for number in range(LINKS):
            link = f"{name}{number}"
            subprocess.run(["ip", "link", "add", link, "type", "veth", "peer", f"x{link}"], check=True)
        made = "".join(f"add rule inet t c iif {name}{number} accept\n" for number in range(LINKS))
        with contextlib.closing(NftContext()) as nft:
            text = f"add table inet t\nadd chain inet t c\n{made}delete table inet t\n"
            return {nft.run(text) for _ in range(TIMES)}

    workers = {name: Worker(name, None) for name in ("one", "two")}
    try:
        waiting = [worker.submit(lambda name=name: change(name)) for name, worker in workers.items()]
        assert [each.result() for each in waiting] == [{None}, {None}]
    finally:
        for worker in workers.values():
            worker.stop()
