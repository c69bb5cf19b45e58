"""The prediction over TCP that stands beside one over EFA, and the reason why the two differ."""

from typing import Any

from elastinet.forecast.prediction import Prediction
from elastinet.rules.efa.srd import WHY


def beside(tcp: Prediction | str) -> dict[str, Any]:
    """A prediction over TCP, or why nothing goes over TCP, in JSON's kinds of values."""
    if isinstance(tcp, str):
        return {"tcp": None, "no_tcp": tcp, "why": WHY}
    return {"tcp": tcp.as_json(), "why": WHY}
