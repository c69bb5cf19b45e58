"""L1: pure questions to a state."""
