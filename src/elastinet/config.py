"""The configuration of a run: ELASTINET_* variables over a file over defaults.

The file is one that the user has named, or the one in the user's own folder: never one that just happens to
lie where a command is given, for that may be a folder of somebody else's.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from elastinet.catalog.plant import Plant
from elastinet.catalog.regions import REGIONS
from elastinet.catalog.settings import Outside, Quotas, Settings, new_account, unlimited

FILE = "elastinet.toml"
MEMORY = ":memory:"
ALL = "all"
"""What `opted_in_regions` has for every region there is."""
LISTS = ("hosts", "images", "opted_in_regions")
"""Options that are lists; in the environment their items are separated by commas."""
Host = Annotated[str, Meta(pattern=r"^[0-9A-Za-z._-]{1,253}$")]
"""A name that a `Host` header may have."""
Minutes = Annotated[float, Meta(ge=5, le=60)]
"""Minutes that a burst lasts, within the limits that EC2 states (facts sheet, section 8.3)."""


class ConfigError(Exception):
    """Something in the configuration cannot be; the message says where and what."""


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that can be set, with the names that elastinet.toml has for it.

    `hosts` are the names, beside `localhost`, by which the API is called. With `unix_socket`, a path, it
    listens there and on no port. With `tls` it speaks HTTPS, by a certificate of an authority of its own.
    `state` is a folder or ":memory:". `api_inside` has instances call EC2 by AWS's own names. `limits` gives
    each no more processor time than its type's vCPUs. `expose` routes public addresses from this machine.
    `outside` gives instances a way to this machine's network ("on"; "lan" also to private addresses).
    `bandwidth_scale`
    is a factor for all bandwidths, `credit_time_scale` one for the pace of network I/O credits,
    `idle_time_scale` one for how soon idle flows are forgotten; `credits`
    has minutes of burst by type or family, where they are not `credit_minutes`. `quotas` is "unlimited",
    "new-account", or a table of the quotas that differ from EC2's defaults. `opted_in_regions` are regions
    that need an opt-in and have it, or "all". `ready_scripts` is a folder of scripts that `start` runs.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535)] = 4566
    hosts: tuple[Host, ...] = ()
    unix_socket: str = ""
    tls: bool = False
    state: str = ""
    fabric: Literal["kernel", "none"] = "kernel"
    rules: Literal["classic", "2026"] = "classic"
    expose: bool = False
    outside: Outside = "off"
    api_inside: bool = True
    limits: bool = False
    bandwidth_scale: Annotated[float, Meta(gt=0, le=1000)] = 1.0
    credit_time_scale: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    idle_time_scale: Annotated[float, Meta(ge=1, le=1e6)] = 1.0
    credit_minutes: Minutes = 10.0
    credits: dict[str, Minutes] = {}
    account: Annotated[str, Meta(pattern="^[0-9]{12}$")] = "000000000000"
    images: tuple[str, ...] = ()
    ready_scripts: str = ""
    opted_in_regions: tuple[str, ...] = ()
    quotas: Quotas | Literal["unlimited", "new-account"] = Quotas()
    plant: Plant = Plant()

    @property
    def state_folder(self) -> Path | None:
        """The folder of the state; None for ":memory:"."""
        if self.state == MEMORY:
            return None
        return Path(self.state) if self.state else default_state_folder()

    @property
    def has_api_inside(self) -> bool:
        """True if instances can call the API: they need packets for it."""
        return self.api_inside and self.fabric == "kernel"

    @property
    def settings(self) -> Settings:
        """The part that EC2's rules ask about."""
        named = {"unlimited": unlimited, "new-account": new_account}
        quotas = named[self.quotas]() if isinstance(self.quotas, str) else self.quotas
        regions = REGIONS if self.opted_in_regions == (ALL,) else self.opted_in_regions
        return Settings(
            rules=self.rules,
            quotas=quotas,
            plant=self.plant,
            images=self.images,
            opted_in_regions=regions,
            default_account=self.account,
            bandwidth_scale=self.bandwidth_scale,
            credit_time_scale=self.credit_time_scale,
            idle_time_scale=self.idle_time_scale,
            api_inside=self.has_api_inside,
            outside=self.outside if self.fabric == "kernel" else "off",
            limits=self.limits,
            credit_minutes=self.credit_minutes,
            credits=self.credits,
        )


def default_state_folder() -> Path:
    """The user's XDG state folder for elastinet."""
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "elastinet"


def own_file(environ: Mapping[str, str] = os.environ) -> Path:
    """The configuration file in the user's own folder, whether there is one or not."""
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "elastinet" / FILE


def unread(file: Path | None = None, environ: Mapping[str, str] = os.environ) -> Path | None:
    """A configuration file in the working folder that nobody has asked for."""
    here = Path.cwd() / FILE
    asked = _asked(file, environ) or own_file(environ)
    return here if here.exists() and here.resolve() != asked.resolve() else None


def _asked(file: Path | None, environ: Mapping[str, str]) -> Path | None:
    named = environ.get("ELASTINET_CONFIG")
    return file or (Path(named) if named else None)


def load(
    given: Mapping[str, Any], environ: Mapping[str, str] = os.environ, file: Path | None = None
) -> Config:
    """The configuration: what was given on the command line, over the environment, over the file.

    Raises ConfigError.
    """
    path, values = _stated(environ, file)
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        config = msgspec.convert(values, Config, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigError(f"configuration: {error}{_line(path, str(error))}") from error
    _check_types(config, path)
    _check_regions(config, path)
    if config.tls and config.unix_socket:
        raise ConfigError("configuration: tls is for a port: nobody else can listen in on unix_socket")
    paths = ("state", "unix_socket", "ready_scripts")
    lasting = {name: _lasting(getattr(config, name)) for name in paths}
    return msgspec.structs.replace(config, **lasting)


def is_stated(name: str, environ: Mapping[str, str] = os.environ, file: Path | None = None) -> bool:
    """True if the environment or the file says something of an option. Raises ConfigError."""
    return name in _stated(environ, file)[1]


def _stated(environ: Mapping[str, str], file: Path | None) -> tuple[Path, dict[str, Any]]:
    """The configuration's file, and what the environment and the file say."""
    asked = _asked(file, environ)
    path = asked or own_file(environ)
    return path, _file(path, needed=asked is not None) | _environment(environ)


def _check_types(config: Config, file: Path) -> None:
    """Look that instance types and families are some; only here are rules imported: most have no need."""
    if config.plant == Plant() and not config.credits:
        return
    from elastinet.catalog.instance_types import instance_types
    from elastinet.rules.placement.capacity import is_family

    if fault := config.plant.fault(is_family):
        raise ConfigError(f"configuration: plant: {fault}{_line(file, fault)}")
    for name in config.credits:
        if name not in instance_types() and not is_family(name):
            fault = f"there is no instance type or family {name}"
            raise ConfigError(f"configuration: credits: {fault}{_line(file, fault)}")


def _check_regions(config: Config, file: Path) -> None:
    for name in config.opted_in_regions:
        if name not in REGIONS and config.opted_in_regions != (ALL,):
            fault = f"opted_in_regions: there is no region {name}"
            raise ConfigError(f"configuration: {fault}{_line(file, 'opted_in_regions')}")


def _lasting(state: str) -> str:
    """A path by a name that still means it when the server has left where it was started."""
    return state if state in ("", MEMORY) else str(Path(state).expanduser().absolute())


def _file(path: Path, *, needed: bool) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        if needed:
            raise ConfigError(f"{path}: there is no such file") from error
        return {}
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    import tomllib  # which is of use to who has a file

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: {error}") from error


def _line(path: Path, sentence: str) -> str:
    """The file and line of the last name in a sentence that the file sets: " (elastinet.toml, line 3)"."""
    names = re.findall(r"[A-Za-z_][A-Za-z0-9_-]*", sentence)
    for name in reversed(names if path.exists() else []):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if re.search(rf"\b{re.escape(name)}\b\s*=", line):
                return f" ({path.name}, line {number})"
    return ""


def _environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in Config.__struct_fields__:
        if (value := environ.get(f"ELASTINET_{name.upper()}")) is not None:
            found[name] = [part for part in value.split(",") if part] if name in LISTS else value
    return found
