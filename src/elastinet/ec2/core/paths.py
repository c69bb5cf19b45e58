"""The places of filters in a view: most names say it themselves."""

from collections.abc import Mapping


def paths(names: str, renames: Mapping[str, str] | None = None, **special: str) -> dict[str, str]:
    """A place for each filter name: "attachment.device-index" is Attachment.DeviceIndex.

    `renames` gives a step's name in the view where it is another one ("groups": "GroupSet");
    `special` gives whole paths, with underscores for the dashes and double ones for the dots of
    the name.
    """
    steps = renames or {}
    found = {
        name: ".".join(steps.get(step) or camel(step) for step in name.split(".")) for name in names.split()
    }
    return found | {name.replace("__", ".").replace("_", "-"): path for name, path in special.items()}


def camel(step: str) -> str:
    """A filter's step in the spelling of the service model."""
    return "".join(word.capitalize() for word in step.split("-"))
