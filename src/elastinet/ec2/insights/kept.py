"""How long analyses are kept."""

from elastinet.ec2.core.transaction import Transaction
from elastinet.model.access_scope import AccessScopeAnalysis
from elastinet.model.insights import InsightsAnalysis

KEPT_SECONDS = 120 * 86_400
"""An analysis is deleted after 120 days (Reachability Analyzer's quotas)."""


def forget_old(tx: Transaction) -> None:
    """Drop analyses that are older than they are kept."""
    analyses: list[InsightsAnalysis | AccessScopeAnalysis] = [*tx.mine(InsightsAnalysis)]
    for analysis in (*analyses, *tx.mine(AccessScopeAnalysis)):
        if tx.now - analysis.start_time > KEPT_SECONDS:
            tx.drop(analysis)
