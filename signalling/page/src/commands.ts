// Commands to Unreal and its replies: for the page's own box, for scripts (`window.pixel`), and for a frame around it.

import { type Phase, type Screen, element } from './screen';

/** The stream's side: `send` tells whether the command could be sent. */
export interface Carrier {
    send(command: object | string): boolean;
    onReply(listener: (reply: string) => void): void;
}

interface Bridge {
    send(command: object | string): boolean;
    readonly replies: readonly string[];
}

declare global {
    interface Window {
        pixel?: Bridge;
    }
}

const REMEMBERED = 100;

/** Make commands available everywhere. */
export function carryCommands(carrier: Carrier, screen: Screen): void {
    const replies: string[] = [];
    carrier.onReply((reply) => {
        replies.push(reply);
        replies.splice(0, replies.length - REMEMBERED);
    });
    window.pixel = { send: (command) => carrier.send(command), replies };
    serveBox(carrier);
    serveFrame(carrier, screen);
}

/** The command that a person typed: JSON when it is an object, otherwise the text as it stands. */
export function parseCommand(text: string): object | string {
    try {
        const value: unknown = JSON.parse(text);
        return typeof value === 'object' && value !== null ? value : text;
    } catch {
        return text;
    }
}

function serveBox(carrier: Carrier): void {
    const form = element<HTMLFormElement>('commands');
    const field = element<HTMLInputElement>('command');
    const reply = element<HTMLOutputElement>('reply');
    const toggle = element<HTMLButtonElement>('command-toggle');

    toggle.addEventListener('click', () => {
        form.hidden = !form.hidden;
        toggle.setAttribute('aria-expanded', String(!form.hidden));
        if (!form.hidden) field.focus();
    });
    form.addEventListener('submit', (event) => {
        event.preventDefault();
        if (!field.value) return;
        const sent = carrier.send(parseCommand(field.value));
        reply.textContent = sent ? 'Sent.' : 'Not sent: the stream is not playing yet.';
        if (sent) field.value = '';
    });
    // What is typed here is not for Unreal, whose keyboard listens on the whole document.
    for (const type of ['keydown', 'keyup', 'keypress']) {
        form.addEventListener(type, (event) => event.stopPropagation());
    }
    carrier.onReply((text) => {
        reply.textContent = text;
    });
}

/**
 * Serve the page around this one, such as a notebook. It posts `{type: "pixel.hello"}` to be told phases and replies,
 * and `{type: "pixel.command", id, command}` for a command. Who may be around is the service's to say (`frame-ancestors`).
 */
function serveFrame(carrier: Carrier, screen: Screen): void {
    if (window.parent === window) return;
    let origin: string | undefined;
    const tell = (message: { type: string; [field: string]: unknown }): void => {
        if (origin !== undefined) window.parent.postMessage(message, origin);
    };
    window.addEventListener('message', (event: MessageEvent<unknown>) => {
        if (event.source !== window.parent || typeof event.data !== 'object' || event.data === null) return;
        const { type, id, command } = event.data as { type?: unknown; id?: unknown; command?: unknown };
        if (type !== 'pixel.hello' && type !== 'pixel.command') return;
        // A frame without an origin of its own (sandboxed, or a file) is called "null", which cannot be posted to by name.
        origin = event.origin === 'null' ? '*' : event.origin;
        if (type === 'pixel.hello') {
            tell({ type: 'pixel.phase', phase: screen.phase });
        } else if (typeof command === 'string' || (typeof command === 'object' && command !== null)) {
            tell({ type: 'pixel.sent', id, sent: carrier.send(command) });
        }
    });
    carrier.onReply((reply) => tell({ type: 'pixel.reply', reply }));
    screen.onPhase((phase: Phase) => tell({ type: 'pixel.phase', phase }));
}
