"""Reachability Analyzer: paths to analyse, and what the walk of headers found, in the shape of the API."""
