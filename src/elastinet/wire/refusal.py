"""EC2's refusals of a request that does not have the right form."""

from elastinet.model.fault import Fault

_LONGEST_ECHO_CHARS = 256


def _echo(text: str) -> str:
    """As much of what the client sent as a message should repeat."""
    return text if len(text) <= _LONGEST_ECHO_CHARS else text[:_LONGEST_ECHO_CHARS] + "..."


def malformed(reason: str) -> Fault:
    """The parameters cannot be read at all."""
    return Fault("MalformedQueryString", f"The query string contains a syntax error. {reason}")


def too_large(reason: str) -> Fault:
    """The request exceeds a limit of this server."""
    return Fault("RequestEntityTooLarge", reason, 413)


def unknown(path: str) -> Fault:
    """The operation has no such parameter."""
    return Fault("UnknownParameter", f"The parameter {_echo(path)} is not recognized")


def missing(path: str) -> Fault:
    """The operation needs the parameter."""
    return Fault("MissingParameter", f"The request must contain the parameter {_echo(path)}")


def invalid(value: str, path: str, reason: str) -> Fault:
    """The value is not one of the parameter's type; EC2 spells the name in lower camel case here."""
    parameter = _echo(path[:1].lower() + path[1:])
    return Fault(
        "InvalidParameterValue", f"Value ({_echo(value)}) for parameter {parameter} is invalid. {reason}"
    )
