"""Answers of the analysis in words: what a component does, what blocks, and the command that opens it."""
