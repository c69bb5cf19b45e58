"""L2: the verbs of the EC2 API, one file per noun."""
