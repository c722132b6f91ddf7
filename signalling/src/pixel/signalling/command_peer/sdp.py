"""Session descriptions of a peer that wants a stream's data channel and nothing else (RFC 8829, RFC 9143).

The WebRTC library is shown the data channel alone. Towards Unreal, video and audio are accepted with the codecs
offered, whichever those are, and declared inactive: nobody sends anything, so nobody needs to know a codec, and Unreal
starts no encoder. They are not refused outright, since the first of them carries the bundle's transport.
"""

from __future__ import annotations

import re

_SECTION = re.compile(r"(?m)^(?=m=)")
_TRANSPORT = ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:")
_ANSWERED = (*_TRANSPORT, "a=setup:")
_CODECS = ("a=rtpmap:", "a=fmtp:")


class UnsuitableError(ValueError):
    """An offer without a data channel, or one that cannot be read; the text says which."""


def data_channel_of(offer: str) -> str:
    """Return the offer as if it had the data channel alone, on the transport that the whole bundle shares.

    Raises:
        UnsuitableError: there is no data channel in it.
    """
    session, sections = _split(offer)
    channel = _application(sections)
    first = _bundled(session, sections)[0] if _attribute(channel, "mid") in _bundle(session) else channel
    shared = [line for line in first if line.startswith(_TRANSPORT)]
    own = [line for line in channel if not line.startswith(_TRANSPORT)]
    head = [line for line in session if not line.startswith("a=group:")]
    return _join([*head, f"a=group:BUNDLE {_attribute(channel, 'mid')}", *own, *shared])


def full_answer(offer: str, answer: str) -> str:
    """Return the answer to the whole offer, made from the library's answer to `data_channel_of` it."""
    offered_session, offered = _split(offer)
    session, (channel,) = _split(answer)
    transport = [line for line in channel if line.startswith(_ANSWERED)]
    sections = [
        channel if section[0].startswith("m=application") else _inactive(section, transport) for section in offered
    ]
    bundle = " ".join(_bundle(offered_session) or [_attribute(channel, "mid")])
    head = [line for line in session if not line.startswith("a=group:")]
    return _join([*head, f"a=group:BUNDLE {bundle}", *(line for section in sections for line in section)])


def mid_of_channel(offer: str) -> str:
    """Return the name of the data channel's section: the one for which the library takes candidates."""
    return _attribute(_application(_split(offer)[1]), "mid")


def _inactive(section: list[str], transport: list[str]) -> list[str]:
    media, _, rest = section[0].partition(" ")
    _, _, formats = rest.partition(" ")
    kept = [line for line in section if line.startswith(_CODECS)]
    mux = [line for line in section if line == "a=rtcp-mux"]
    mid = f"a=mid:{_attribute(section, 'mid')}"
    return [f"{media} 9 {formats}", "c=IN IP4 0.0.0.0", mid, "a=inactive", *mux, *transport, *kept]


def _split(description: str) -> tuple[list[str], list[list[str]]]:
    session, *sections = _SECTION.split(description)
    return session.splitlines(), [section.splitlines() for section in sections]


def _join(lines: list[str]) -> str:
    return "".join(f"{line}\r\n" for line in lines)


def _application(sections: list[list[str]]) -> list[str]:
    for section in sections:
        if section[0].startswith("m=application"):
            return section
    raise UnsuitableError("the stream's offer has no data channel")


def _bundle(session: list[str]) -> list[str]:
    for line in session:
        if line.startswith("a=group:BUNDLE"):
            return line.split()[1:]
    return []


def _bundled(session: list[str], sections: list[list[str]]) -> list[list[str]]:
    return [section for mid in _bundle(session) for section in sections if _attribute(section, "mid") == mid]


def _attribute(section: list[str], name: str) -> str:
    prefix = f"a={name}:"
    for line in section:
        if line.startswith(prefix):
            return line.removeprefix(prefix)
    raise UnsuitableError(f"a section of the stream's offer has no {name}")
