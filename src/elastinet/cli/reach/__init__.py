"""What `why` and `verify` share: a question to the server, its answer on a terminal, packets beside it."""
