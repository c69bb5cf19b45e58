"""A launch from a template: the parameters of both, and the tags by which its instances tell it."""

from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.instances.launch_parameters import over_template, said
from elastinet.ec2.instances.template_lookup import find_template, find_version
from elastinet.model.launch_template import LaunchTemplateVersion
from elastinet.model.noun import Tags


def expanded(tx: Transaction, request: Request) -> tuple[Request, Tags]:
    """A request with what its template says beneath it, and the labels of its instances."""
    named = request.get("LaunchTemplate")
    if named is None:
        request.accept_all()  # the launch sees to it that all of it is read
        return Request(said(request.raw())), ()
    template = find_template(tx, named, "launch instances")
    version = find_version(tx, template, named.get("Version"))
    over = {name: value for name, value in request.raw().items() if name != "LaunchTemplate"}
    request.accept_all()
    return Request(over_template(version.data, over)), labels(version)


def labels(version: LaunchTemplateVersion) -> Tags:
    """The tags that EC2 itself gives to an instance from a template."""
    return (
        ("aws:ec2launchtemplate:id", version.template_id),
        ("aws:ec2launchtemplate:version", str(version.number)),
    )
