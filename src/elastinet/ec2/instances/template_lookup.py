"""Launch templates and their versions as requests name them."""

from elastinet.digits import whole
from elastinet.ec2.core import faults
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.launch_template import LaunchTemplate, LaunchTemplateVersion

LATEST, DEFAULT = "$Latest", "$Default"
MOST_NUMBER = 2**63 - 1


def find_template(tx: Transaction, named: Request, to_do: str) -> LaunchTemplate:
    """The template that a request, or a structure in it, names by id or by name."""
    id, name = named.get("LaunchTemplateId"), named.get("LaunchTemplateName")
    if id is not None and name is not None:
        sentence = f"Either provide launch template ID or launch template name to {to_do}."
        raise faults.combination(sentence)
    if id is not None:
        return need(tx, LaunchTemplate, "lt", id)
    if name is None:
        raise faults.missing_parameter("launch template ID or launch template name")
    if (found := by_name(tx, name)) is None:
        raise no_name(f"The specified launch template, with template name {name}, does not exist.")
    return found


def by_name(tx: Transaction, name: str) -> LaunchTemplate | None:
    """The account's template of this name."""
    return next(tx.where(LaunchTemplate, "name", (*tx.scope, name)), None)


def no_name(sentence: str) -> Fault:
    """The refusal of a name that no template has."""
    return Fault("InvalidLaunchTemplateName.NotFoundException", sentence)


def versions_of(tx: Transaction, template: LaunchTemplate) -> list[LaunchTemplateVersion]:
    """All versions of a template, the newest first."""
    found = tx.where(LaunchTemplateVersion, "launch-template-id", template.id)
    return sorted(found, key=lambda version: -version.number)


def latest(tx: Transaction, template: LaunchTemplate) -> LaunchTemplateVersion:
    """The newest version of a template; there is always one, for the default one cannot be deleted."""
    return versions_of(tx, template)[0]


def find_version(
    tx: Transaction, template: LaunchTemplate, asked: str | None, sentence: str = ""
) -> LaunchTemplateVersion:
    """The version that a request asks for: by number, `$Latest`, or the default one."""
    if asked == LATEST:
        return latest(tx, template)
    number = template.default_version if asked in (None, "", DEFAULT) else version_number(asked or "")
    found = tx.get(LaunchTemplateVersion, version_id(template.id, number))
    if found is None:
        usual = (
            f"Could not find the specified version {number} for the launch template with ID {template.id}."
        )
        raise Fault("InvalidLaunchTemplateId.VersionNotFound", sentence or usual)
    return found


def version_number(text: str) -> int:
    """The number of a version, as a request writes it."""
    if (number := whole(text, 0, MOST_NUMBER)) is None:
        raise faults.invalid(text, "launchTemplateVersion", "Expecting a number, $Latest or $Default.")
    return number


def version_id(template_id: str, number: int) -> str:
    """The key of a version, which EC2 knows by its template and its number only."""
    return f"{template_id}/{number}"
