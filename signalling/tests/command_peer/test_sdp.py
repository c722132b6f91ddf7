"""How a stream's offer is answered by somebody who wants the data channel alone."""

from __future__ import annotations

import pytest

from pixel.signalling.command_peer.sdp import UnsuitableError, data_channel_of, full_answer, mid_of_channel

SESSION = ["v=0", "o=- 1 2 IN IP4 127.0.0.1", "s=-", "t=0 0"]


def section(media: str, mid: str, *lines: str) -> list[str]:
    """One section of a description, with a transport of its own."""
    transport = [f"a=ice-ufrag:{mid}user", f"a=ice-pwd:{mid}secret", f"a=fingerprint:sha-256 {mid}{mid}"]
    return [f"m={media}", "c=IN IP4 0.0.0.0", *transport, "a=setup:actpass", f"a=mid:{mid}", *lines]


VIDEO = section(
    "video 9 UDP/TLS/RTP/SAVPF 45", "v", "a=sendonly", "a=rtcp-mux", "a=rtpmap:45 H265/90000", "a=fmtp:45 level-id=180"
)
AUDIO = section("audio 9 UDP/TLS/RTP/SAVPF 111", "a", "a=sendrecv", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2")
CHANNEL = section("application 9 UDP/DTLS/SCTP webrtc-datachannel", "d", "a=sctp-port:5000")
ANSWERED = [*CHANNEL[:2], "a=ice-ufrag:ours", "a=ice-pwd:our-secret", "a=fingerprint:sha-256 OO", "a=setup:active"]
ANSWER = "\r\n".join([*SESSION, "a=group:BUNDLE d", *ANSWERED, "a=mid:d", "a=sctp-port:5000", ""])


def offer(*sections: list[str], bundle: str | None = "v a d") -> str:
    """A whole offer, bundled or not."""
    group = [] if bundle is None else [f"a=group:BUNDLE {bundle}"]
    return "\r\n".join([*SESSION, *group, *(line for lines in sections for line in lines), ""])


def sections_of(description: str) -> list[list[str]]:
    sections: list[list[str]] = []
    for line in description.split("\r\n")[:-1]:
        if line.startswith("m="):
            sections.append([])
        if sections:
            sections[-1].append(line)
    return sections


def test_the_library_is_shown_the_data_channel_alone() -> None:
    shown = sections_of(data_channel_of(offer(VIDEO, AUDIO, CHANNEL)))

    assert [lines[0] for lines in shown] == [CHANNEL[0]]


def test_the_data_channel_is_on_the_bundles_transport() -> None:
    (shown,) = sections_of(data_channel_of(offer(VIDEO, AUDIO, CHANNEL)))

    assert [line for line in shown if line.startswith(("a=ice-", "a=fingerprint"))] == VIDEO[2:5]


@pytest.mark.parametrize("bundle", [None, "v a"], ids=["nothing", "the others"])
def test_a_channel_outside_the_bundle_keeps_its_own_transport(bundle: str | None) -> None:
    (shown,) = sections_of(data_channel_of(offer(VIDEO, AUDIO, CHANNEL, bundle=bundle)))

    assert [line for line in shown if line.startswith(("a=ice-", "a=fingerprint"))] == CHANNEL[2:5]


@pytest.mark.parametrize("order", [(VIDEO, AUDIO, CHANNEL), (CHANNEL, VIDEO, AUDIO), (AUDIO, CHANNEL, VIDEO)])
def test_every_section_is_answered_in_the_offers_order(order: tuple[list[str], ...]) -> None:
    answered = sections_of(full_answer(offer(*order), ANSWER))

    assert [lines[0] for lines in answered] == [lines[0] for lines in order]


def test_media_is_inactive_with_the_codecs_offered_whichever_they_are() -> None:
    video, audio, _ = sections_of(full_answer(offer(VIDEO, AUDIO, CHANNEL), ANSWER))

    assert "a=inactive" in video
    assert "a=inactive" in audio
    assert {"a=rtpmap:45 H265/90000", "a=fmtp:45 level-id=180", "a=rtcp-mux"} <= set(video)


def test_the_whole_bundle_is_answered_with_one_transport() -> None:
    answer = full_answer(offer(VIDEO, AUDIO, CHANNEL), ANSWER)

    assert "a=group:BUNDLE v a d\r\n" in answer
    assert answer.count("a=ice-ufrag:ours\r\n") == answer.count("a=setup:active\r\n") == 3


def test_candidates_are_the_data_channels() -> None:
    assert mid_of_channel(offer(VIDEO, AUDIO, CHANNEL)) == "d"


@pytest.mark.parametrize("text", [offer(VIDEO, AUDIO), "", "no description"], ids=["media only", "empty", "text"])
def test_an_offer_without_a_data_channel_is_unsuitable(text: str) -> None:
    with pytest.raises(UnsuitableError, match="no data channel"):
        data_channel_of(text)
