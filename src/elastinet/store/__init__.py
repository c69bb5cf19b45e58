"""L2: the journal that makes a state durable."""
