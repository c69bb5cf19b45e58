"""An instance's processes: their birth, their root, their limits, and commands among them."""
