// What the page shows over and beside the video.

export type Phase = 'connecting' | 'starting' | 'playing' | 'paused' | 'reconnecting' | 'ended';

export interface View {
    readonly phase: Phase;
    readonly title: string;
    readonly detail?: string;
    readonly action?: { readonly label: string; readonly run: () => void };
}

export function element<E extends HTMLElement>(id: string): E {
    const found = document.getElementById(id);
    if (!found) throw new Error(`the page has no element '${id}'`);
    return found as E;
}

export class Screen {
    readonly video = element<HTMLDivElement>('video');
    private readonly stage = element('stage');
    private readonly title = element('title');
    private readonly detail = element('detail');
    private readonly action = element<HTMLButtonElement>('action');
    private readonly unmute = element<HTMLButtonElement>('unmute');
    private run: () => void = () => undefined;

    constructor() {
        this.action.addEventListener('click', () => this.run());
        const fullscreen = element<HTMLButtonElement>('fullscreen');
        fullscreen.hidden = !document.fullscreenEnabled;
        fullscreen.addEventListener('click', () => {
            void (document.fullscreenElement ? document.exitFullscreen() : this.stage.requestFullscreen());
        });
    }

    get phase(): Phase {
        return this.stage.dataset['phase'] as Phase;
    }

    show(view: View): void {
        this.stage.dataset['phase'] = view.phase;
        this.title.textContent = view.title;
        this.detail.textContent = view.detail ?? '';
        this.action.hidden = view.action === undefined;
        this.action.textContent = view.action?.label ?? '';
        this.run = view.action?.run ?? (() => undefined);
        document.title = view.phase === 'playing' ? 'Pixel stream' : `${view.title} – Pixel stream`;
        this.stage.dispatchEvent(new CustomEvent('phase', { detail: view.phase }));
    }

    onPhase(listener: (phase: Phase) => void): void {
        this.stage.addEventListener('phase', () => listener(this.phase));
    }

    /** Offer to switch the sound on; the browser allows it only after a click or a touch. */
    offerSound(switchOn: () => void): void {
        this.unmute.hidden = false;
        this.unmute.onclick = () => {
            this.unmute.hidden = true;
            switchOn();
        };
    }
}
