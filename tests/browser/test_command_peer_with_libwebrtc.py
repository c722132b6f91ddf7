"""The headless peer in front of the WebRTC library that is in Unreal, which is also Chromium's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page

from pixel.signalling.command_peer.interaction import encode, reply_in
from pixel.signalling.command_peer.link import Link

from .processes import PATIENCE

pytestmark = pytest.mark.asyncio(loop_scope="module")

STREAMER = """
() => {
    const canvas = document.createElement('canvas');
    const drawing = canvas.getContext('2d');
    setInterval(() => drawing.fillRect(Math.random() * 100, 0, 9, 9), 50);
    const stream = canvas.captureStream(20);
    const voice = new AudioContext().createMediaStreamDestination().stream;
    const connection = new RTCPeerConnection({bundlePolicy: BUNDLE});
    const heard = [], candidates = [];
    const listen = channel => {
        channel.binaryType = 'arraybuffer';
        channel.onmessage = ({data}) => {
            heard.push(new TextDecoder('utf-16le').decode(new Uint8Array(data).slice(3)));
            channel.send(new Uint8Array([1, 104, 0, 105, 0]));
        };
    };
    for (const track of [...voice.getTracks(), ...stream.getTracks()]) connection.addTrack(track, stream);
    connection.onicecandidate = ({candidate}) => candidates.push(candidate);
    connection.ondatachannel = ({channel}) => listen(channel);
    const gathered = () => new Promise(resolve => {
        const look = () => candidates.includes(null) ? resolve() : setTimeout(look, 20);
        look();
    });
    window.streamer = {
        heard,
        async offer() {
            listen(connection.createDataChannel('cirrus'));
            const offer = await connection.createOffer();
            await connection.setLocalDescription(offer);
            await gathered();
            return {sdp: offer.sdp, candidates: candidates.filter(candidate => candidate?.candidate)};
        },
        async answer(sdp) {
            await connection.setRemoteDescription({type: 'offer', sdp});
            const answer = await connection.createAnswer();
            await connection.setLocalDescription(answer);
            await gathered();
            return {sdp: answer.sdp, candidates: candidates.filter(candidate => candidate?.candidate)};
        },
        accept: sdp => connection.setRemoteDescription({type: 'answer', sdp}),
        async encoded() {
            const frames = [...(await connection.getStats()).values()].map(report => report.framesEncoded ?? 0);
            return frames.reduce((sum, more) => sum + more, 0);
        },
    };
}
"""


async def call(tab: Page, method: str, *arguments: str) -> Any:
    return await tab.evaluate(
        "([method, ...rest]) => streamer[method](...rest).then(result => result ?? null)", [method, *arguments]
    )


@pytest.mark.parametrize("bundle", ["max-bundle", "balanced"])
@pytest.mark.parametrize("legacy", [False, True], ids=["streamer offers", "peer offers"])
async def test_a_command_and_its_reply_pass_and_no_frame_is_encoded(
    context: BrowserContext, bundle: str, legacy: bool
) -> None:
    tab = await context.new_page()
    await tab.evaluate(STREAMER.replace("BUNDLE", repr(bundle)))
    opened, replies = asyncio.Event(), asyncio.Queue[str | None]()
    link = Link(opened.set, lambda message: replies.put_nowait(reply_in(message)))

    if legacy:
        description = await call(tab, "answer", await link.offer())
        await link.accept_answer(description["sdp"])
    else:
        description = await call(tab, "offer")
        await call(tab, "accept", await link.answer(description["sdp"]))
    for candidate in description["candidates"]:
        await link.add_candidate(candidate)
    await asyncio.wait_for(opened.wait(), PATIENCE)
    link.send(encode('{"Name":"Ada"}'))

    assert await asyncio.wait_for(replies.get(), PATIENCE) == "hi"
    assert await tab.evaluate("streamer.heard") == ['{"Name":"Ada"}']
    assert await call(tab, "encoded") == 0
    await link.close()
