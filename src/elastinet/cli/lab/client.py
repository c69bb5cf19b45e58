"""A client of EC2 in an account of its own, whatever the user's configuration of AWS says."""

import os
from typing import Any

from botocore.config import Config
from botocore.session import Session

from elastinet.serve.places import Server

NO_FILE = (None, None, os.devnull, None)
OF_NOBODY: dict[str, Any] = {
    "profile": (None, [], None, None),
    "config_file": NO_FILE,
    "credentials_file": NO_FILE,
}
"""A session's variables: neither a profile of the user's nor what stands in the user's files."""


def client(server: Server, account: str) -> Any:
    """A client of a server's, by botocore, which is always here."""
    return Session(OF_NOBODY).create_client(
        "ec2",
        region_name=server.region,
        endpoint_url=server.url,
        aws_access_key_id=account,
        aws_secret_access_key="lab",
        verify=server.ca or None,
        config=Config(proxies={}),
    )
