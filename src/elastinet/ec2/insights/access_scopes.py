"""Access scopes of Network Access Analyzer: the paths that an account wants to know of."""

from typing import Any

from msgspec import to_builtins

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.insights import scope_content
from elastinet.model.access_scope import AccessScope, AccessScopeAnalysis
from elastinet.model.view import StateView
from elastinet.rules.naming import arn

ARN = "network-insights-access-scope"


def view(tx: Transaction, scope: AccessScope) -> StateView:
    """A scope in the shape of the API; what it looks for is shown apart."""
    return tx.views.of(scope, (), lambda: _view(scope))


def _view(scope: AccessScope) -> dict[str, Any]:
    return {
        "NetworkInsightsAccessScopeId": scope.id,
        "NetworkInsightsAccessScopeArn": arn(scope.region, scope.owner, ARN, scope.id),
        "CreatedDate": moment(scope.create_time),
        "UpdatedDate": moment(scope.create_time),
        "Tags": tag_set(scope),
    }


def _content(scope: AccessScope) -> dict[str, Any]:
    return {
        "NetworkInsightsAccessScopeId": scope.id,
        "MatchPaths": [to_builtins(path) for path in scope.match_paths],
        "ExcludePaths": [to_builtins(path) for path in scope.exclude_paths],
    }


SCOPES = Describable(
    AccessScope,
    "nis",
    "NetworkInsightsAccessScopes",
    "NetworkInsightsAccessScopeIds",
    view,
    {},
    least_page=1,
)


def describe_access_scopes(tx: Transaction, request: Request) -> Answer:
    """Scopes by id; EC2 has no filters for them."""
    filters.read(request, {}, tagged=False)
    return describe(tx, request, SCOPES)


def get_access_scope_content(tx: Transaction, request: Request) -> Answer:
    """What a scope looks for, as it was told."""
    scope = need(tx, AccessScope, "nis", request["NetworkInsightsAccessScopeId"])
    return {"NetworkInsightsAccessScopeContent": _content(scope)}


def create_access_scope(tx: Transaction, request: Request) -> Answer:
    """Keep which paths to look for."""
    id = once(tx, "CreateNetworkInsightsAccessScope", request, lambda: _create(tx, request).id)
    scope = need(tx, AccessScope, "nis", id)
    return {
        "NetworkInsightsAccessScope": view(tx, scope),
        "NetworkInsightsAccessScopeContent": _content(scope),
    }


def _create(tx: Transaction, request: Request) -> AccessScope:
    matches, exclusions = scope_content.matches(tx, request), scope_content.exclusions(tx, request)
    if tx.count(AccessScope) >= tx.settings.quotas.access_scopes:
        raise faults.quota("NetworkInsightsAccessScopeLimitExceeded", "network insights access scopes")
    return tx.new(
        AccessScope,
        "nis",
        match_paths=matches,
        exclude_paths=exclusions,
        create_time=tx.now,
        tags=tags_for(tx, request, ARN),
    )


def delete_access_scope(tx: Transaction, request: Request) -> Answer:
    """Forget a scope that has no analyses."""
    scope = need(tx, AccessScope, "nis", request["NetworkInsightsAccessScopeId"])
    if next(tx.where(AccessScopeAnalysis, "scope-id", scope.id), None):
        raise faults.dependency(
            f"The network insights access scope '{scope.id}' has analyses. Delete them before the scope."
        )
    tx.drop(scope)
    return {"NetworkInsightsAccessScopeId": scope.id}
