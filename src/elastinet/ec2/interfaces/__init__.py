"""Network interfaces, their addresses, and what a NAT gateway is made of."""
