"""Who may do what: security groups, key pairs, instance profiles."""
