"""What cloud-init's EC2 datasource finds inside an instance."""

import json

from cloudinit import distros, dmi, helpers
from cloudinit.sources.DataSourceEc2 import DataSourceEc2

CONFIG = {"datasource": {"Ec2": {"timeout": 5, "max_wait": 10}}}

# An instance here has the DMI of the machine that it runs on. What EC2's would say:
UUID = "ec2e1916-9099-7caf-fd21-012345abcdef"
dmi.read_dmi_data = {"system-uuid": UUID, "system-serial-number": UUID}.get

paths = helpers.Paths({"cloud_dir": "/var/lib/cloud", "run_dir": "/run/cloud-init"})
source = DataSourceEc2(CONFIG, distros.fetch("debian")("debian", CONFIG, paths), paths)
told = {
    "found": source.get_data(),
    "instance": source.get_instance_id(),
    "zone": source.availability_zone,
    "region": source.region,
    "name": source.get_hostname().hostname,
    "user data": source.userdata_raw.decode(),
    "cloud": source.cloud_name,
    "network": source.network_config,
    "document": source.identity["instanceId"],
}
print(json.dumps(told))
