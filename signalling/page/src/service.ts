// What the service tells about itself before a socket is opened.

import type { Standing } from './farewell';

export interface Service extends Standing {
    /** Unreal 4.26 or 4.27: the browser makes the offer. */
    readonly legacy: boolean;
}

/**
 * Ask the service, with the token: it answers as it would answer the socket. `undefined` when it does not answer.
 *
 * Whoever has no token shows an empty one: to one who shows none, the service does not say that one is needed.
 */
export async function askService(token: string): Promise<Service | undefined> {
    try {
        const headers: HeadersInit = { authorization: `Bearer ${token}` };
        const response = await fetch('/player.json', { headers, cache: 'no-store' });
        const state: unknown = response.ok ? await response.json() : {};
        return {
            status: response.status,
            legacy: typeof state === 'object' && state !== null && 'legacy' in state && state.legacy === true,
            reason: response.ok ? '' : await refusal(response),
            retryAfter: Number(response.headers.get('retry-after')) || 0,
        };
    } catch {
        return undefined;
    }
}

/** The service refuses in a line of text; a page of some proxy in between is not for people to read here. */
async function refusal(response: Response): Promise<string> {
    return response.headers.get('content-type')?.startsWith('text/plain') ? (await response.text()).trim() : '';
}
