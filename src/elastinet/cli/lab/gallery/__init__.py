"""The labs, one a file: what it shows is its docstring, what it needs its settings, and `run` does it."""
