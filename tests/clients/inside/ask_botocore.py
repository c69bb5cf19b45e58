"""What botocore knows inside an instance, with no configuration at all."""

import json

from botocore.session import Session
from botocore.utils import IMDSRegionProvider

session = Session()
keys = session.get_credentials()
print(
    json.dumps(
        {
            "region": IMDSRegionProvider(session).provide(),
            "method": keys.method,
            "access_key": keys.access_key,
            "secret_key": keys.secret_key,
            "token": keys.token,
        }
    )
)
