"""Launch templates: what a launch asks for, written down once, in numbered versions."""

from typing import Any, ClassVar

from elastinet.model.noun import Index, Noun


class LaunchTemplate(Noun, frozen=True, kw_only=True):
    """A template's name and its default version; `numbered` is the last number that a version was given."""

    template_name: str
    create_time: float
    default_version: int = 1
    numbered: int = 1

    INDEXES: ClassVar[dict[str, Index]] = {"name": lambda t: ((*t.scope, t.template_name),)}


class LaunchTemplateVersion(Noun, frozen=True, kw_only=True):
    """One version of a template, which never changes; `data` has the names of the API."""

    template_id: str
    number: int
    create_time: float
    data: dict[str, Any]
    description: str | None = None

    INDEXES: ClassVar[dict[str, Index]] = {"launch-template-id": lambda v: (v.template_id,)}
