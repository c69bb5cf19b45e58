"""Servers for the tests of other people's programs: with pytest or without.

Nothing is imported here: pytest imports this package in every test run of whoever has elastinet installed.
"""
