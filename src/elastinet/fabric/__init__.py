"""L2: the compilation of a region into kernel objects, and the agent that applies it."""
