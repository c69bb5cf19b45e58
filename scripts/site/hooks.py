"""What mkdocs does beside its own work: llms.txt, and a look at what pages load."""

import re
from pathlib import Path
from typing import Any

LOADS = re.compile(r"""<(?:link|script|img|iframe)\b[^>]*?\b(?:href|src)=["']?((?:https?:)?//[^"'\s>]+)""")
"""What a page fetches by itself; a link that a reader may follow is another matter."""
FETCHES = re.compile(r"""(?:url\(|@import )["']?((?:https?:)?//[^"')]+)""")
"""The same of a style sheet."""


def on_post_build(config: Any) -> None:
    """Write llms.txt beside the pages, and refuse pages that load anything from other hosts."""
    site = Path(config["site_dir"])
    (site / "llms.txt").write_text(llms(config["nav"], Path(config["docs_dir"]), config), encoding="utf-8")
    if found := foreign(site):
        raise SystemExit("these pages load from other hosts: " + ", ".join(found))


def foreign(site: Path) -> list[str]:
    """The pages and style sheets that load something from another host, each with what."""
    return [
        f"{page.relative_to(site)} ({url})"
        for kind, loads in (("*.html", LOADS), ("*.css", FETCHES))
        for page in sorted(site.rglob(kind))
        for url in loads.findall(page.read_text(encoding="utf-8"))
    ]


def llms(nav: list[Any], docs: Path, config: Any) -> str:
    """The table of contents for programs that read: each page with its title and its first sentence."""
    lines = [f"# {config['site_name']}", "", f"> {config['site_description']}"]
    for entry in nav:
        ((title, inside),) = entry.items()
        lines += ["", f"## {title}", ""]
        pages = inside if isinstance(inside, list) else [{title: inside}]
        lines += [_line(*next(iter(page.items())), docs) for page in pages]
    return "\n".join(lines) + "\n"


def _line(title: str, name: str, docs: Path) -> str:
    place = name.removesuffix(".md").replace("README", "index")
    return f"- [{title}]({place}.html): {_first_sentence(docs / name)}"


def _first_sentence(page: Path) -> str:
    """The first sentence below a page's title."""
    paragraphs = page.read_text(encoding="utf-8").split("\n\n")
    text = next((one for one in paragraphs if re.match(r"[A-Za-z*`]", one)), "all pages")
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(text.split()))
    return re.split(r"(?<=[.])\s", plain)[0]
