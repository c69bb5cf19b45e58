"""What a server is and does: its settings, what is enforced, and what is missing here."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from elastinet.config import Config
from elastinet.engine import Engine
from elastinet.fabric.contract.keys import Subject
from elastinet.operator import coverage, features, twin
from elastinet.reconcile import Reconciler

if TYPE_CHECKING:
    from elastinet.twin.original import Original


def page(
    engine: Engine, reconciler: Reconciler, config: Config, original: "Original | None"
) -> dict[str, Any]:
    """The answer to `elastinet status`."""
    hello = reconciler.hello
    off = features.not_asked(config.limits)
    missing = features.engine_fault() | (hello.features if hello else {})
    missing = {name: why for name, why in missing.items() if name not in off}
    return {
        "fabric": config.fabric,
        "rootless": hello.rootless if hello else None,
        "rules": config.rules,
        "api_inside": config.has_api_inside,
        "outside": config.outside,
        "limits": config.limits,
        "bandwidth_scale": config.bandwidth_scale,
        "credit_time_scale": config.credit_time_scale,
        "idle_time_scale": config.idle_time_scale,
        "settled": reconciler.settled,
        "generation": reconciler.generation,
        "converged": reconciler.converged,
        "failed": as_text(reconciler.failed),
        "warning": engine.journal.warning(),
        "missing": missing,
        "most_bps": hello.most_bps if hello else None,
        "lockable_bytes": hello.lockable_bytes if hello else None,
        "twin": twin.status(original),
        "counts": engine.counts(),
        "operations": coverage.page(),
        "features": features.table(config.fabric, missing | off),
    }


def as_text(failed: Mapping[Subject, str]) -> dict[str, str]:
    """What has failed and why, by name."""
    return {str(subject): why for subject, why in failed.items()}
