"""Parameters of SSM: the public ones that name images, which AWS and others publish. Nobody has any own."""

from datetime import datetime

from elastinet.catalog.images import Image, public_parameters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import page
from elastinet.ec2.core.image_parameters import VERSION, find
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.transaction import Transaction
from elastinet.model.fault import Fault
from elastinet.model.view import StateView

PAGE = 10


def get_parameter(tx: Transaction, request: Request) -> Answer:
    """One parameter by its name."""
    request.accept("WithDecryption")  # there are no secrets among them
    if (image := find(tx, request["Name"])) is None:
        raise Fault("ParameterNotFound", "")
    return {"Parameter": _view(tx, request["Name"], image)}


def get_parameters(tx: Transaction, request: Request) -> Answer:
    """Several parameters by their names, and the names that there are not."""
    request.accept("WithDecryption")
    found = {name: find(tx, name) for name in sorted(set(request.ids("Names")))}
    return {
        "Parameters": [_view(tx, name, image) for name, image in found.items() if image],
        "InvalidParameters": [name for name, image in found.items() if image is None],
    }


def get_parameters_by_path(tx: Transaction, request: Request) -> Answer:
    """The parameters right below a path, or all below it."""
    request.accept("WithDecryption")
    path = request["Path"]
    if not path.startswith("/"):
        raise Fault("ValidationException", f"The path '{path}' does not begin with a slash.")
    above = path.rstrip("/") + "/"
    below = {name: image for name, image in public_parameters(tx.region).items() if name.startswith(above)}
    if not request.get("Recursive"):
        below = {name: image for name, image in below.items() if "/" not in name.removeprefix(above)}
    found = [(name, _view(tx, name, image)) for name, image in below.items()]
    return page(found, request.get("MaxResults", PAGE), request.get("NextToken"), "Parameters")


def _view(tx: Transaction, name: str, image: Image) -> StateView:
    """A parameter in the shape of the API."""
    bare, _, version = name.partition(":")
    return StateView(
        Name=bare,
        Type="String",
        Value=image.id,
        Version=VERSION,
        **({"Selector": f":{version}"} if version else {}),
        LastModifiedDate=datetime.fromisoformat(image.creation_date),
        ARN=f"arn:aws:ssm:{tx.region}::parameter{bare}",
        DataType="aws:ec2:image",
    )
