"""The settings of the service. Where they come from is `settings_sources`; each section is a table of the TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Literal

from pixel.signalling.lifecycle_settings import LifecycleSettings

OFF: Literal["off"] = "off"
Port = int | Literal["off"]
"""A TCP port to listen on; 0 takes any free one, "off" none."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_PRIVATE = ("127.0.0.0/8", "::1/128", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fd00::/8")


class Invalid(ValueError):  # noqa: N818 - it is what the setting is
    """A setting with a value that cannot be; the text names the setting, the value and the mend."""

    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting} {problem}")
        self.setting = setting


def _check(condition: bool, setting: str, problem: str) -> None:
    if not condition:
        raise Invalid(setting, problem)


def _check_port(setting: str, port: Port) -> None:
    _check(port == OFF or 0 <= port <= 65535, setting, f'is {port!r}: give a port from 0 (any) to 65535, or "{OFF}"')


@dataclass(frozen=True, kw_only=True)
class HttpSettings:
    """Where players and controllers come in.

    Attributes:
        host: the address to listen on.
        port: for the page, players and controllers; with TLS when `tls.certificate` is set.
        redirect_port: answers plain HTTP with the way to HTTPS.
        origins: whose pages may open a socket, such as `https://notebook.example.org`; a page served from here always
            may, and so may programs, which send no origin. `*` admits every page. Empty: with tokens every page, since
            one without the token gets nowhere; with `access.mode` none no other page.
        frame_ancestors: whose pages may show the player page in a frame, as in a content security policy.
        metrics_networks: from which networks `/metrics` is answered.
    """

    host: str = "0.0.0.0"  # noqa: S104 - players come from outside; the streamer's port is the one on loopback
    port: Port = 443
    redirect_port: Port = 80
    origins: tuple[str, ...] = ()
    frame_ancestors: tuple[str, ...] = ("'self'",)
    metrics_networks: tuple[str, ...] = _PRIVATE

    def __post_init__(self) -> None:
        _check_port("http.port", self.port)
        _check(self.port != OFF, "http.port", 'is "off": without it nobody can come in; give a port')
        _check_port("http.redirect_port", self.redirect_port)
        for origin in self.origins:
            _check(
                origin == "*" or re.fullmatch(r"https?://[^/\s]+", origin) is not None,
                "http.origins",
                f"holds {origin!r}: an origin is scheme, host and port alone, such as https://notebook.example.org",
            )
        for source in self.frame_ancestors:
            _check(
                re.fullmatch(r"[^\s;,]+", source) is not None,
                "http.frame_ancestors",
                f"holds {source!r}: give sources such as 'self' or https://notebook.example.org, one an entry",
            )
        for network in self.metrics_networks:
            try:
                ip_network(network)
            except ValueError as error:
                raise Invalid("http.metrics_networks", f"holds {network!r}: {error}") from None


@dataclass(frozen=True, kw_only=True)
class TlsSettings:
    """The certificate of the port for players. It is loaded anew, for new connections, when its file changes.

    Attributes:
        certificate: path of the PEM file with the certificate and its chain; empty: plain HTTP, for a trial on
            loopback or behind a proxy that ends TLS.
        key: path of the PEM file with the key.
        poll: seconds between two looks at the files.
    """

    certificate: str = ""
    key: str = ""
    poll: float = 5.0

    def __post_init__(self) -> None:
        _check(
            bool(self.certificate) == bool(self.key),
            "tls.key" if self.certificate else "tls.certificate",
            "is empty: a certificate and its key belong together; set both, or neither for plain HTTP",
        )
        _check(self.poll > 0, "tls.poll", f"is {self.poll}: give seconds above 0")


@dataclass(frozen=True, kw_only=True)
class StreamerSettings:
    """Where Unreal connects.

    Attributes:
        host: the address to listen on; Unreal runs on the same machine.
        port: the port that Unreal is given with `-PixelStreamingURL`.
        protocol: `modern` for Unreal 5.5 and later, `legacy` for 4.26 and 4.27; `auto` finds out.
        sfu_port: where a forwarding unit connects, on the same address.
        max_players: how many may watch one streamer; 0: any number.
    """

    host: str = "127.0.0.1"
    port: Port = 8888
    protocol: Literal["auto", "modern", "legacy"] = "auto"
    sfu_port: Port = OFF
    max_players: int = 0

    def __post_init__(self) -> None:
        _check_port("streamer.port", self.port)
        _check(self.port != OFF, "streamer.port", 'is "off": without it Unreal cannot connect; give a port')
        _check_port("streamer.sfu_port", self.sfu_port)
        _check(
            self.protocol in ("auto", "modern", "legacy"),
            "streamer.protocol",
            f"is {self.protocol!r}: give auto, modern or legacy",
        )
        _check(self.max_players >= 0, "streamer.max_players", f"is {self.max_players}: give 0 (any number) or more")


@dataclass(frozen=True, kw_only=True)
class AccessSettings:
    """Who may come in. Tokens come as `?token=` or `Authorization: Bearer`; only their SHA-256 (hex) is set here.

    Attributes:
        mode: `tokens`, or `none` for a private network, where everybody may do everything.
        players: digests of the tokens for players. With a lease table, a session's own tokens take the place of these
            and of the next.
        controllers: digests of the tokens for controllers.
        streamers: digests of the tokens for streamers and forwarding units; empty: none is asked for, since they come
            from the machine itself.
        failures_per_minute: refusals an address may collect before it is not listened to any more.
    """

    mode: Literal["tokens", "none"] = "tokens"
    players: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()
    streamers: tuple[str, ...] = ()
    failures_per_minute: int = 30

    def __post_init__(self) -> None:
        _check(self.mode in ("tokens", "none"), "access.mode", f"is {self.mode!r}: give tokens or none")
        for name in ("players", "controllers", "streamers"):
            for position, digest in enumerate(getattr(self, name), 1):
                # The value is not shown: it may be the token itself, put here by mistake.
                _check(
                    _SHA256.fullmatch(digest) is not None,
                    f"access.{name}",
                    f"has no SHA-256 in place {position}: give the digest of the token, 64 hexadecimal digits in lower "
                    "case, not the token",
                )
        _check(
            self.failures_per_minute > 0,
            "access.failures_per_minute",
            f"is {self.failures_per_minute}: give a number above 0",
        )


@dataclass(frozen=True, kw_only=True)
class LimitSettings:
    """What one peer may take from the others.

    Attributes:
        frame_bytes: the longest frame; a session description has less than 20 KB.
        messages_per_second: what is read from one player or controller a second, on average; whoever sends more waits.
        connections: sockets on the port for players, all together.
        newcomers: connections of one address that have not been let in yet; more are cut off.
        handshake: seconds that a connection may take for TLS, and then to say what it wants.
        send_buffer_bytes: what may wait for one peer that does not read; with more it is disconnected.
        ping_interval: seconds between two WebSocket pings.
        ping_timeout: seconds a peer may take to answer one.
    """

    frame_bytes: int = 256 * 1024
    messages_per_second: int = 200
    connections: int = 10_000
    newcomers: int = 200
    handshake: float = 10.0
    send_buffer_bytes: int = 1024 * 1024
    ping_interval: float = 20.0
    ping_timeout: float = 20.0

    def __post_init__(self) -> None:
        for name in self.__dataclass_fields__:
            value = getattr(self, name)
            _check(value > 0, f"limits.{name}", f"is {value}: give a number above 0")


@dataclass(frozen=True, kw_only=True)
class WebRtcSettings:
    """How the two sides find each other: what `config` says to a peer.

    Attributes:
        peer_connection_options: an RTCConfiguration, passed on as it is.
        turn_urls: TURN servers, such as `turn:turn.example.org:3478`, for which each peer gets credentials of its own.
        turn_secret: the secret shared with them (coturn's `static-auth-secret`).
        turn_ttl: seconds for which the credentials are good; a session should not outlast them.
    """

    peer_connection_options: Mapping[str, Any] = field(default_factory=dict)
    turn_urls: tuple[str, ...] = ()
    turn_secret: str = field(default="", repr=False, metadata={"secret": True})
    turn_ttl: int = 86400

    def __post_init__(self) -> None:
        servers = self.peer_connection_options.get("iceServers", [])
        _check(
            isinstance(servers, list),
            "webrtc.peer_connection_options",
            "has an iceServers that is no list: give an RTCConfiguration",
        )
        _check(
            bool(self.turn_urls) == bool(self.turn_secret),
            "webrtc.turn_secret" if self.turn_urls else "webrtc.turn_urls",
            "is empty: minted credentials need the servers' addresses and the shared secret; set both, or neither",
        )
        for url in self.turn_urls:
            _check(
                re.fullmatch(r"turns?:[^\s]+", url) is not None,
                "webrtc.turn_urls",
                f"holds {url!r}: give addresses such as turn:turn.example.org:3478",
            )
        _check(self.turn_ttl > 0, "webrtc.turn_ttl", f"is {self.turn_ttl}: give seconds above 0")


@dataclass(frozen=True, kw_only=True)
class CommandSettings:
    """Commands to Unreal.

    Attributes:
        compatibility: whether frames of the original Scratch clients are understood, also on the players' socket.
        queue: how many commands may wait for Unreal.
        expiry: seconds that a command may wait.
    """

    compatibility: bool = True
    queue: int = 100
    expiry: float = 30.0

    def __post_init__(self) -> None:
        _check(self.queue > 0, "commands.queue", f"is {self.queue}: give a number above 0")
        _check(self.expiry > 0, "commands.expiry", f"is {self.expiry}: give seconds above 0")


@dataclass(frozen=True, kw_only=True)
class LogSettings:
    """What is logged. Neither tokens nor session descriptions ever are.

    Attributes:
        level: `debug`, `info`, `warning` or `error`.
    """

    level: Literal["debug", "info", "warning", "error"] = "info"

    def __post_init__(self) -> None:
        _check(
            self.level in ("debug", "info", "warning", "error"),
            "log.level",
            f"is {self.level!r}: give debug, info, warning or error",
        )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that can be set, by section."""

    http: HttpSettings = HttpSettings()
    tls: TlsSettings = TlsSettings()
    streamer: StreamerSettings = StreamerSettings()
    access: AccessSettings = AccessSettings()
    limits: LimitSettings = LimitSettings()
    webrtc: WebRtcSettings = WebRtcSettings()
    commands: CommandSettings = CommandSettings()
    lifecycle: LifecycleSettings = field(default_factory=LifecycleSettings)
    log: LogSettings = LogSettings()

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Whose pages may open a socket, beside the page served from here."""
        return self.http.origins or (("*",) if self.access.mode == "tokens" else ())

    def __post_init__(self) -> None:
        closed = self.access.mode == "tokens" and not (self.access.players or self.lifecycle.lease_table)
        _check(
            not closed,
            "access.players",
            "is empty, so that nobody could come in: set the SHA-256 of the players' token, or lifecycle.lease_table, "
            'or access.mode to "none" on a private network',
        )
        _check(
            self.http.redirect_port in (OFF, 0) or self.http.redirect_port != self.http.port,
            "http.redirect_port",
            f'is {self.http.redirect_port}, the same as http.port: give another, or "{OFF}"',
        )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach the address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
