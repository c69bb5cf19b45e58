"""EBS volumes: what they may be, how they are made, attached, changed and shown. Recorded only."""
