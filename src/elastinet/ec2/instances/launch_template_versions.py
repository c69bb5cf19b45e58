"""The versions of launch templates: made, described, deleted one by one."""

from collections.abc import Iterator
from typing import Any

from elastinet.digits import whole
from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.image_parameters import resolved
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.page_size import page_size
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED
from elastinet.ec2.instances.template_data import based_on, make_version, read_data
from elastinet.ec2.instances.template_lookup import (
    DEFAULT,
    LATEST,
    MOST_NUMBER,
    find_template,
    find_version,
    version_id,
    version_number,
    versions_of,
)
from elastinet.model.fault import Fault
from elastinet.model.launch_template import LaunchTemplate, LaunchTemplateVersion
from elastinet.model.view import StateView
from elastinet.rules import naming

MOST_A_PAGE, MOST_A_DELETION = 200, 200
HOW_TO_ASK = (
    "To describe the launch template data for all your launch templates, for '--versions' specify '$Latest', "
    "'$Default', or both, and omit '--launch-template-id', '--launch-template-name', and version numbers. To "
    "describe the launch template data for a specific launch template, specify '--launch-template-id' or "
    "'--launch-template-name', and for '--versions' specify one or more of the following values: '$Latest', "
    "'$Default', or one or more version numbers."
)
_DATA = "LaunchTemplateData"
FILTERS = {
    "create-time": "CreateTime",
    "ebs-optimized": f"{_DATA}.EbsOptimized",
    "host-resource-group-arn": f"{_DATA}.Placement.HostResourceGroupArn",
    "http-endpoint": f"{_DATA}.MetadataOptions.HttpEndpoint",
    "http-protocol-ipv4": f"{_DATA}.MetadataOptions.HttpProtocolIpv4",
    "http-tokens": f"{_DATA}.MetadataOptions.HttpTokens",
    "iam-instance-profile": f"{_DATA}.IamInstanceProfile.Arn",
    "image-id": f"{_DATA}.ImageId",
    "instance-type": f"{_DATA}.InstanceType",
    "is-default-version": "DefaultVersion",
    "kernel-id": f"{_DATA}.KernelId",
    "license-configuration-arn": f"{_DATA}.LicenseSpecifications.LicenseConfigurationArn",
    "network-card-index": f"{_DATA}.NetworkInterfaces.NetworkCardIndex",
    "ram-disk-id": f"{_DATA}.RamDiskId",
}


def view(tx: Transaction, version: LaunchTemplateVersion) -> StateView:
    """A version in the shape of the API."""
    template = tx.need(LaunchTemplate, version.template_id)
    return tx.views.of(version, (template,), lambda: _view(template, version))


def _view(template: LaunchTemplate, version: LaunchTemplateVersion) -> dict[str, Any]:
    described = {} if version.description is None else {"VersionDescription": version.description}
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.template_name,
        "VersionNumber": version.number,
        **described,
        "CreateTime": moment(version.create_time),
        "CreatedBy": naming.root(template.owner),
        "DefaultVersion": version.number == template.default_version,
        "LaunchTemplateData": version.data,
        "Operator": UNMANAGED,
    }


def create_launch_template_version(tx: Transaction, request: Request) -> Answer:
    """Another version, by itself or over an earlier one."""
    id = once(tx, "CreateLaunchTemplateVersion", request, lambda: _create(tx, request).id, longest=128)
    if (made := tx.get(LaunchTemplateVersion, id)) is None:
        raise Fault("InvalidLaunchTemplateId.VersionNotFound", "Launch template version does not exist.")
    return {"LaunchTemplateVersion": _by_alias(tx, request, view(tx, made))}


def _create(tx: Transaction, request: Request) -> LaunchTemplateVersion:
    template, data = find_template(tx, request, "create a version"), read_data(tx, request)
    if (source := request.get("SourceVersion")) is not None:
        found = find_version(tx, template, source, "Launch template version does not exist.")
        data = based_on(found.data, data)
    template = tx.put(template.but(numbered=template.numbered + 1))
    return make_version(tx, template, data, request)


def describe_launch_template_versions(tx: Transaction, request: Request) -> Answer:
    """Versions of one template, or the latest or default ones of all."""
    request.accept("IncludeManagedResources")  # none is hidden, so asking for all changes nothing
    asked = filters.read(request, FILTERS, tagged=False)
    found = {version.id: version for version in _described(tx, request)}
    views = [(_place(version), view(tx, version)) for version in found.values()]
    shown = [(place, seen) for place, seen in views if filters.passes(seen, asked, FILTERS)]
    most = page_size(request, least=1, most=MOST_A_PAGE)
    shown = [(place, _by_alias(tx, request, seen)) for place, seen in shown]
    return page(shown, most, request.get("NextToken"), "LaunchTemplateVersions")


def _place(version: LaunchTemplateVersion) -> str:
    """Where a version comes in pages, which go by text: by template, the newest first."""
    return f"{version.template_id}/{MOST_NUMBER - version.number:019}"


def _described(tx: Transaction, request: Request) -> Iterator[LaunchTemplateVersion]:
    wanted, bounds = request.ids("Versions"), _bounds(request)
    if not {"LaunchTemplateId", "LaunchTemplateName"} & request.raw().keys():
        yield from _of_all(tx, wanted)
        return
    template = find_template(tx, request, "describe its versions")
    if wanted and bounds is not None:
        raise faults.combination("Versions and a range of versions may not be specified on the same request.")
    if wanted:
        yield from (find_version(tx, template, text) for text in wanted)
    else:
        least, most = bounds or (0, MOST_NUMBER)
        yield from (one for one in versions_of(tx, template) if least <= one.number <= most)


def _bounds(request: Request) -> tuple[int, int] | None:
    least, most = request.get("MinVersion"), request.get("MaxVersion")
    if least is None and most is None:
        return None
    return version_number(least or "0"), version_number(most or str(MOST_NUMBER))


def _of_all(tx: Transaction, wanted: list[str]) -> Iterator[LaunchTemplateVersion]:
    """The latest versions of all templates, or the default ones, or both."""
    if not wanted:
        raise Fault("MissingParameter", HOW_TO_ASK)
    if not {LATEST, DEFAULT}.issuperset(wanted):
        raise Fault("InvalidParameterValue", HOW_TO_ASK)
    for template in tx.mine(LaunchTemplate):
        yield from (find_version(tx, template, text) for text in wanted)


def _by_alias(tx: Transaction, request: Request, seen: StateView) -> StateView:
    """A version as it is, or with the image that a parameter stands for where the request asks for that."""
    data = seen["LaunchTemplateData"]
    if not request.get("ResolveAlias") or "ImageId" not in data:
        return seen
    return StateView(seen, LaunchTemplateData={**data, "ImageId": resolved(tx, data["ImageId"])})


def delete_launch_template_versions(tx: Transaction, request: Request) -> Answer:
    """Remove versions of a template, all but the default one; each is answered for itself."""
    template = find_template(tx, request, "delete its versions")
    numbers = [_exact(text) for text in request["Versions"]]
    if len(numbers) > MOST_A_DELETION:
        sentence = f"Expecting up to {MOST_A_DELETION} versions."
        raise faults.invalid(len(numbers), "launchTemplateVersion", sentence)
    named = {"LaunchTemplateId": template.id, "LaunchTemplateName": template.template_name}
    done: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for number in numbers:
        error = _delete(tx, template, number)
        item = named | {"VersionNumber": number}
        if error is None:
            done.append(item)
        else:
            failed.append(item | {"ResponseError": error})
    answer = "uccessfullyDeletedLaunchTemplateVersions"
    return {f"S{answer}": done, f"Uns{answer}": failed}


def _exact(text: str) -> int:
    if (number := whole(text, 0, MOST_NUMBER)) is None:
        raise faults.invalid(text, "launchTemplateVersion", "Expecting the number of a version.")
    return number


def _delete(tx: Transaction, template: LaunchTemplate, number: int) -> dict[str, str] | None:
    """Remove a version; the error where that cannot be."""
    version = tx.get(LaunchTemplateVersion, version_id(template.id, number))
    if version is None:
        sentence = "The launch template version does not exist."
        return {"Code": "launchTemplateVersionDoesNotExist", "Message": sentence}
    if number == template.default_version:
        sentence = "The default version of a launch template cannot be deleted."
        return {"Code": "unexpectedError", "Message": sentence}
    tx.drop(version)
    return None
