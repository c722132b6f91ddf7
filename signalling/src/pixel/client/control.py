"""The control socket of a ready member: commands out, acknowledgements and Unreal's replies in."""

from __future__ import annotations

import asyncio
import json
import logging
import ssl
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.proxy import get_proxy
from websockets.uri import parse_uri

from pixel.client.answers import Access
from pixel.client.errors import AuthError, CommandRefused, MemberUnreachable, PixelError, ReplyTimeout, UntrustedMember

Command = str | Mapping[str, Any]

# The websockets library writes a handshake's headers, the token among them, at DEBUG: this logger never goes there.
LOGGER = logging.getLogger("pixel.client.control")
LOGGER.setLevel(logging.INFO)


@dataclass(frozen=True)
class Ack:
    """What became of a command.

    Attributes:
        status: `delivered` to Unreal; `queued` when Unreal was not there in the time one would wait, and may yet come;
            `unknown` when the answer was lost on the way. A command of unknown fate is never sent again by itself: it
            may have been carried out.
        reason: why, where there is more to say.
    """

    status: Literal["delivered", "queued", "unknown"]
    reason: str | None = None


LOST = Ack("unknown", "the connection was lost before the answer")


class Control:
    """One open control socket. It belongs to the event loop it was opened on."""

    def __init__(self, connection: ClientConnection, replies: deque[str]) -> None:
        self._connection = connection
        self._replies = replies
        self._loop = asyncio.get_running_loop()
        self._acks: dict[str, asyncio.Future[Ack]] = {}
        self._queued: dict[str, Ack] = {}
        self._asking: deque[asyncio.Future[str]] = deque()
        self._changed = asyncio.Event()
        self._sent = 0
        self._reader = asyncio.create_task(self._read())
        self._reader.add_done_callback(lambda _: self._changed.set())

    @property
    def usable(self) -> bool:
        """Whether this socket is open, and on the running loop."""
        return not self._reader.done() and self._loop is asyncio.get_running_loop()

    async def send(self, command: Command, timeout: float) -> Ack:
        """Send one command and wait, for `timeout` seconds, for what becomes of it.

        A command that has to wait for Unreal is acknowledged twice: as queued at once, and then with its fate.

        Raises:
            CommandRefused: the member would not take it, or gave it up.
        """
        self._sent += 1
        name = str(self._sent)
        ack: asyncio.Future[Ack] = self._loop.create_future()
        self._acks[name] = ack
        try:
            async with asyncio.timeout(timeout):
                await self._connection.send(json.dumps({"id": name, "command": command}))
                return await ack
        except ConnectionClosed:
            return LOST
        except TimeoutError:
            return self._queued.get(name, Ack("unknown", f"no answer within {timeout:g} seconds"))
        finally:
            del self._acks[name]
            self._queued.pop(name, None)

    async def ask(self, command: Command, timeout: float) -> str:
        """Send one command and wait, for `timeout` seconds, for the first reply of Unreal's after it.

        Raises:
            CommandRefused: the member would not take it, or gave it up.
            MemberUnreachable: the connection was lost.
            ReplyTimeout: no reply.
        """
        reply: asyncio.Future[str] = self._loop.create_future()
        self._asking.append(reply)
        try:
            async with asyncio.timeout(timeout):
                await self.send(command, timeout)
                return await reply
        except TimeoutError:
            raise ReplyTimeout(f"Unreal did not reply within {timeout:g} seconds") from None
        finally:
            with suppress(ValueError):
                self._asking.remove(reply)

    async def wait_reply(self) -> None:
        """Wait until a reply is kept, or the socket has closed."""
        while not self._replies and not self._reader.done():
            self._changed.clear()
            await self._changed.wait()

    def abandon(self) -> None:
        """Close without waiting, from any thread."""
        with suppress(RuntimeError):  # its loop is closed, and with it the socket
            self._loop.call_soon_threadsafe(self._reader.cancel)

    async def _read(self) -> None:
        try:
            async for frame in self._connection:
                self._receive(frame)
        except ConnectionClosed:
            pass
        finally:
            self._connection.transport.abort()
            for ack in self._acks.values():
                if not ack.done():
                    ack.set_result(LOST)
            for reply in self._asking:
                if not reply.done():
                    reply.set_exception(MemberUnreachable("the connection was lost before Unreal's reply"))

    def _receive(self, frame: str | bytes) -> None:
        """Take one frame; what is not understood is left alone, as a newer member may say more."""
        try:
            message = json.loads(frame)
            kind = message["type"]
        except (ValueError, KeyError, TypeError):
            return
        if kind == "ack":
            self._acknowledged(message)
        elif kind == "reply":
            data = message.get("data")
            self._replied(data if isinstance(data, str) else json.dumps(data))

    def _acknowledged(self, message: Mapping[str, Any]) -> None:
        name, status, reason = str(message.get("id")), message.get("status"), message.get("reason")
        ack = self._acks.get(name)
        if ack is None or ack.done():
            return
        if status == "refused":
            ack.set_exception(CommandRefused(str(reason or "the member did not say why")))
        elif status == "queued":
            self._queued[name] = Ack("queued", reason)
        elif status == "delivered":
            ack.set_result(Ack("delivered", reason))
        else:
            ack.set_result(Ack("unknown", reason))

    def _replied(self, data: str) -> None:
        while self._asking:
            reply = self._asking.popleft()
            if not reply.done():
                reply.set_result(data)
                return
        self._replies.append(data)
        self._changed.set()


class _Direct(connect):
    """A connection that goes where it is sent, and follows nobody elsewhere with the token."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Take a redirect for the refusal it is."""
        return exc


async def open_control(access: Access, tls: ssl.SSLContext, replies: deque[str]) -> Control:
    """Connect to the member's control socket.

    The connection goes to the address the API gave, and the certificate is checked for the member's name: it does not
    matter that a resolver has not heard of the name yet, or remembers it as unknown. A proxy resolves it by itself.

    Raises:
        AuthError: the member refused the token.
        UntrustedMember: the certificate is not the member's, or nobody vouches for it.
        MemberUnreachable: no usable answer.
    """
    uri = f"wss://{urlsplit(access.url).netloc}/control"
    where: dict[str, Any] = {} if get_proxy(parse_uri(uri)) else {"host": access.ip}
    try:
        connection = await _Direct(
            uri,
            ssl=tls,
            additional_headers={"Authorization": f"Bearer {access.controller_token}"},
            logger=LOGGER,
            **where,
        )
    except InvalidStatus as error:
        raise _refused(error.response.status_code) from None
    except ssl.SSLCertVerificationError as error:
        raise UntrustedMember(
            f"what answers at {access.ip} cannot prove that it is {access.hostname} ({error.verify_message}); "
            "if its authority is one of your own, set PIXEL_CA_FILE, or ca_file=, to that one's file"
        ) from None
    except (OSError, InvalidHandshake) as error:
        raise MemberUnreachable(f"{access.hostname} does not answer ({type(error).__name__}: {error})") from None
    return Control(connection, replies)


def _refused(status: int) -> PixelError:
    if status in (401, 403):
        return AuthError("the machine refused this session's token")
    return MemberUnreachable(f"the machine answered {status} on its control socket")
