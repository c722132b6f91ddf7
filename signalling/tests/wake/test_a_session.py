"""One person's way through the wake function, from the first call to the stopped machine."""

from __future__ import annotations

from pixel import tokens

from .world import SECRET, World


def open_session(world: World, key: str = "k1", owner: str = "alice", pool: str = "drone") -> str:
    return str(world.wake.sessions.open(owner, key, pool).body()["session"])


def test_a_session_starts_a_member_and_becomes_ready_with_its_name_and_tokens(world: World) -> None:
    world.fill(3)
    session = open_session(world)
    assert len(world.running()) == 1
    body = world.ready("alice", session)
    address = world.running()[0].address
    assert body["state"] == "ready"
    assert body["ip"] == address
    assert body["hostname"] == f"drone-{str(address).replace('.', '-')}.pixel.test"
    assert body["url"] == f"https://{body['hostname']}/#token={body['tokens']['player']}"
    item = world.item(world.running()[0])
    assert tokens.matches(body["tokens"]["player"], item["player_digest"])
    assert tokens.matches(body["tokens"]["controller"], item["controller_digest"])
    assert body["tokens"]["player"] == tokens.mint(SECRET, session, item["generation"], "player")
