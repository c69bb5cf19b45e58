"""The one exception that reaches a client as EC2's error document."""


class Fault(Exception):
    """A refusal with EC2's own code and sentence; `status` is the HTTP status (4xx)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
