"""Answers come in one piece."""

import socket
from urllib.parse import urlsplit

REQUEST = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: %d\r\n\r\n%s"
)
HEAD, END = b"HTTP/1.1 200 OK", b"</DescribeRegionsResponse>"


def test_head_and_body_arrive_together(server):
    """What one read gives, as soon as there is anything, is the whole answer."""
    where = urlsplit(server.url)
    body = b"Action=DescribeRegions&Version=2016-11-15"
    with socket.create_connection((where.hostname, where.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(200):
            connection.sendall(REQUEST % (len(body), body))
            answer = connection.recv(1 << 20)
            assert answer.startswith(HEAD)
            assert answer.endswith(END), "the head came alone"
