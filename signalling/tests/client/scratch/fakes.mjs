// The browser and the editor around the extension, as strict as they are: a wake API that refuses what the real one
// refuses, WebSockets with their states, and a clock that a test moves.
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { webcrypto } from "node:crypto";

const EXTENSION = new URL("../../../../examples/scratch/pixel.js", import.meta.url);

export const API = "https://api.example/prod";
export const KEY = "a-key-of-a-class";
export const READY = {
  ip: "203.0.113.7",
  hostname: "drone-203-0-113-7.pixel.test",
  url: "https://drone-203-0-113-7.pixel.test/#token=PLAYER",
  tokens: { player: "PLAYER", controller: "CONTROLLER+/=" },
};

/** Let everything that waits on a promise go on. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

export class Clock {
  constructor() {
    this.now = 0;
    this.timers = new Map();
    this.last = 0;
  }

  setTimeout = (run, milliseconds) => {
    this.timers.set(++this.last, { at: this.now + milliseconds, run });
    return this.last;
  };

  clearTimeout = (timer) => this.timers.delete(timer);

  /** Let time go by, running what falls due in its order. */
  async advance(milliseconds) {
    const until = this.now + milliseconds;
    await settle();
    for (;;) {
      const [next] = [...this.timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at);
      if (!next) break;
      this.timers.delete(next[0]);
      this.now = next[1].at;
      next[1].run();
      await settle();
    }
    this.now = until;
  }
}

/** The wake API. `refusals` are answered first: {status, body, headers} or "lost". */
export class FakeWakeApi {
  constructor() {
    this.calls = [];
    this.refusals = [];
    this.sessions = new Map();
    this.byKey = new Map();
    this.pollsUntilReady = 0;
    this.meanwhile = () => {}; // what happens while an answer is on its way
  }

  fetch = async (url, { method, headers, body, signal, credentials }) => {
    if (!(signal instanceof AbortSignal)) throw new TypeError("a call without a time limit");
    if (credentials !== "omit") throw new TypeError("cookies are none of the API's business");
    const sent = new Headers(headers);
    if (!url.startsWith(API)) throw new TypeError("Failed to fetch");
    if (sent.get("x-api-key") !== KEY) return answer(403, { message: "Forbidden" });
    const path = url.slice(API.length);
    this.calls.push(`${method} ${path}`);
    const told = this.carryOut(method, path, sent, body);
    await this.meanwhile(method);
    const refusal = this.refusals.shift();
    if (refusal === "lost") throw new TypeError("Failed to fetch");
    return refusal ? answer(refusal.status, refusal.body, refusal.headers) : told;
  };

  carryOut(method, path, headers, body) {
    if (this.refusals[0] && this.refusals[0] !== "lost") return null;
    if (method === "POST" && path === "/sessions") {
      const asked = headers.get("Content-Type") === "application/json" ? JSON.parse(body) : {};
      const key = headers.get("Idempotency-Key");
      if (Object.keys(asked).join() !== "pool" || !/^[!-~]{1,128}$/.test(key ?? "")) {
        return answer(400, { error: "invalid_request", message: "that is no request" });
      }
      if (asked.pool === "dorne") return answer(404, { error: "unknown_pool", message: "there is no pool 'dorne'" });
      if (!this.byKey.has(key)) {
        const id = `s${this.sessions.size + 1}`;
        this.byKey.set(key, id);
        this.sessions.set(id, { id, pool: asked.pool, left: this.pollsUntilReady, reason: null });
      }
      return answer(202, this.describe(this.sessions.get(this.byKey.get(key))));
    }
    const session = this.sessions.get(path.match(/^\/sessions\/([^/]+)$/)?.[1]);
    if (!session) return answer(404, { error: "not_found", message: "this API key has no such session" });
    if (method === "DELETE") {
      session.reason ??= "closed";
      return answer(200, { session: session.id, state: "ended" });
    }
    const told = answer(200, this.describe(session));
    session.left -= 1;
    return told;
  }

  describe({ id, pool, left, reason }) {
    const told = { session: id, pool };
    if (reason) return { ...told, state: "ended", reason };
    return left > 0
      ? { ...told, state: "starting", step: "booting", poll_after: 2 }
      : { ...told, state: "ready", ...READY };
  }
}

function answer(status, body, headers = {}) {
  return new Response(typeof body === "string" ? body : JSON.stringify(body), { status, headers });
}

/** Make a WebSocket class, and the list of its sockets. */
export function fakeWebSockets() {
  const sockets = [];
  class FakeWebSocket {
    static CONNECTING = 0;
    static OPEN = 1;
    static CLOSING = 2;
    static CLOSED = 3;

    constructor(url) {
      if (!/^wss:\/\/[^#]+$/.test(url)) throw new SyntaxError(`${url} is no address of a secure socket`);
      this.url = url;
      this.readyState = FakeWebSocket.CONNECTING;
      this.sent = [];
      sockets.push(this);
    }

    send(data) {
      if (this.readyState !== FakeWebSocket.OPEN) throw new Error("InvalidStateError");
      const message = JSON.parse(data);
      if (Object.keys(message).sort().join() !== "command,id") throw new Error(`${data} is no command`);
      this.sent.push(message);
    }

    close() {
      if (this.readyState < FakeWebSocket.CLOSING) this.drop();
    }

    // What the member and the network do:
    accept() {
      this.readyState = FakeWebSocket.OPEN;
      this.onopen?.({});
    }

    say(message) {
      this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
    }

    drop() {
      this.readyState = FakeWebSocket.CLOSED;
      this.onclose?.({});
    }
  }
  return { FakeWebSocket, sockets };
}

/** Load the extension into an editor of its own. `storage` is the tab's sessionStorage, which outlives a reload. */
export function editor({ api = new FakeWakeApi(), storage = new Map(), unsandboxed = true } = {}) {
  const clock = new Clock();
  const { FakeWebSocket, sockets } = fakeWebSockets();
  const opened = [];
  const registered = [];
  const Scratch = {
    extensions: { unsandboxed, register: (extension) => registered.push(extension) },
    BlockType: { COMMAND: "command", HAT: "hat", BOOLEAN: "Boolean", REPORTER: "reporter" },
    ArgumentType: { STRING: "string" },
    fetch: api.fetch,
    openWindow: async (url) => opened.push(url),
  };
  vm.runInNewContext(readFileSync(EXTENSION, "utf-8"), {
    Scratch,
    WebSocket: FakeWebSocket,
    setTimeout: clock.setTimeout,
    clearTimeout: clock.clearTimeout,
    Date: { now: () => clock.now },
    AbortSignal,
    URL,
    crypto: webcrypto,
    sessionStorage: {
      getItem: (name) => storage.get(name) ?? null,
      setItem: (name, value) => storage.set(name, value),
      removeItem: (name) => storage.delete(name),
    },
  });
  return { api, clock, storage, sockets, opened, registered, pixel: registered[0] };
}

/** An editor whose machine is ready, its control socket open. */
export async function readyEditor(options) {
  const made = editor(options);
  made.pixel.setup({ API, KEY });
  await made.pixel.wake({ POOL: "drone" });
  made.sockets[0].accept();
  return made;
}
