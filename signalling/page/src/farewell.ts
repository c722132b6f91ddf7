// What to do when the connection to the service is over: whether to come back, when, and what to say meanwhile.

/** How a WebSocket ended. `opened` is false when the service never let it in. */
export interface Closing {
    readonly code: number;
    readonly reason: string;
    readonly opened: boolean;
}

/** What the service said of itself (`GET /player.json`), or `undefined` when it did not answer. */
export interface Standing {
    readonly status: number;
    readonly reason: string;
    /** Seconds the service asks to be left alone. */
    readonly retryAfter: number;
}

export type Verdict =
    | { readonly kind: 'wait'; readonly phase: 'starting' | 'reconnecting'; readonly seconds: number; readonly title: string; readonly detail: string }
    | { readonly kind: 'end'; readonly title: string; readonly detail: string; readonly again: boolean };

/** The page's own code for closing a socket beside which no video comes through. */
export const NO_WAY = 4002;
const WAYS_TRIED = 3;

/** How long to go on looking for a service that has gone, in seconds. A member that restarts needs less. */
export const PATIENCE = 120;
const LONGEST_PAUSE = 5;

const END = {
    1001: { title: 'This machine has closed the session', again: true },
    1008: { title: 'This session is over', again: false },
    1011: { title: 'The application ended this view', again: true },
    4000: { title: 'Someone else took over', again: true },
} as const;

/**
 * Decide after a socket has closed.
 *
 * @param closing how it ended; 1013 is "try again later", the service's word for "Unreal is not there yet".
 * @param tries how many attempts in a row have failed, this one included.
 * @param lost seconds since the service was last heard.
 */
export function afterClose(closing: Closing, tries: number, lost: number): Verdict {
    const seconds = pause(tries);
    if (closing.code in END) {
        return { kind: 'end', ...END[closing.code as keyof typeof END], detail: closing.reason };
    }
    if (closing.code === NO_WAY && tries >= WAYS_TRIED) {
        return {
            kind: 'end',
            title: 'The video cannot reach this computer',
            detail: 'The network in between lets none through. Try another network, or ask whoever runs this for a TURN server.',
            again: true,
        };
    }
    if (closing.code === 1013) {
        return { kind: 'wait', phase: 'starting', seconds, title: 'Waiting for the application', detail: closing.reason };
    }
    if (lost > PATIENCE) {
        return {
            kind: 'end',
            title: 'The machine does not answer',
            detail: 'It may have been switched off. Ask for a new one, or try this one again.',
            again: true,
        };
    }
    return { kind: 'wait', phase: 'reconnecting', seconds, title: 'Reconnecting', detail: closing.reason };
}

/**
 * Decide before a socket is opened, from what the service said of itself: a browser does not tell why an upgrade
 * was refused, so the page asks first. `undefined`: nothing stands against it.
 */
export function beforeOpening(standing: Standing): Verdict | undefined {
    if (standing.status === 401 || standing.status === 403) {
        return {
            kind: 'end',
            title: 'This link is not valid',
            detail: 'The session it belongs to is over, or the link is incomplete. Ask for a new one.',
            again: false,
        };
    }
    if (standing.status === 503) {
        return {
            kind: 'end',
            title: 'This machine is closing',
            detail: standing.reason || 'Its session is over. Ask for a new one.',
            again: true,
        };
    }
    if (standing.status === 429) {
        const seconds = Math.max(standing.retryAfter, 1);
        return { kind: 'wait', phase: 'reconnecting', seconds, title: 'Too many attempts', detail: `Trying again in ${seconds} s.` };
    }
    return undefined;
}

/** Seconds to wait before the next attempt: longer each time, so that a class does not knock all at once for ever. */
export function pause(tries: number): number {
    return Math.min(Math.max(tries, 1), LONGEST_PAUSE);
}
