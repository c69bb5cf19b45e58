"""Which host an instance runs on, and what it takes there."""
