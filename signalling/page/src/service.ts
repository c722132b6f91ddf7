// What the service tells about itself before a socket is opened.

import type { Standing } from './farewell';

export interface Service extends Standing {
    /** Unreal 4.26 or 4.27: the browser makes the offer. */
    readonly legacy: boolean;
}

/** Ask the service, with the token: it answers as it would answer the socket. `undefined` when it does not answer. */
export async function askService(token: string): Promise<Service | undefined> {
    try {
        const headers: HeadersInit = token ? { authorization: `Bearer ${token}` } : {};
        const response = await fetch('/player.json', { headers, cache: 'no-store' });
        // Something in between, such as a proxy, may answer in words of its own.
        const answer: unknown = await response.json().catch(() => ({}));
        const fields = (typeof answer === 'object' && answer !== null ? answer : {}) as Record<string, unknown>;
        return {
            status: response.status,
            legacy: fields['legacy'] === true,
            reason: typeof fields['reason'] === 'string' ? fields['reason'] : '',
            retryAfter: Number(response.headers.get('retry-after')) || 0,
        };
    } catch {
        return undefined;
    }
}
