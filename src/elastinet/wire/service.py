"""An operation's shapes, wire names and envelope, from botocore's service models."""

from functools import cache

from elastinet.model.outline import Outline
from elastinet.wire.shapes import Definitions, Reference, Shape, load

OTHER_SERVICES = {
    "GetCallerIdentity": "sts",
    **dict.fromkeys(("GetParameter", "GetParameters", "GetParametersByPath"), "ssm"),
    **dict.fromkeys(
        """
        AddRoleToInstanceProfile AttachRolePolicy CreateInstanceProfile CreatePolicy
        CreatePolicyVersion CreateRole DeleteInstanceProfile DeletePolicy DeletePolicyVersion
        DeleteRole DeleteRolePolicy DetachRolePolicy GetInstanceProfile GetPolicy GetPolicyVersion
        GetRole GetRolePolicy ListAttachedRolePolicies ListEntitiesForPolicy ListInstanceProfileTags
        ListInstanceProfiles ListInstanceProfilesForRole ListPolicies ListPolicyTags
        ListPolicyVersions ListRolePolicies ListRoleTags ListRoles PutRolePolicy
        RemoveRoleFromInstanceProfile SetDefaultPolicyVersion TagInstanceProfile TagPolicy TagRole
        UntagInstanceProfile UntagPolicy UntagRole UpdateAssumeRolePolicy UpdateRole
        """.split(),
        "iam",
    ),
}
"""The operations that answer on EC2's port but belong to another service's model."""
SERVICES = frozenset(("ec2", *OTHER_SERVICES.values()))
"""The services of which there is something here, by the names that requests are signed for."""


class Service:
    """One service's model; shapes are resolved when they are asked for, so that loading stays cheap."""

    def __init__(self, name: str) -> None:
        model = load(name)
        others = {action for action, owner in OTHER_SERVICES.items() if owner == name}
        self.name = name
        self.actions = frozenset(others or model.operations)
        self.version = model.metadata.api_version
        self.is_ec2 = model.metadata.protocol == "ec2"
        self.target_prefix = model.metadata.target_prefix
        self.namespace = model.metadata.xml_namespace.rstrip("/") + "/"
        self._operations, self._definitions = model.operations, Definitions(model.shapes)

    def input_shape(self, action: str) -> Shape | None:
        """The structure that the operation takes; None if it takes none."""
        return self._used(self._operations[action].input)

    def output_shape(self, action: str) -> Shape | None:
        """The structure that the operation answers with; None if it answers with none."""
        return self._used(self._operations[action].output)

    def outline(self, action: str) -> Outline:
        """The members of what the operation takes and gives."""
        takes, gives = self.input_shape(action), self.output_shape(action)
        given = takes.members if takes else {}
        return Outline(
            {name: shape.type_name for name, shape in given.items()},
            frozenset(takes.required_members if takes else ()),
            {name: shape.type_name for name, shape in (gives.members if gives else {}).items()},
            "MaxResults" in given and given["MaxResults"].min is not None,
        )

    def shape(self, name: str) -> Shape:
        """The shape of that name, as no member uses it yet."""
        return Shape(self._definitions, Reference(name))

    def _used(self, use: Reference | None) -> Shape | None:
        return None if use is None else Shape(self._definitions, use)

    def request_name(self, member: str, shape: Shape) -> str:
        """The member's name in a request, as botocore's serialisers write it."""
        location = shape.location_name
        if not self.is_ec2:
            return location or member
        if location is not None:
            location = location[0].upper() + location[1:]
        return shape.query_name or location or member

    def response_name(self, member: str, shape: Shape) -> str:
        """The member's element in an answer, as botocore's parsers read it."""
        return shape.location_name or member


@cache
def _load(name: str) -> Service:
    return Service(name)


def service() -> Service:
    """EC2's model, loaded once."""
    return _load("ec2")


def service_of(action: str) -> Service | None:
    """The service that has the operation, None if there is none; another service's model loads on demand."""
    found = _load(OTHER_SERVICES.get(action, "ec2"))
    return found if action in found.actions else None


def outline_of(action: str) -> Outline | None:
    """The outline of one of EC2's own operations; None if it has no such operation."""
    ec2 = service()
    return ec2.outline(action) if action in ec2.actions else None
