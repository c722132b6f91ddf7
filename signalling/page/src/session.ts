// One person's view of one machine, from the first attempt to the end: what happens, in which order, and what is shown.

import { Flags, Messages, MessageHelpers, OptionParameters, type PixelStreaming } from '@epicgames-ps/lib-pixelstreamingfrontend-ue5.7';
import { NO_WAY, type Verdict, afterClose, beforeOpening } from './farewell';
import type { Screen } from './screen';
import { askService } from './service';

/** Milliseconds between two looks whether Unreal has come. */
const LOOK = 1000;
/** Milliseconds that Unreal may take to begin, once asked. */
const BEGIN = 5000;

export class Session {
    private tries = 0;
    private heard = Date.now();
    private opened = false;
    private timer: ReturnType<typeof setTimeout> | undefined;

    constructor(
        private readonly stream: PixelStreaming,
        private readonly screen: Screen,
        private readonly token: string,
    ) {
        const transport = stream.signallingProtocol.transport;
        transport.addListener('open', () => this.onOpen());
        transport.addListener('close', (event: CloseEvent) => this.onClose(event));
        stream.addEventListener('streamerListMessage', ({ data }) => this.onStreamers(data.messageStreamerList.ids, data.autoSelectedStreamerId));
        stream.addEventListener('subscribeFailed', ({ data }) => this.onRefused(data.message));
        stream.addEventListener('webRtcSdp', () => this.watchConnection());
        stream.addEventListener('playStreamRejected', () => this.onPlayRefused());
        this.video.addEventListener('playing', () => this.screen.show({ phase: 'playing', title: 'Playing' }));
    }

    start(): void {
        this.heard = Date.now();
        this.tries = 0;
        this.screen.show({ phase: 'connecting', title: 'Connecting' });
        void this.attempt();
    }

    private get video(): HTMLVideoElement {
        return this.stream.webRtcController.videoPlayer.getVideoElement();
    }

    private async attempt(): Promise<void> {
        const service = await askService(this.token);
        const verdict = service && beforeOpening(service);
        if (verdict) {
            this.carryOut(verdict);
            return;
        }
        if (service) this.stream.config.setFlagEnabled(Flags.BrowserSendOffer, service.legacy);
        this.opened = false;
        this.stream.connect();
    }

    private onOpen(): void {
        this.opened = true;
        this.heard = Date.now();
        this.screen.show({ phase: 'starting', title: 'Waiting for the application' });
    }

    private onClose(event: CloseEvent): void {
        clearTimeout(this.timer);
        this.stream.webRtcController.closePeerConnection();
        // A stream that has ended would go on "playing", one black picture.
        this.video.srcObject = null;
        this.tries = this.screen.phase === 'playing' ? 1 : this.tries + 1;
        if (this.opened) this.heard = Date.now();
        const closing = { code: event.code, reason: event.reason, opened: this.opened };
        this.carryOut(afterClose(closing, this.tries, (Date.now() - this.heard) / 1000));
    }

    private carryOut(verdict: Verdict): void {
        if (verdict.kind === 'wait') {
            this.screen.show(verdict);
            this.timer = setTimeout(() => void this.attempt(), verdict.seconds * 1000);
        } else {
            const { title, detail, again } = verdict;
            this.screen.show({ phase: 'ended', title, detail, ...(again && { action: { label: 'Try again', run: () => this.start() } }) });
        }
    }

    private onStreamers(ids: readonly string[], chosen: string): void {
        const [first] = ids;
        if (!chosen && first !== undefined) this.stream.config.setOptionSettingValue(OptionParameters.StreamerId, first);
        this.lookAgain(chosen || first !== undefined ? BEGIN : LOOK);
    }

    private onRefused(reason: string): void {
        this.screen.show({ phase: 'starting', title: 'Waiting for a place', detail: reason });
        this.lookAgain(LOOK);
    }

    private lookAgain(after: number): void {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.look(), after);
    }

    /** Look for Unreal. Which age it is of, the service may have learnt only when it came. */
    private async look(): Promise<void> {
        const service = await askService(this.token);
        if (!this.opened) return;
        if (service?.legacy && !this.stream.config.isFlagEnabled(Flags.BrowserSendOffer)) {
            this.stream.config.setFlagEnabled(Flags.BrowserSendOffer, true);
            const { webRtcController } = this.stream;
            webRtcController.startSession(webRtcController.peerConfig);
        } else {
            this.stream.signallingProtocol.sendMessage(MessageHelpers.createMessage(Messages.listStreamers));
        }
    }

    /** Media has a way of its own, which may fail while the socket is well: then both begin anew. */
    private watchConnection(): void {
        clearTimeout(this.timer);
        const connection = this.stream.webRtcController.peerConnectionController.peerConnection;
        connection.addEventListener('connectionstatechange', () => {
            if (connection.connectionState === 'failed') this.stream.signallingProtocol.disconnect(NO_WAY, 'Looking for a way for the video');
        });
    }

    /** The browser wants a gesture before it plays sound; without sound it may play at once. */
    private onPlayRefused(): void {
        if (this.stream.config.isFlagEnabled(Flags.StartVideoMuted)) {
            this.screen.show({ phase: 'paused', title: 'Ready', action: { label: 'Play', run: () => this.stream.play() } });
            return;
        }
        this.stream.config.setFlagEnabled(Flags.StartVideoMuted, true);
        this.screen.offerSound(() => {
            this.stream.config.setFlagEnabled(Flags.StartVideoMuted, false);
            this.stream.play();
        });
        this.stream.play();
    }
}
