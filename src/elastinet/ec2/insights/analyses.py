"""Analyses of paths: each keeps what it found when it was started."""

import re
from typing import Any

from msgspec import to_builtins

from elastinet.ec2.core import faults, filters
from elastinet.ec2.core.answer import Answer
from elastinet.ec2.core.describe import Describable, describe
from elastinet.ec2.core.filters import Filter
from elastinet.ec2.core.lookup import need
from elastinet.ec2.core.moments import moment
from elastinet.ec2.core.once import once
from elastinet.ec2.core.request import Request
from elastinet.ec2.core.tagging import tags_for
from elastinet.ec2.core.transaction import Transaction
from elastinet.ec2.core.views import tag_set
from elastinet.ec2.insights.findings import found
from elastinet.ec2.insights.resources import read_arn
from elastinet.ec2.insights.started import IN_TIME, between
from elastinet.model.insights import InsightsAnalysis, InsightsPath, PathComponent
from elastinet.model.view import StateView
from elastinet.rules.naming import arn

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)


def view(tx: Transaction, analysis: InsightsAnalysis) -> StateView:
    """An analysis in the shape of the API."""
    return tx.views.of(analysis, (), lambda: _running(analysis) | _result(analysis))


def _running(analysis: InsightsAnalysis) -> dict[str, Any]:
    """An analysis as its start shows it: nothing is known of its result."""
    shown: dict[str, Any] = {
        "NetworkInsightsAnalysisId": analysis.id,
        "NetworkInsightsAnalysisArn": arn(
            analysis.region, analysis.owner, "network-insights-analysis", analysis.id
        ),
        "NetworkInsightsPathId": analysis.path_id,
        "StartDate": moment(analysis.start_time),
        "Status": "running",
        "Tags": tag_set(analysis),
    }
    given = {
        "AdditionalAccounts": analysis.additional_accounts,
        "FilterInArns": analysis.filter_in,
        "FilterOutArns": analysis.filter_out,
    }
    return shown | {name: list(value) for name, value in given.items() if value}


def _result(analysis: InsightsAnalysis) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ForwardPathComponents": [shown_component(one) for one in analysis.forward],
        "ReturnPathComponents": [shown_component(one) for one in analysis.back],
        "Explanations": [to_builtins(one) for one in analysis.explanations],
        "AlternatePathHints": [to_builtins(one) for one in analysis.hints],
        "SuggestedAccounts": list(analysis.suggested_accounts),
        "WarningMessage": analysis.warning,
    }
    there = {name: value for name, value in result.items() if value}
    return there | {"Status": "succeeded", "NetworkPathFound": analysis.found}


def shown_component(component: PathComponent) -> dict[str, Any]:
    """A component of a path in the shape of the API."""
    return {"AdditionalDetails": [], "Explanations": [], **to_builtins(component)}


FILTERS = {"path-found": "NetworkPathFound", "status": "Status"}
ANALYSES = Describable(
    InsightsAnalysis,
    "nia",
    "NetworkInsightsAnalyses",
    "NetworkInsightsAnalysisIds",
    view,
    FILTERS | {"path-id": "NetworkInsightsPathId"} | IN_TIME,
    {"path-id": "path-id"},
    least_page=1,
)


def describe_network_insights_analyses(tx: Transaction, request: Request) -> Answer:
    """Analyses by id, path, time of their start, or filter."""
    filters.read(request, FILTERS)
    also, seen = between(*(request.get(f"Analysis{end}Time") for end in ("Start", "End")))
    if (path_id := request.get("NetworkInsightsPathId")) is not None:
        also.append(Filter("path-id", [need(tx, InsightsPath, "nip", path_id).id]))
    return describe(tx, request, ANALYSES, also=also, seen=seen)


def start_network_insights_analysis(tx: Transaction, request: Request) -> Answer:
    """Analyse a path as the region is now; the answer still says that it runs."""
    id = once(tx, "StartNetworkInsightsAnalysis", request, lambda: _start(tx, request).id)
    return {"NetworkInsightsAnalysis": _running(need(tx, InsightsAnalysis, "nia", id))}


def _start(tx: Transaction, request: Request) -> InsightsAnalysis:
    path = need(tx, InsightsPath, "nip", request["NetworkInsightsPathId"])
    through, closed = _arns(request, "FilterInArns"), _arns(request, "FilterOutArns")
    if both := sorted(set(through) & set(closed)):
        raise faults.combination(f"{both[0]} cannot be both in FilterInArns and in FilterOutArns.")
    accounts = request.ids("AdditionalAccounts")
    for account in accounts:
        if not _ACCOUNT.fullmatch(account):
            raise faults.invalid(account, "AdditionalAccounts", "It is not the id of an account.")
    if tx.count(InsightsAnalysis) >= tx.settings.quotas.network_insights_analyses:
        raise faults.quota("NetworkInsightsAnalysisLimitExceeded", "network insights analyses")
    ids = frozenset(through.values()), frozenset(closed.values())
    finding = found(tx.state, path, *ids, tx.settings.outside)
    others = set(finding.accounts) - {tx.owner, *accounts}
    return tx.new(
        InsightsAnalysis,
        "nia",
        path_id=path.id,
        start_time=tx.now,
        found=finding.reachable,
        forward=finding.forward,
        back=finding.back,
        explanations=finding.explanations,
        hints=finding.hints,
        warning=finding.warning,
        suggested_accounts=tuple(sorted(others)),
        additional_accounts=tuple(accounts),
        filter_in=tuple(through),
        filter_out=tuple(closed),
        tags=tags_for(tx, request, "network-insights-analysis"),
    )


def _arns(request: Request, name: str) -> dict[str, str]:
    """The ARNs of a parameter, with the ids that they name."""
    return {text: read_arn(text, name)[3] for text in request.ids(name)}


def delete_network_insights_analysis(tx: Transaction, request: Request) -> Answer:
    """Forget an analysis."""
    analysis = need(tx, InsightsAnalysis, "nia", request["NetworkInsightsAnalysisId"])
    tx.drop(analysis)
    return {"NetworkInsightsAnalysisId": analysis.id}
