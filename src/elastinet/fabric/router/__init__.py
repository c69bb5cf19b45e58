"""A VPC's network namespace: what is in force there, and the services that it has."""
