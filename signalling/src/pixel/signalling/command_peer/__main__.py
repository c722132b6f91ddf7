"""The command peer's process.

It serves one stream and then ends: with 0 when the parent closes its standard input, with 1 when the stream or the
service is gone, which it tells before (`closed`). The parent starts another when it wants one. Address and token come
in the environment, where other users of the machine cannot read them: PIXEL_COMMAND_PEER_URL (ws://…),
PIXEL_COMMAND_PEER_TOKEN, and PIXEL_COMMAND_PEER_LEGACY=1 for Unreal 4.26 and 4.27.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from pixel.signalling.command_peer.conversation import Conversation, RefusedError
from pixel.signalling.command_peer.interaction import UnsendableError, encode, reply_in
from pixel.signalling.command_peer.link import Link
from pixel.signalling.command_peer.pipe import Command, Events, read_commands
from pixel.signalling.command_peer.sdp import UnsuitableError


async def serve(environment: Mapping[str, str]) -> int:
    """Carry commands until there is nobody to carry them from or to; return the exit code."""
    events = Events(sys.stdout)
    parent_gone = asyncio.Event()

    def on_message(message: bytes) -> None:
        reply = reply_in(message)
        if reply is not None:
            events.reply(reply)

    def on_command(command: Command) -> None:
        try:
            link.send(encode(command.descriptor))
        except UnsendableError as problem:
            events.unsent(command.id, str(problem))
        except ConnectionError as problem:
            link.end(str(problem))
        else:
            events.sent(command.id)

    link = Link(events.open, on_message)
    read_commands(sys.stdin.fileno(), on_command, parent_gone.set)
    talking = asyncio.create_task(_converse(environment, link))
    ends = [talking, asyncio.create_task(link.ended.wait()), asyncio.create_task(parent_gone.wait())]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    reason = link.why or (talking.result() if talking.done() else "")
    if parent_gone.is_set():
        await link.drain()
    for end in ends:
        end.cancel()
    await asyncio.gather(*ends, return_exceptions=True)
    await link.close()
    if parent_gone.is_set():
        return 0
    events.closed(reason)
    return 1


async def _converse(environment: Mapping[str, str], link: Link) -> str:
    """Talk to the service until it or the stream is gone; return why."""
    headers = {"Authorization": f"Bearer {environment.get('PIXEL_COMMAND_PEER_TOKEN', '')}"}
    legacy = environment.get("PIXEL_COMMAND_PEER_LEGACY") == "1"
    why = ""
    try:
        # Loopback, and few bytes: neither a proxy nor compression has a part in it.
        async with connect(
            environment["PIXEL_COMMAND_PEER_URL"], additional_headers=headers, proxy=None, compression=None
        ) as service:
            await Conversation(service, link, legacy=legacy).run()
            why = f"the service closed the socket: {service.close_code} {service.close_reason}".rstrip()
    except* (OSError, InvalidHandshake, ConnectionClosed, RefusedError, UnsuitableError) as problems:
        why = _first(problems)
    return why


def _first(problems: BaseExceptionGroup) -> str:
    problem: BaseException = problems
    while isinstance(problem, BaseExceptionGroup):
        problem = problem.exceptions[0]
    return str(problem)


def main() -> int:
    """Run the peer; return the exit code."""
    if "PIXEL_COMMAND_PEER_URL" not in os.environ:
        sys.stderr.write("the command peer is started by the signalling service; PIXEL_COMMAND_PEER_URL is not set\n")
        return 2
    try:
        return asyncio.run(serve(os.environ))
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
