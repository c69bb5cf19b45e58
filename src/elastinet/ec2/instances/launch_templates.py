"""Launch templates: created, described, given another default version, deleted."""

import re
from typing import TYPE_CHECKING

from elastinet.ec2.core import faults
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.paths import paths
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import UNMANAGED, tag_set
from elastinet.ec2.instances.template_data import make_version, read_data
from elastinet.ec2.instances.template_lookup import (
    by_name,
    find_template,
    find_version,
    latest,
    no_name,
    versions_of,
)
from elastinet.model.fault import Fault
from elastinet.model.launch_template import LaunchTemplate
from elastinet.model.view import StateView
from elastinet.rules import naming

if TYPE_CHECKING:
    from mypy_boto3_ec2.type_defs import LaunchTemplateTypeDef

NAME = re.compile(r"[a-zA-Z0-9()./_-]{3,128}", re.ASCII)
BAD_NAME = (
    "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
    "following characters: - ( ) . / _"
)


def view(tx: Transaction, template: LaunchTemplate) -> StateView:
    """A template in the shape of the API."""
    newest = latest(tx, template)
    return tx.views.of(template, (newest,), lambda: _view(template, newest.number))


def _view(template: LaunchTemplate, newest: int) -> "LaunchTemplateTypeDef":
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.template_name,
        "CreateTime": moment(template.create_time),
        "CreatedBy": naming.root(template.owner),
        "DefaultVersionNumber": template.default_version,
        "LatestVersionNumber": newest,
        "Operator": UNMANAGED,
        "Tags": tag_set(template),
    }


LAUNCH_TEMPLATES = Describable(
    LaunchTemplate,
    "lt",
    "LaunchTemplates",
    "LaunchTemplateIds",
    view,
    paths("create-time launch-template-name"),
    least_page=1,
)


def describe_launch_templates(tx: Transaction, request: Request) -> Answer:
    """Templates by id, name or filter."""
    request.accept("IncludeManagedResources")  # none is hidden, so asking for all changes nothing
    names = request.ids("LaunchTemplateNames")
    if any(by_name(tx, name) is None for name in names):
        raise no_name(faults.NO_TEMPLATES)
    also = [Filter("launch-template-name", names)] if names else []
    return describe(tx, request, LAUNCH_TEMPLATES, also=also)


def create_launch_template(tx: Transaction, request: Request) -> Answer:
    """A template and its first version, which is the default one."""
    id = once(tx, "CreateLaunchTemplate", request, lambda: _create(tx, request).id, longest=128)
    return {"LaunchTemplate": view(tx, need(tx, LaunchTemplate, "lt", id))}


def _create(tx: Transaction, request: Request) -> LaunchTemplate:
    name = request["LaunchTemplateName"]
    if not NAME.fullmatch(name):
        raise Fault("InvalidLaunchTemplateName.MalformedException", BAD_NAME)
    if by_name(tx, name) is not None:
        sentence = "Launch template name already in use."
        raise Fault("InvalidLaunchTemplateName.AlreadyExistsException", sentence)
    if tx.count(LaunchTemplate) >= tx.settings.quotas.launch_templates:
        raise faults.quota("MaxTemplateLimitExceeded", "launch templates")
    tags, data = tags_for(tx, request, "launch-template"), read_data(tx, request)
    made = tx.new(LaunchTemplate, "lt", template_name=name, create_time=tx.now, tags=tags)
    make_version(tx, made, data, request)
    return made


def modify_launch_template(tx: Transaction, request: Request) -> Answer:
    """Make another version the default one."""
    id = once(tx, "ModifyLaunchTemplate", request, lambda: _modify(tx, request).id, longest=128)
    return {"LaunchTemplate": view(tx, need(tx, LaunchTemplate, "lt", id))}


def _modify(tx: Transaction, request: Request) -> LaunchTemplate:
    template, asked = find_template(tx, request, "modify the template"), request.get("DefaultVersion")
    if asked is None:
        raise faults.missing_parameter("SetDefaultVersion")
    sentence = f"The launch template version {asked} is not found for the specified launch template."
    return tx.put(template.but(default_version=find_version(tx, template, asked, sentence).number))


def delete_launch_template(tx: Transaction, request: Request) -> Answer:
    """Remove a template with all its versions; what was launched from it stays."""
    template = find_template(tx, request, "delete the template")
    answer = {"LaunchTemplate": view(tx, template)}
    for version in versions_of(tx, template):
        tx.drop(version)
    tx.drop(template)
    return answer
