"""IP protocol numbers (IANA's registry of protocol numbers)."""

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
ANY = -1
"""EC2's number for all protocols in a rule."""
