"""Which ends of a region reach which, all at once: sets of addresses as bits, for access scopes."""
