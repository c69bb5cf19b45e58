"""Analyses of access scopes: begun here, made beside the engine, and what they found."""

from typing import Any

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe, open_token, seal
from elastinet.ec2.core.fact import ScopeAnalysed
from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.insights.analyses import shown_component
from elastinet.ec2.insights.scope_findings import unpack
from elastinet.ec2.insights.started import IN_TIME, between
from elastinet.model.access_scope import FINDINGS_A_PAGE, AccessScope, AccessScopeAnalysis, Finding
from elastinet.model.fault import Fault
from elastinet.model.view import StateView
from elastinet.rules.naming import arn

ARN = "network-insights-access-scope-analysis"
USUAL_FINDINGS = 100
"""The findings of an answer to who does not say how many."""


def view(tx: Transaction, analysis: AccessScopeAnalysis) -> StateView:
    """An analysis in the shape of the API."""
    return tx.views.of(analysis, (), lambda: _begun(analysis) | _ended(analysis))


def _begun(analysis: AccessScopeAnalysis) -> dict[str, Any]:
    """An analysis as its start shows it: nothing is known of its result."""
    return {
        "NetworkInsightsAccessScopeAnalysisId": analysis.id,
        "NetworkInsightsAccessScopeAnalysisArn": arn(analysis.region, analysis.owner, ARN, analysis.id),
        "NetworkInsightsAccessScopeId": analysis.scope_id,
        "StartDate": moment(analysis.start_time),
        "Status": "running",
        "AnalyzedEniCount": 0,
        "Tags": tag_set(analysis),
    }


def _ended(analysis: AccessScopeAnalysis) -> dict[str, Any]:
    if analysis.end_time is None:
        return {}
    found = "true" if analysis.count else "false"
    messages = {"StatusMessage": analysis.message, "WarningMessage": analysis.warning}
    return {
        "Status": analysis.status,
        "EndDate": moment(analysis.end_time),
        "AnalyzedEniCount": analysis.interfaces,
        "FindingsFound": found if analysis.status == "succeeded" else "unknown",
    } | {name: text for name, text in messages.items() if text}


ANALYSES = Describable(
    AccessScopeAnalysis,
    "nisa",
    "NetworkInsightsAccessScopeAnalyses",
    "NetworkInsightsAccessScopeAnalysisIds",
    view,
    {"scope-id": "NetworkInsightsAccessScopeId"} | IN_TIME,
    {"scope-id": "scope-id"},
    least_page=1,
)


def describe_scope_analyses(tx: Transaction, request: Request) -> Answer:
    """Analyses by id, scope or time of their start; EC2 has no filters for them."""
    filters.read(request, {}, tagged=False)
    also, seen = between(*(request.get(f"AnalysisStartTime{end}") for end in ("Begin", "End")))
    if (scope_id := request.get("NetworkInsightsAccessScopeId")) is not None:
        also.append(Filter("scope-id", [need(tx, AccessScope, "nis", scope_id).id]))
    return describe(tx, request, ANALYSES, also=also, seen=seen)


# --- their life -----------------------------------------------------------------------------------


def start_scope_analysis(tx: Transaction, request: Request) -> Answer:
    """Begin to look for what a scope matches, in the region as it is now."""
    id = once(tx, "StartNetworkInsightsAccessScopeAnalysis", request, lambda: _start(tx, request).id)
    return {"NetworkInsightsAccessScopeAnalysis": _begun(need(tx, AccessScopeAnalysis, "nisa", id))}


def _start(tx: Transaction, request: Request) -> AccessScopeAnalysis:
    scope = need(tx, AccessScope, "nis", request["NetworkInsightsAccessScopeId"])
    quotas = tx.settings.quotas
    running = sum(1 for _ in tx.where(AccessScopeAnalysis, "status", "running"))
    code = "NetworkInsightsAccessScopeAnalysisLimitExceeded"
    if running >= quotas.running_access_scope_analyses:
        raise faults.quota(code, "network insights access scope analyses that run at once")
    if tx.count(AccessScopeAnalysis) >= quotas.access_scope_analyses:
        raise faults.quota(code, "network insights access scope analyses")
    tags = tags_for(tx, request, ARN)
    return tx.new(AccessScopeAnalysis, "nisa", scope_id=scope.id, start_time=tx.now, tags=tags)


def analysed(tx: Transaction, fact: ScopeAnalysed) -> None:
    """An analysis has ended; one that is no more, or has ended before, stays as it is."""
    analysis = tx.get(AccessScopeAnalysis, fact.analysis)
    if analysis is None or analysis.end_time is not None:
        return
    tx.put(
        analysis.but(
            status="failed" if fact.failure else "succeeded",
            end_time=tx.now,
            message=fact.failure,
            warning=fact.warning,
            interfaces=fact.interfaces,
            count=fact.count,
            pages=fact.pages,
        )
    )


def delete_scope_analysis(tx: Transaction, request: Request) -> Answer:
    """Forget an analysis, one that runs, too."""
    analysis = need(tx, AccessScopeAnalysis, "nisa", request["NetworkInsightsAccessScopeAnalysisId"])
    tx.drop(analysis)
    return {"NetworkInsightsAccessScopeAnalysisId": analysis.id}


# --- findings -------------------------------------------------------------------------------------


def get_findings(tx: Transaction, request: Request) -> Answer:
    """A page of what an analysis found."""
    analysis = need(tx, AccessScopeAnalysis, "nisa", request["NetworkInsightsAccessScopeAnalysisId"])
    most: int = request.get("MaxResults") or USUAL_FINDINGS
    first = _first(request.get("NextToken"))
    last = min(first + most, analysis.count)
    answer: dict[str, Any] = {
        "NetworkInsightsAccessScopeAnalysisId": analysis.id,
        "AnalysisStatus": analysis.status,
        "AnalysisFindings": [_finding(analysis, *one) for one in _between(analysis, first, last)],
    }
    return answer | ({"NextToken": seal(str(last))} if last < analysis.count else {})


def _first(token: str | None) -> int:
    if token is None:
        return 0
    number = open_token(token)
    if not number.isdecimal() or not number.isascii() or len(number) > 5:
        raise Fault("InvalidNextToken", f"The token '{token}' is invalid.")
    return int(number)


def _between(analysis: AccessScopeAnalysis, first: int, last: int) -> list[tuple[int, Finding]]:
    pages = range(first // FINDINGS_A_PAGE, -(-last // FINDINGS_A_PAGE))
    start = first // FINDINGS_A_PAGE * FINDINGS_A_PAGE
    found = [one for number in pages for one in unpack(analysis.pages[number])]
    return [(number, one) for number, one in enumerate(found, start) if first <= number < last]


def _finding(analysis: AccessScopeAnalysis, number: int, finding: Finding) -> dict[str, Any]:
    return {
        "NetworkInsightsAccessScopeAnalysisId": analysis.id,
        "NetworkInsightsAccessScopeId": analysis.scope_id,
        "FindingId": f"AnalysisFinding-{number + 1}",
        "FindingComponents": [shown_component(one) for one in finding],
    }
