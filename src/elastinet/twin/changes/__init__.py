"""The commands for each kind of noun: what makes it, what changes it, what ends it."""
