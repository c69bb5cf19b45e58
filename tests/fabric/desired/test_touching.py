"""Every noun is declared: what of the desired network is built from it, or that nothing is."""

import pytest

from elastinet.fabric.desired.touching import check_declared
from elastinet.model.noun import Noun
from elastinet.model.state import KINDS


class Newcomer(Noun, frozen=True, kw_only=True):
    """A noun that nobody has declared."""


def test_a_noun_that_nobody_declared_is_an_error() -> None:
    check_declared(KINDS)
    with pytest.raises(TypeError, match=r"say in .* which objects Newcomer touches"):
        check_declared((*KINDS, Newcomer))
