"""No web page, of another site or of another name for this machine, has the API do or tell anything."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from raw import FORM, address, ask

from commands import NONE, Run, refused, told
from elastinet.serve.origins import ASKED, Origins
from programs import Program
from served import Served

CHROME = ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36")
CURL = ("User-Agent", "curl/8.14.1")
KEY = "AWS4-HMAC-SHA256 Credential=777777777777/20260101/us-east-1/ec2/aws4_request, Signature=0"
SIGNED = ("Authorization", KEY)
CREATE = "Action=CreateVpc&Version=2016-11-15&CidrBlock=10.9.0.0%2F16"
PRESIGNED = f"/?{CREATE}&X-Amz-Credential=777777777777%2F20260101%2Fus-east-1%2Fec2%2Faws4_request"
EVIL = "http://evil.example"

# What a browser sends for each way in which a page may ask, by what the page is and how it asks.
PAGES: dict[str, list[tuple[str, str]]] = {
    "fetch": [CHROME, ("Origin", EVIL), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")],
    "no-cors fetch": [CHROME, ("Origin", EVIL), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors")],
    "a form": [CHROME, ("Origin", EVIL), ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")],
    "a sandboxed frame": [CHROME, ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")],
    "an image": [CHROME, ("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "no-cors"), ("Sec-Fetch-Dest", "image")],
    "another port of this machine": [CHROME, ("Origin", "http://127.0.0.1:3000"), ("Sec-Fetch-Site", "same-site")],
    "another port, in capitals": [CHROME, ("ORIGIN", "http://LOCALHOST:3000")],
    "another scheme": [CHROME, ("Origin", "file://")],
    "an extension": [CHROME, ("Origin", "chrome-extension://abcdefghijklmnop")],
    "an old browser's form": [CHROME, ("Origin", EVIL), ("Referer", f"{EVIL}/page")],
    "an old browser's image": [CHROME, ("Referer", f"{EVIL}/page")],
    "an old browser's image without referrer": [CHROME],
    "a browser with another name": [CURL, ("Origin", EVIL)],
    "a browser with another name, by an image": [CURL, ("Sec-Fetch-Site", "cross-site")],
    "an unknown value of Sec-Fetch-Site": [CURL, ("Sec-Fetch-Site", "anything")],
    "a cookie": [CURL, ("Cookie", "a=b")],
    "a referrer": [CURL, ("Referer", f"{EVIL}/")],
    "a link in a mail": [CHROME, ("Sec-Fetch-Site", "none"), ("Sec-Fetch-Mode", "navigate")],
    "no origin at all, but a mode": [CURL, ("Sec-Fetch-Mode", "no-cors")],
}  # fmt: skip
CHANGES: dict[str, tuple[str, str, str, str]] = {
    "EC2 by form": ("POST", "/", FORM[1], CREATE),
    "EC2 by plain text": ("POST", "/", "text/plain", CREATE),
    "EC2 by URL": ("GET", f"/?{CREATE}", "", ""),
    "EC2 by a presigned URL": ("GET", PRESIGNED, "", ""),
    "EC2 by HEAD": ("HEAD", f"/?{CREATE}", "", ""),
    "reset": ("POST", "/_elastinet/reset", "text/plain", ""),
    "moto's reset": ("POST", "/moto-api/reset", "text/plain", ""),
    "settle": ("POST", "/_elastinet/settle?timeout=1", "text/plain", ""),
    "fail": ("POST", "/_elastinet/fail?unit=use1-az1", "text/plain", ""),
    "repair": ("POST", "/_elastinet/repair?unit=use1-az1", "text/plain", ""),
}
FOREIGN_HOSTS = (
    *("evil.example", "evil.example:4566", "localhost.evil.example", "127.0.0.1.nip.io", "localhost:4566.evil.example"),
    *("notlocalhost", "a.localhost", "host.docker.internal", "localhost@evil.example", "127.0.0.1@evil", "", " "),
    *("127.0.0.1, evil", "[::1].evil", "::1", "[evil]", "0x7f000001", "2130706433", "127.1", "0177.0.0.1", "localhost:x"),
    *("localhost:123456", "localhost..", "\xa0localhost", "1\xb27.0.0.1", "x" * 5000),
)  # fmt: skip
KNOWN_HOSTS = (
    *(
        "localhost",
        "LOCALHOST",
        "localhost.",
        "localhost:1",
        "127.0.0.1",
        "127.9.9.9:80",
        "[::1]",
        "[::1]:4566",
    ),
    *("0.0.0.0:4566", "192.168.7.7", "[fe80::1]"),
)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that, in the end, nobody has changed."""
    served = Served(tmp_path_factory.mktemp("pages"))
    served.client(account="777777777777").create_vpc(CidrBlock="10.1.0.0/16")
    before = told_by(served)
    yield served
    assert told_by(served) == before
    served.stop()


def told_by(served: Served) -> Any:
    """How much of everything there is."""
    with Program(["curl", "-sf", f"{served.url}/_elastinet/status"], stdout=subprocess.PIPE) as curl:
        assert curl.stdout is not None
        return json.load(curl.stdout)["counts"]


def host(served: Served) -> tuple[str, str]:
    return "Host", "{}:{}".format(*address(served.url))


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("page", PAGES)
def test_no_page_changes_anything(watched: Served, page: str, change: str) -> None:
    method, path, kind, body = CHANGES[change]
    fields = [host(watched), ("Content-Type", kind), *PAGES[page]]
    status, text = ask(watched.url, method, path, fields, body.encode())
    assert status == 403
    assert method == "HEAD" or "page" in text or "browser" in text


@pytest.mark.parametrize("path", ["/_elastinet/status", "/_elastinet/instances", "/_localstack/health"])
@pytest.mark.parametrize("page", [name for name, marks in PAGES.items() if {"Origin", "Sec-Fetch-Site"} & dict(marks).keys()])  # fmt: skip
def test_no_page_of_another_origin_reads_anything(watched: Served, page: str, path: str) -> None:
    status, _ = ask(watched.url, "GET", path, [host(watched), *PAGES[page]])
    assert status == (200 if page == "a link in a mail" else 403)


@pytest.mark.parametrize("path", ["/", "/_elastinet/health", "/_elastinet/status", "/moto-api/reset"])
@pytest.mark.parametrize("name", FOREIGN_HOSTS)
def test_another_name_for_this_machine_is_refused(watched: Served, name: str, path: str) -> None:
    status, text = ask(watched.url, "POST" if "reset" in path else "GET", path, [("Host", name), CURL])
    assert status in (400, 403)
    assert "Traceback" not in text


@pytest.mark.parametrize("fields", [[], [("Host", "localhost"), ("Host", "evil.example")]])
def test_a_request_has_one_host(watched: Served, fields: list[tuple[str, str]]) -> None:
    assert ask(watched.url, "GET", "/_elastinet/status", fields)[0] in (400, 403)


@pytest.mark.parametrize("name", KNOWN_HOSTS)
def test_addresses_and_localhost_are_known(watched: Served, name: str) -> None:
    assert ask(watched.url, "GET", "/_elastinet/health", [("Host", name)])[0] == 200


def test_a_refusal_says_what_to_do(watched: Served) -> None:
    _, text = ask(watched.url, "GET", "/_elastinet/health", [("Host", "host.docker.internal:4566")])
    assert "host.docker.internal" in json.loads(text)["error"]
    assert "ELASTINET_HOSTS" in json.loads(text)["error"]
    _, text = ask(watched.url, "POST", "/_elastinet/settle", [host(watched), CHROME])
    assert f"{ASKED}: 1" in json.loads(text)["error"]
    status, text = ask(watched.url, "POST", "/", [host(watched), CHROME, FORM], CREATE.encode())
    assert "<Code>UnauthorizedOperation</Code>" in text
    assert status == 403


def test_no_page_is_told_that_it_may_ask(watched: Served) -> None:
    asked = [
        ("Origin", EVIL),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", ASKED),
    ]
    for path in ("/", "/_elastinet/reset"):
        with socket.create_connection(address(watched.url), timeout=60) as connection:
            lines = "".join(f"{name}: {value}\r\n" for name, value in (host(watched), CHROME, *asked))
            connection.sendall(f"OPTIONS {path} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b"")).lower()
        assert answer.startswith(b"http/1.1 403")
        assert b"access-control-" not in answer


@pytest.mark.parametrize(
    "extra", [[], [CURL], [("User-Agent", "python-requests/2.32")], [(ASKED, "1")], [CHROME, (ASKED, "1")]]
)
@pytest.mark.parametrize("path", ["/_elastinet/settle?timeout=9", "/_elastinet/settle"])
def test_programs_go_on(watched: Served, path: str, extra: list[tuple[str, str]]) -> None:
    assert ask(watched.url, "POST", path, [host(watched), *extra])[0] == 200


@pytest.mark.parametrize("marks", [[("Sec-Fetch-Site", "same-origin")], [("Sec-Fetch-Site", "none")], []])
def test_own_pages_and_people_read(watched: Served, marks: list[tuple[str, str]]) -> None:
    own = [] if marks == [("Sec-Fetch-Site", "none")] else [("Origin", watched.url)]
    fields = [host(watched), CHROME, *marks, *own]
    assert ask(watched.url, "GET", "/_elastinet/status", fields)[0] == 200
    if own:
        assert ask(watched.url, "POST", "/_elastinet/settle", fields)[0] == 200


@pytest.mark.parametrize("agent", [
    "Boto3/1.44 md/Botocore ua/2.1 os/linux lang/python", "aws-cli/2.30 md/awscrt", "aws-sdk-js/3.900.0 ua/2.1 os/linux lang/js",
    "APN/1.0 HashiCorp/1.0 Terraform/1.14 aws-sdk-go-v2/1.39", "aws-sdk-java/2.34", "aws-sdk-dotnet-coreclr/4.0", "curl/8.14.1",
])  # fmt: skip
def test_clients_notice_nothing(watched: Served, agent: str) -> None:
    fields = [host(watched), ("User-Agent", agent), FORM, SIGNED]
    status, text = ask(watched.url, "POST", "/", fields, b"Action=DescribeVpcs&Version=2016-11-15")
    assert (status, "10.1.0.0/16" in text) == (200, True)


def test_names_of_the_configuration(serve: Callable[..., Served]) -> None:
    served = serve(hosts=["host.docker.internal", "Elastinet"], host="mine.example")
    for name in ("host.docker.internal:4566", "elastinet", "ELASTINET:80", "mine.example", "localhost"):
        assert ask(served.url, "GET", "/_elastinet/health", [("Host", name)])[0] == 200
    assert ask(served.url, "GET", "/_elastinet/health", [("Host", "docker.internal")])[0] == 403


def test_a_name_is_matched_whole() -> None:
    origins = Origins(["a.b"])
    assert origins.knows("A.B.:80")
    assert not any(origins.knows(name) for name in ("x.a.b", "axb", "a.b.c", "a.b:", ".a.b", "a.b\n"))


def test_hosts_by_the_environment(run: Run) -> None:
    server = told(run("start", *NONE, "--state", ":memory:", ELASTINET_HOSTS="one.test,two.test"))
    for name, expected in (("one.test", 200), ("two.test:1", 200), ("three.test", 403)):
        assert ask(server["url"], "GET", "/_elastinet/health", [("Host", name)])[0] == expected
    refused(run("start", *NONE, "--state", ":memory:", ELASTINET_HOSTS="a/b"), 2, "hosts")


# --- a socket that no other user can open ---------------------------------------------------------


def test_a_server_on_a_path(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "private" / "api.sock"
    server = told(run("start", *NONE, "--state", "state", "--unix-socket", str(path)))
    at = ("--port", str(server["port"]))
    assert server["url"] == f"unix:{path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server["port"]))
    assert told(run("status", "--json", *at))["fabric"] == "none"
    assert told(run("reset", "--json", "--state", "state")) == {"status": "ok"}
    refused(run("env", *at), 1, "curl --unix-socket")
    curl = [
        "curl",
        "-s",
        "--unix-socket",
        str(path),
        "http://localhost/?Action=DescribeVpcs&Version=2016-11-15",
    ]
    assert "172.31.0.0/16" in subprocess.check_output(curl, text=True)
    assert told(run("stop", "--json", *at)) == {"stopped": server["url"]}
    assert not path.exists()


def test_a_path_that_is_left_over_or_taken(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(path))
    server = told(run("start", *NONE, "--state", ":memory:", "--unix-socket", str(path)))
    refused(run("start", *NONE, "--state", ":memory:", "--unix-socket", str(path)), 1, "--unix-socket")
    assert told(run("status", "--json", "--port", str(server["port"])))["settled"]


@pytest.mark.parametrize("kind", ["file", "open", "long"])
def test_a_path_that_cannot_be(run: Run, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "d" / ("x" * (200 if kind == "long" else 1))
    path.parent.mkdir()
    if kind == "file":
        path.write_text("mine")
    os.chmod(path.parent, 0o777 if kind == "open" else 0o755)
    refused(run("start", *NONE, "--state", ":memory:", "--unix-socket", str(path)), 1, "--unix-socket")
    assert kind != "file" or path.read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming another user needs root")
def test_another_user_does_not_reach_it(run: Run, open_folder: Path) -> None:
    path = open_folder / "s"
    told(run("start", *NONE, "--state", ":memory:", "--unix-socket", str(path)))
    curl = [
        "setpriv",
        "--reuid=65534",
        "--clear-groups",
        "curl",
        "-s",
        "--unix-socket",
        str(path),
        "http://localhost/",
    ]
    assert subprocess.run(curl, check=False, capture_output=True).returncode == 7  # it cannot connect
