"""L2: the EC2 Query protocol, driven by the service model of botocore."""
