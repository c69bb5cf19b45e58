"""L5: the command line, one file per verb."""
