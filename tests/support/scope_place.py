"""Access scopes as tests ask for them, and what their analyses find."""

from typing import Any

from commands import wait_until

IGW, ENI, PCX = (
    f"AWS::EC2::{kind}" for kind in ("InternetGateway", "NetworkInterface", "VPCPeeringConnection")
)
Found = dict[str, Any]


def of_types(*kinds: str) -> Found:
    """A side of a path, by types of resources."""
    return {"ResourceStatement": {"ResourceTypes": [*kinds]}}


def of(*ids: str) -> Found:
    """A side of a path, by resources."""
    return {"ResourceStatement": {"Resources": [*ids]}}


def scope(ec2: Any, match: Found, *exclusions: Found) -> str:
    """A new scope of one match."""
    made = ec2.create_network_insights_access_scope(MatchPaths=[match], ExcludePaths=[*exclusions])
    return str(made["NetworkInsightsAccessScope"]["NetworkInsightsAccessScopeId"])


def start(ec2: Any, id: str) -> str:
    """A new analysis of a scope."""
    begun = ec2.start_network_insights_access_scope_analysis(NetworkInsightsAccessScopeId=id)
    return str(begun["NetworkInsightsAccessScopeAnalysis"]["NetworkInsightsAccessScopeAnalysisId"])


def analyse(ec2: Any, id: str) -> Found:
    """An analysis, once it has ended."""

    found: list[Found] = []

    def is_over() -> bool:
        found[:] = ec2.describe_network_insights_access_scope_analyses(
            NetworkInsightsAccessScopeAnalysisIds=[id]
        )["NetworkInsightsAccessScopeAnalyses"]
        return found[0]["Status"] != "running"

    wait_until(is_over)
    return found[0]


def findings(ec2: Any, id: str) -> list[Found]:
    """The first findings of a new analysis of a scope."""
    analysis = start(ec2, id)
    ended = analyse(ec2, analysis)
    assert ended["Status"] == "succeeded", ended
    found = ec2.get_network_insights_access_scope_analysis_findings(
        NetworkInsightsAccessScopeAnalysisId=analysis
    )
    assert ended["FindingsFound"] == ("true" if found["AnalysisFindings"] else "false")
    return list(found["AnalysisFindings"])


def ends(finding: Found) -> tuple[str, str]:
    """The first and the last component of a finding."""
    components = finding["FindingComponents"]
    return components[0]["Component"]["Id"], components[-1]["Component"]["Id"]
