"""Every edge from a noun has its way to be found."""

import pytest

from elastinet.fabric.desired import touching
from elastinet.model.interface import Address
from elastinet.model.state import KINDS


def test_an_edge_without_a_way_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    touching.check_found(KINDS)
    monkeypatch.delitem(touching.FINDERS[Address], "mapping")
    with pytest.raises(TypeError, match=r"say in .* how a Address leads to mapping"):
        touching.check_found(KINDS)


def test_a_way_without_an_edge_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(touching.FINDERS[Address], "guest", lambda at, noun: ())
    with pytest.raises(TypeError, match=r"say in .* how a Address leads to guest"):
        touching.check_found(KINDS)
