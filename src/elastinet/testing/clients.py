"""boto3 clients of one server: the service's model is read once, and the account moves on under them."""

from typing import Any

from elastinet.testing.errors import TestingError

try:
    import boto3
except ImportError as error:
    raise TestingError("boto3 is not installed: pip install 'elastinet[test]'") from error


class Clients:
    """A session of boto3's whose clients are all in one account, which can be changed."""

    def __init__(self, url: str, ca: str, region: str, account: str, secret: str) -> None:
        self._url, self._ca, self._secret = url, ca, secret
        self.session = boto3.Session(**self._keys(account), region_name=region)
        self._kept: dict[str, Any] = {}

    def use(self, account: str) -> None:
        """Go on in another account: every request is signed by the keys of the moment."""
        self.session.get_credentials().access_key = account

    def client(self, service: str, region: str = "", account: str = "") -> Any:
        """A client of a service; with an account it stays there."""
        where = {"region_name": region or None, "endpoint_url": self._url, "verify": self._ca or None}
        return self.session.client(service, **where, **(self._keys(account) if account else {}))

    def _keys(self, account: str) -> dict[str, str]:
        return {"aws_access_key_id": account, "aws_secret_access_key": self._secret}

    @property
    def ec2(self) -> Any:
        """The client of EC2 that every test uses: to make one takes longer than a test may be held up."""
        if "ec2" not in self._kept:
            self._kept["ec2"] = self.client("ec2")
        return self._kept["ec2"]
