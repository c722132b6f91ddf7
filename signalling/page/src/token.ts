// The session's token: it comes in the address's fragment, which no server sees, and outlives a reload of the tab.

const KEY = 'pixel.token';

/** Take the token out of the address bar, where it would be copied and shared by mistake, and keep it for a reload. */
export function takeToken(): string {
    const fragment = new URLSearchParams(location.hash.slice(1)).get('token');
    try {
        if (fragment) {
            sessionStorage.setItem(KEY, fragment);
            history.replaceState(history.state, '', location.pathname + location.search);
        }
        return fragment ?? sessionStorage.getItem(KEY) ?? '';
    } catch {
        // A frame whose storage the browser blocks: the token stays in its address, for the reload.
        return fragment ?? '';
    }
}

/** The address of the service's socket for players. */
export function socketUrl(token: string): string {
    const url = new URL('/', location.href);
    url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
    url.search = token ? new URLSearchParams({ token }).toString() : '';
    url.hash = '';
    return url.href;
}
