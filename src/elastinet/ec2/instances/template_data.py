"""The data of a version of a launch template: as a request gives them, over those of another, and kept."""

from typing import cast

from elastinet.ec2.core import faults
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.launch_parameters import Parameters, merged
from elastinet.ec2.instances.template_lookup import version_id
from elastinet.model.launch_template import LaunchTemplate, LaunchTemplateVersion

MOST_DESCRIPTION = 255
TAGGED = ("instance", "volume", "network-interface", "spot-instances-request", "elastic-gpu")
"""What a template may ask tags for."""


def read_data(tx: Transaction, request: Request) -> Parameters:
    """The data of a version, taken as they are: most of it is judged by the launch, as on EC2."""
    data = request["LaunchTemplateData"]
    data.accept_all()
    for kind in TAGGED:
        tags_for(tx, data, kind, *TAGGED)
    return cast(Parameters, data.raw())


def make_version(
    tx: Transaction, template: LaunchTemplate, data: Parameters, request: Request
) -> LaunchTemplateVersion:
    """The next version of a template, or its first."""
    description, number = request.get("VersionDescription"), template.numbered
    if description is not None and len(description) > MOST_DESCRIPTION:
        sentence = f"Expecting up to {MOST_DESCRIPTION} characters."
        raise faults.invalid(description, "versionDescription", sentence)
    if tx.state.count(LaunchTemplateVersion, "launch-template-id", template.id) >= (
        tx.settings.quotas.versions_per_launch_template
    ):
        raise faults.quota("MaxTemplateVersionLimitExceeded", "launch template versions")
    return tx.put(
        LaunchTemplateVersion(
            id=version_id(template.id, number),
            owner=tx.owner,
            region=tx.region,
            template_id=template.id,
            number=number,
            create_time=tx.now,
            data=data,
            description=description,
        )
    )


def based_on(source: Parameters, data: Parameters) -> Parameters:
    """The data of a version over those of its source, of which it has all but the snapshots of volumes."""
    if "BlockDeviceMappings" not in source:
        return merged(source, data)
    listed = [
        one | ({"Ebs": _without_snapshot(one["Ebs"])} if "Ebs" in one else {})
        for one in source["BlockDeviceMappings"]
    ]
    return merged(source | {"BlockDeviceMappings": listed}, data)


def _without_snapshot(volume: Parameters) -> Parameters:
    return {name: value for name, value in volume.items() if name != "SnapshotId"}
