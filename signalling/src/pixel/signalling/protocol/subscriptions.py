"""A streamer and its subscribers: how a subscription begins and ends, and what passes along it."""

from __future__ import annotations

from pixel.signalling.protocol.effects import Effect, Ignored, Send
from pixel.signalling.protocol.messages import Message, encode, player_connected
from pixel.signalling.protocol.peers import Player, Sfu, Streamer


def join(player: Player, streamer: Streamer) -> list[Effect]:
    """Subscribe a player, which has no subscription, to a streamer."""
    player.source = streamer
    player.wire_id = streamer.id_for(player)
    streamer.players[player.wire_id] = player
    if streamer.legacy:
        return []
    hello = player_connected(player.wire_id, sfu=isinstance(player, Sfu))
    return [Send(streamer, encode(hello))]


def leave(player: Player) -> list[Effect]:
    """End a player's subscription, if it has one."""
    streamer = player.source
    if streamer is None:
        return []
    player.source = None
    del streamer.players[player.wire_id]
    if not streamer.connected:
        return []
    return [Send(streamer, encode({"type": "playerDisconnected", "playerId": player.wire_id}))]


def unsubscribe(player: Player, _message: Message, _frame: str) -> list[Effect]:
    """A player does not want to watch any more."""
    return leave(player)


def to_player(streamer: Streamer, message: Message, frame: str) -> list[Effect]:
    """Pass a message on to the player it names, which must be a subscriber of its sender."""
    player = streamer.players.get(str(message.get("playerId")))
    if player is None:
        return [Ignored(streamer, f"{message['type']} to a player that is not subscribed")]
    if streamer.legacy or isinstance(streamer, Sfu):
        del message["playerId"]
        frame = encode(message)
    return [Send(player, frame)]


def to_sfu(streamer: Streamer, message: Message, frame: str) -> list[Effect]:
    """Pass a message on to the forwarding unit among a streamer's subscribers."""
    sfu = next((player for player in streamer.players.values() if isinstance(player, Sfu)), None)
    return [Ignored(streamer, f"{message['type']} without an SFU") if sfu is None else Send(sfu, frame)]


def streamer_data_channels(sfu: Sfu, message: Message, _frame: str) -> list[Effect]:
    """Pass a forwarding unit's wish for data channels on to its streamer, with the id it is known by there."""
    if sfu.source is None:
        return [Ignored(sfu, "streamerDataChannels without a subscription")]
    message["sfuId"] = sfu.wire_id
    message.setdefault("playerId", sfu.wire_id)
    return [Send(sfu.source, encode(message))]
