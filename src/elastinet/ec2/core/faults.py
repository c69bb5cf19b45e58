"""EC2's refusals: its codes and its sentences (facts sheet, sections 13 and 14)."""

from collections.abc import Sequence

from elastinet.ec2.core.namings import NAMINGS, Naming
from elastinet.model.fault import Fault
from elastinet.model.ids import well_formed

NO_TEMPLATES = "At least one of the launch templates specified in the request does not exist."


def missing(kind: str | Naming, ids: Sequence[str]) -> Fault:
    """Nothing has this id, or these; in the words of a kind, by its prefix, or of an operation."""
    naming = kind if isinstance(kind, Naming) else NAMINGS[kind]
    if kind == "ami":
        return Fault(naming.missing, f"The image id '[{', '.join(ids)}]' does not exist")
    if kind == "nat":
        return Fault(naming.missing, f"NAT gateway {', '.join(ids)} was not found")
    if kind == "lt":
        return Fault(naming.missing, _no_template(ids))
    if len(ids) == 1:
        return Fault(naming.missing, f"The {naming.noun} '{ids[0]}' does not exist")
    return Fault(naming.missing, f"The {naming.noun}s '{', '.join(ids)}' do not exist")


def _no_template(ids: Sequence[str]) -> str:
    if len(ids) > 1:
        return NO_TEMPLATES
    return f"The specified launch template, with template ID {ids[0]}, does not exist."


def check_form(kind: str | Naming, id: str) -> None:
    """Refuse an id that no resource of this kind could have, where EC2 tells that from absence."""
    naming = kind if isinstance(kind, Naming) else NAMINGS[kind]
    if naming.malformed and not well_formed(id, naming.prefix):
        raise Fault(naming.malformed, f'Invalid id: "{id}" (expecting "{naming.prefix}-...")')


def missing_parameter(name: str) -> Fault:
    """A parameter that this request needs is not there."""
    return Fault("MissingParameter", f"The request must contain the parameter {name}")


def invalid(value: object, name: str, why: str = "") -> Fault:
    """A parameter's value cannot be."""
    sentence = f"Value ({value}) for parameter {name} is invalid."
    return Fault("InvalidParameterValue", f"{sentence} {why}".rstrip())


def combination(sentence: str) -> Fault:
    """Parameters that exclude each other."""
    return Fault("InvalidParameterCombination", sentence)


def dependency(sentence: str) -> Fault:
    """Something else still needs what is to be deleted."""
    return Fault("DependencyViolation", sentence)


def quota(code: str, noun: str) -> Fault:
    """An account has as many of these as it may."""
    return Fault(code, f"The maximum number of {noun} has been reached.")


def unsupported(sentence: str) -> Fault:
    """Something that EC2 has and elastinet does not."""
    return Fault("UnsupportedOperation", sentence)
