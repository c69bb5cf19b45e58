"""Ansible configures two instances by their key pair, over elastinet ssh; then each answers the other."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from region import ELASTINET, Region, check

ANSIBLE = str(Path(sys.executable).with_name("ansible-playbook"))
SERVE = "nohup busybox httpd -p 8080 -h {{ ansible_user_dir }}/www >/dev/null 2>&1"
PLAY = [
    {
        "hosts": "all",
        "tasks": [
            {"name": "a folder", "file": {"path": "www", "state": "directory"}},
            {"name": "a page", "copy": {"dest": "www/index.html", "content": "{{ inventory_hostname }}\n"}},
            {"name": "a server", "command": SERVE},
        ],
    }
]

with Region() as region, tempfile.TemporaryDirectory() as made:
    folder = Path(made)
    vpc = region.network("10.0.1.0/24")
    (folder / "key.pem").write_text(region.ec2.create_key_pair(KeyName="operators")["KeyMaterial"])
    (folder / "key.pem").chmod(0o600)
    one, other = (region.launch(vpc.subnets[0], vpc.group, KeyName="operators") for _ in range(2))
    region.settle()

    config = [ELASTINET, "ssh-config", "--port", region.port, "--identity", str(folder / "key.pem")]
    (folder / "ssh.conf").write_bytes(subprocess.check_output(config))
    (folder / "play.json").write_text(json.dumps(PLAY))
    inventory = ["-i", f"{one.id},{other.id},", "--ssh-common-args", f"-F {folder}/ssh.conf"]
    environ = os.environ | {"ANSIBLE_HOME": made, "ANSIBLE_SSH_CONTROL_PATH_DIR": made}
    subprocess.run([ANSIBLE, *inventory, str(folder / "play.json")], env=environ, check=True)

    for asks, answers in ((one, other), (other, one)):
        page = region.run(asks.id, f"curl -s --retry 9 --retry-all-errors {answers.ip}:8080").strip()
        check("an instance serves what Ansible has put there", page == answers.id, page)
