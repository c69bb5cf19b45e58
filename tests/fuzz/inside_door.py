"""What a hostile guest sends AWS's endpoints: calls that its role has signed, made wrong, and no HTTP at all."""

import json
import random
import re
import socket
import time

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from elastinet.fabric.contract.names import API_ADDRESS
from endpoint_server import DESCRIBE, presigned, signed
from fuzz import metadata_door
from fuzz.metadata_door import STATUS, TOKEN_SECONDS, request
from fuzz.mutation import mutated
from fuzz.place import METADATA, Place

PROFILE = "arn:aws:iam::111122223333:instance-profile/hostile"
ROLE = "/latest/meta-data/iam/security-credentials/hostile"
WORDS = (
    *metadata_door.WORDS,
    *(
        b"/_elastinet/reset",
        b"Action=TerminateInstances",
        b"X-Amz-Security-Token: ",
        b"Credential=",
        b"aws4_request",
    ),
    *(b"SignedHeaders=host", b"&X-Amz-Expires=999999", b"Host: localhost", b"UNSIGNED-PAYLOAD"),
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
BATCH = 150
SIGNED_SECONDS = 60
GOOD = re.compile(rb"HTTP/1\.1 200 .*<DescribeVpcsResponse", re.DOTALL)


class InsideDoor:
    """Port 80 of AWS's endpoints, for an instance that has a way to the internet."""

    name = "inside"

    def __init__(self, place: Place) -> None:
        self.place, ec2 = place, place.world.ec2
        address = ec2.allocate_address()["AllocationId"]
        ec2.associate_address(AllocationId=address, InstanceId=place.hostile.id)
        ec2.associate_iam_instance_profile(IamInstanceProfile={"Arn": PROFILE}, InstanceId=place.hostile.id)
        place.world.settle()
        self._signed_at = -SIGNED_SECONDS
        self._bases: list[bytes] = []
        assert GOOD.match(self._ask(self._fresh()[0]))

    def send(self, dice: random.Random) -> int:
        """Send a batch of requests; what is answered is refused, or is the one call that was signed."""
        for _ in range(BATCH):
            data = self._variant(dice)
            answer = self._ask(data).replace(CONTINUE, b"")
            assert not answer or STATUS.match(answer), (data, answer)
            for status in map(int, STATUS.findall(answer)):
                assert 400 <= status < 500 or GOOD.match(answer), (data, answer)
        return BATCH

    def _variant(self, dice: random.Random) -> bytes:
        if dice.random() < 0.2:
            fields = dice.choices(metadata_door.FIELDS, k=dice.randint(0, 5))
            data = request(dice.choice(metadata_door.METHODS), dice.choice(metadata_door.PATHS), *fields)
        else:
            data = dice.choice(self._fresh())
        return mutated(dice, data, WORDS)

    def _fresh(self) -> list[bytes]:
        """Requests that are good as they are; a signature is good for some minutes."""
        if time.monotonic() - self._signed_at > SIGNED_SECONDS:
            keys, self._signed_at = self._credentials(), time.monotonic()
            self._bases = [raw(signed(keys)), raw(signed(keys, "", path=f"/?{DESCRIBE}", method="GET"))]
            self._bases.append(raw(presigned(keys)))
        return self._bases

    def _credentials(self) -> Credentials:
        token = self._told(request("PUT", "/latest/api/token", f"{TOKEN_SECONDS}: 60"))
        given = json.loads(self._told(request("GET", ROLE, f"X-aws-ec2-metadata-token: {token}")))
        return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["Token"])

    def _told(self, data: bytes) -> str:
        return self._ask(data, METADATA).rpartition(b"\r\n\r\n")[2].decode()

    def _ask(self, data: bytes, host: str = API_ADDRESS) -> bytes:
        with self.place.connected(self.place.hostile, host, 80) as asked:
            try:
                asked.sendall(data)
                asked.shutdown(socket.SHUT_WR)
                return b"".join(iter(lambda: asked.recv(65536), b""))
            except (ConnectionError, BrokenPipeError):
                return b""


def raw(asked: AWSRequest) -> bytes:
    """The bytes of a request that botocore has prepared."""
    prepared = asked.prepare()
    path = "/" + prepared.url.partition("://")[2].partition("/")[2]
    body = prepared.body or b""
    data = body if isinstance(body, bytes) else body.encode()
    text = {name: v.decode() if isinstance(v, bytes) else str(v) for name, v in prepared.headers.items()}
    fields = [f"{name}: {value}" for name, value in text.items() if name.lower() != "content-length"]
    return request(prepared.method, path, *fields, f"Content-Length: {len(data)}", "Connection: close") + data
