"""The virtual-time flow simulator: what a path would carry, hour by hour, without a packet."""

from elastinet.catalog.settings import Settings
from elastinet.catalog.words import Group, Via
from elastinet.forecast.prediction import Job, Prediction, predict_limits, predict_together
from elastinet.forecast.type_pairs import BadPair, type_pair
from elastinet.rules.frames import Transport
from elastinet.rules.path_limits import Traffic

__all__ = ["BadPair", "Job", "Prediction", "predict", "predict_limits", "predict_together", "type_pair"]


def predict(
    source: str,
    target: str,
    *,
    flows: int = 1,
    transport: Transport = "tcp",
    duration_s: float | None = None,
    data_bytes: float | None = None,
    group: Group = "none",
    via: Via | None = None,
    express: bool = False,
    settings: Settings | None = None,
) -> Prediction:
    """Predict what an instance of one type sends to one of another, each given as TYPE@ZONE.

    It goes on for a time, or until so many bytes of data have been sent, or else for an hour. Raises
    ValueError, as BadPair where it is the two types that cannot be.
    """
    traffic = Traffic(transport, 1, flows) if transport == "mptcp" else Traffic(transport, flows)
    limits = type_pair(source, target, traffic, group=group, via=via, express=express, settings=settings)
    return predict_limits(limits, duration_s, data_bytes)
