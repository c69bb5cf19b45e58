"""How a network is measured from inside instances."""
