"""What of a machine's proxies its instances are offered."""

import pytest

from elastinet.rules import proxies

PROXY = "http://proxy.example:3128"


def test_nothing_without_a_proxy() -> None:
    assert proxies.offered({}) == {}
    assert proxies.offered({"no_proxy": "a"}) == {}


def test_both_spellings_and_what_needs_none() -> None:
    found = proxies.offered({"HTTPS_PROXY": PROXY, "no_proxy": "own.example, *,,localhost"})
    assert found["https_proxy"] == found["HTTPS_PROXY"] == "http://203.0.113.5:3128"
    assert "http_proxy" not in found
    bypass = found["no_proxy"].split(",")
    assert {"169.254.169.254", "internal", ".amazonaws.com", "api.aws", "10.0.0.0/8", "own.example"} <= set(
        bypass
    )
    assert "*" not in bypass, "or the proxy would be of no use"
    assert len(bypass) == len(set(bypass))
    assert found["NO_PROXY"] == found["no_proxy"]


@pytest.mark.parametrize(
    "value",
    [
        "http://127.0.0.1:3128", "localhost:3128", "http://[::1]:1", "http://a.localhost", "http://",
        "http://p:99999", "ftp://p:1", "http://p:1\nLD_PRELOAD=/x", "http://p:1 # a", "http://$(id):1", "http://ü:1", "https://p.example",
    ],
)  # fmt: skip
def test_what_is_not_offered(value: str) -> None:
    assert proxies.offered({"http_proxy": value}) == {}
    assert proxies.servers({"http_proxy": value}) == []


def test_hosts_and_ports() -> None:
    environ = {
        "http_proxy": "u:p@10.0.0.5",
        "https_proxy": "http://u:p@10.0.0.5",
        "all_proxy": "socks5h://s:9050",
    }
    assert proxies.servers(environ) == [("10.0.0.5", 80), ("s", 9050)]
    found = proxies.offered(environ)
    assert found["http_proxy"] == found["https_proxy"] == "http://u:p@203.0.113.5:3128"
    assert found["all_proxy"] == "socks5h://203.0.113.5:3129"
