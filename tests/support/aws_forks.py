"""The AWS CLI as a program that is imported once: python aws_forks.py SOCKET."""

import functools
import sys

from awscli.clidriver import create_clidriver, main
from botocore.loaders import JSONFileLoader

import forking

OWN = ("AWS_DATA_PATH",)
"""What the AWS CLI sets for itself as it is imported."""


def read_models() -> None:
    """Have every command find what it reads read already."""
    read = functools.cache(functools.partial(JSONFileLoader.load_file, JSONFileLoader()))
    JSONFileLoader.load_file = lambda _, path: read(path)
    session = create_clidriver().session
    key = {"aws_access_key_id": "x", "aws_secret_access_key": "x", "region_name": "us-east-1"}
    for service in ("ec2", "iam", "ssm", "sts"):
        session.create_client(service, **key)


if __name__ == "__main__":
    read_models()
    forking.serve(int(sys.argv[1]), main, "aws", OWN)
