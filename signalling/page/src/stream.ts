// Epic's player, set up for this page: what it may take from the address, and who decides about reconnecting.

import { type AllSettings, Config, Flags, Logger, LogLevel, NumericParameters, OptionParameters, PixelStreaming } from '@epicgames-ps/lib-pixelstreamingfrontend-ue5.7';

/** Flags of Epic's player that the page's address may set, as on Epic's own page: `?HoveringMouse=true`. */
const FLAGS = [Flags.ForceTURN, Flags.ForceMonoAudio, Flags.HoveringMouseMode, Flags.FakeMouseWithTouches, Flags.MatchViewportResolution, Flags.UseMic] as const;

export function createStream(video: HTMLElement, socketUrl: () => string): PixelStreaming {
    // Below a warning, Epic's player logs its socket's address, and the token with it.
    Logger.InitLogging(LogLevel.Warning, false);
    const config = new Config({ initialSettings: { ...fromAddress(), ...OURS } });
    const stream = new PixelStreaming(config, { videoElementParent: video });
    stream.setSignallingUrlBuilder(socketUrl);
    return stream;
}

/** The page decides about reconnecting and about waiting for Unreal: Epic's player gives up after three attempts. */
const OURS: Partial<AllSettings> = {
    [Flags.WaitForStreamer]: false,
    [NumericParameters.MaxReconnectAttempts]: 0,
};

function fromAddress(): Partial<AllSettings> {
    const wanted = new URLSearchParams(location.search);
    const settings: Partial<AllSettings> = {};
    for (const flag of FLAGS) {
        const value = wanted.get(flag);
        if (value !== null) settings[flag] = value !== 'false';
    }
    const streamer = wanted.get(OptionParameters.StreamerId);
    if (streamer !== null) settings[OptionParameters.StreamerId] = streamer;
    return settings;
}
