"""What a test that uses elastinet is told when something cannot be done."""


class TestingError(Exception):
    """A server, a client or an instance cannot do what a test asks; the message is one line that says why."""

    __test__ = False
