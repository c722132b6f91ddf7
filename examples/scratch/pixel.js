// Name: Pixel
// ID: mitlabPixel
// Description: Wake a machine of your own, look at it and command it.
// License: Apache-2.0

// An extension for TurboWarp and other editors that load Scratch extensions from a file. Load it without the sandbox.
// It does nothing until a block runs: loading it, or opening a project that uses it, wakes no machine.
(function (Scratch) {
  "use strict";

  const CALL_TIMEOUT = 15000;
  const COMMAND_TIMEOUT = 15000;
  const FIRST_DELAY = 500;
  const LONGEST_DELAY = 5000;
  const PATIENCE = 30000; // how long an API that fails is asked again
  const STORED = "mitlab-pixel"; // in the tab's sessionStorage: a reload keeps the machine
  const STEPS = {
    queued: "asking AWS to start a machine",
    booting: "the machine boots",
    naming: "its name is being published",
    loading: "Unreal loads",
  };

  /** A refusal of the wake API, in words for a person. */
  class Refusal extends Error {
    /** @param {string} message @param {boolean} passing whether asking again may help */
    constructor(message, passing = false) {
      super(message);
      this.passing = passing;
    }
  }

  const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

  /** Throw unless a key may be sent to this address: over TLS, or on this computer. */
  function checkAddress(api) {
    let address;
    try {
      address = new URL(api);
    } catch {
      throw new Refusal(`'${api}' is not an address`);
    }
    const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(address.hostname);
    if (address.protocol !== "https:" && !(address.protocol === "http:" && loopback)) {
      throw new Refusal("the wake API's address must begin with https://");
    }
  }

  /** Return the error an answer outside 2xx means. */
  function refusal(status, body, retryAfter) {
    const later = retryAfter ? `try again in ${retryAfter} seconds` : "try again later";
    const said = body?.message ?? "it did not say why";
    if (status === 401 || status === 403) return new Refusal("the API refused the key");
    if (status === 429 && body?.error !== "over_cap") return new Refusal(`too many calls at once: ${later}`, true);
    if (body?.error === "throttled") return new Refusal(`too many calls at once: ${later}`, true);
    if (body?.error === "pool_empty") return new Refusal(`every machine is in use: ${later}`);
    if (body?.error === "no_capacity") return new Refusal(`AWS has no machine free: ${later}`);
    if (status >= 500) return new Refusal(`the API answered ${status}: try again later`, true);
    return new Refusal(said);
  }

  /** The calls of the wake API. */
  class WakeApi {
    constructor(api, key) {
      this.api = api.replace(/\/+$/, "");
      this.key = key;
    }

    create(pool, idempotencyKey) {
      return this.call("POST", "/sessions", { pool }, { "Idempotency-Key": idempotencyKey });
    }

    get(session) {
      return this.call("GET", `/sessions/${encodeURIComponent(session)}`);
    }

    delete(session) {
      return this.call("DELETE", `/sessions/${encodeURIComponent(session)}`);
    }

    async call(method, path, body, headers = {}) {
      let answer;
      let told = null;
      try {
        answer = await Scratch.fetch(this.api + path, {
          method,
          headers: { "x-api-key": this.key, ...(body && { "Content-Type": "application/json" }), ...headers },
          body: body && JSON.stringify(body),
          signal: AbortSignal.timeout(CALL_TIMEOUT),
          cache: "no-store",
          credentials: "omit",
        });
        told = await answer.json().catch(() => null);
      } catch {
        throw new Refusal("the API does not answer: check its address, and this computer's network", true);
      }
      if (answer.status === 404 && path !== "/sessions") return { state: "ended", reason: "not known any more" };
      if (!answer.ok) throw refusal(answer.status, told, Number(answer.headers.get("Retry-After")) || told?.retry_after);
      if (typeof told?.session !== "string" || !["starting", "ready", "ended"].includes(told.state)) {
        throw new Refusal("what answers at that address is not the wake API");
      }
      return told;
    }

    /** Call again while the API is out of reach or throttles. Every call may be repeated: none wakes a second machine. */
    async patiently(call) {
      const giveUp = Date.now() + PATIENCE;
      for (let delay = FIRST_DELAY; ; delay = Math.min(delay * 1.5, LONGEST_DELAY)) {
        try {
          return await call();
        } catch (error) {
          if (!error.passing || Date.now() + delay > giveUp) throw error;
        }
        await sleep(delay);
      }
    }
  }

  /** The control socket of a ready machine. A browser cannot set its headers, so the token goes into its address. */
  class Control {
    constructor(url, token, { onReply, onClose }) {
      this.pending = new Map();
      this.sent = 0;
      this.socket = new WebSocket(`wss://${new URL(url).host}/control?token=${encodeURIComponent(token)}`);
      this.opened = new Promise((resolve) => {
        this.socket.onopen = () => resolve(true);
        this.socket.onclose = () => {
          resolve(false);
          for (const tell of [...this.pending.values()]) tell("unknown: the connection was lost");
          onClose();
        };
      });
      this.socket.onmessage = ({ data }) => this.receive(data, onReply);
    }

    get closed() {
      return this.socket.readyState >= WebSocket.CLOSING;
    }

    /** Send one command; return what became of it. It is never sent a second time. */
    send(command) {
      const id = String(++this.sent);
      return new Promise((resolve) => {
        let queued = null; // a command that has to wait for Unreal is acknowledged twice
        const timer = setTimeout(() => settle(queued ?? "unknown: no answer"), COMMAND_TIMEOUT);
        const settle = (fate) => {
          clearTimeout(timer);
          this.pending.delete(id);
          resolve(fate);
        };
        this.pending.set(id, (fate) => (fate.startsWith("queued") ? (queued = fate) : settle(fate)));
        this.socket.send(JSON.stringify({ id, command }));
      });
    }

    receive(data, onReply) {
      let message;
      try {
        message = JSON.parse(data);
      } catch {
        return;
      }
      if (message?.type === "reply") {
        onReply(typeof message.data === "string" ? message.data : JSON.stringify(message.data));
      } else if (message?.type === "ack") {
        const why = message.reason ? `: ${message.reason}` : "";
        this.pending.get(String(message.id))?.(`${message.status}${why}`);
      }
    }
  }

  /** The blocks. One session at a time: waking again gives the same machine, until its session has ended. */
  class Pixel {
    constructor() {
      this.api = null;
      this.session = null; // as the API last described it
      this.control = null;
      this.waking = null;
      this.trouble = "";
      this.reply = "";
      this.fate = "";
    }

    getInfo() {
      const { COMMAND, HAT, BOOLEAN, REPORTER } = Scratch.BlockType;
      const text = (defaultValue) => ({ type: Scratch.ArgumentType.STRING, defaultValue });
      return {
        id: "mitlabPixel",
        name: "Pixel",
        blocks: [
          {
            opcode: "setup",
            blockType: COMMAND,
            text: "use wake API [API] with key [KEY]",
            arguments: { API: text("https://"), KEY: text("") },
          },
          { opcode: "wake", blockType: COMMAND, text: "wake a machine of [POOL]", arguments: { POOL: text("drone") } },
          { opcode: "whenReady", blockType: HAT, text: "when my machine is ready", isEdgeActivated: true },
          { opcode: "isReady", blockType: BOOLEAN, text: "is my machine ready?" },
          { opcode: "show", blockType: COMMAND, text: "open the picture" },
          { opcode: "send", blockType: COMMAND, text: "send [COMMAND]", arguments: { COMMAND: text("DroneColor-Red") } },
          { opcode: "lastFate", blockType: REPORTER, text: "what became of the last command" },
          { opcode: "lastReply", blockType: REPORTER, text: "last reply" },
          { opcode: "status", blockType: REPORTER, text: "how is my machine" },
          { opcode: "end", blockType: COMMAND, text: "give my machine back" },
        ],
      };
    }

    setup({ API, KEY }) {
      const api = String(API).trim();
      try {
        checkAddress(api);
        this.api = new WakeApi(api, String(KEY).trim());
        this.trouble = "";
      } catch (error) {
        this.api = null;
        this.trouble = error.message;
      }
    }

    /** Ask for a machine; done when the API has promised one, or said why not. `status` tells which. */
    wake({ POOL }) {
      this.waking ??= this.ask(String(POOL).trim()).finally(() => (this.waking = null));
      return this.waking;
    }

    whenReady() {
      return this.isReady();
    }

    isReady() {
      return this.session?.state === "ready";
    }

    async show() {
      if (this.isReady()) await Scratch.openWindow(this.session.url);
    }

    /** Send a command; done when the machine has said what became of it. */
    async send({ COMMAND }) {
      this.fate = this.isReady() ? await this.deliver(String(COMMAND)) : "not sent: the machine is not ready";
    }

    lastFate() {
      return this.fate;
    }

    lastReply() {
      return this.reply;
    }

    status() {
      if (this.trouble) return this.trouble;
      if (!this.session) return "asleep";
      const { state, step, reason } = this.session;
      if (state === "starting") return STEPS[step] ?? "starting";
      return state === "ended" ? `ended: ${reason ?? "closed"}` : state;
    }

    async end() {
      const session = this.session;
      if (!session || session.state === "ended") return;
      try {
        await this.api.patiently(() => this.api.delete(session.session));
        this.learn({ ...session, state: "ended", reason: "closed" });
      } catch (error) {
        this.trouble = error.message;
      }
    }

    async deliver(command) {
      if (!this.control || this.control.closed) this.connect();
      const control = this.control;
      return (await control.opened) ? control.send(command) : "not sent: the machine does not answer";
    }

    async ask(pool) {
      if (!this.api) {
        this.trouble ||= "first use the block with the wake API's address and your key";
        return;
      }
      this.trouble = "";
      if (this.session?.pool === pool && this.session.state !== "ended") return;
      await this.end();
      if (this.trouble) return;
      try {
        let session = await this.api.patiently(() => this.api.create(pool, this.idempotencyKey(pool)));
        if (session.state === "ended") {
          this.forget();
          session = await this.api.patiently(() => this.api.create(pool, this.idempotencyKey(pool)));
        }
        this.learn({ ...session, pool });
        this.watch(this.api, session);
      } catch (error) {
        this.trouble = error.message;
      }
    }

    /** Ask how the session is until it is ready or over. */
    async watch(api, { session, state, poll_after }) {
      let delay = FIRST_DELAY;
      try {
        while (state === "starting" && this.session.session === session) {
          await sleep(Math.max(delay, (poll_after ?? 0) * 1000));
          delay = Math.min(delay * 1.5, LONGEST_DELAY);
          const told = await api.patiently(() => api.get(session));
          ({ state, poll_after } = told);
          if (this.session.session === session && this.session.state === "starting") {
            this.learn({ ...this.session, ...told, session });
          }
        }
      } catch (error) {
        this.trouble = error.message;
      }
    }

    learn(session) {
      this.session = session;
      if (session.state === "ready") this.connect();
      if (session.state === "ended") {
        this.forget();
        this.control?.socket.close();
        this.control = null;
      }
    }

    connect() {
      const { url, tokens } = this.session;
      this.control = new Control(url, tokens.controller, {
        onReply: (data) => (this.reply = data),
        onClose: () => this.disconnected(),
      });
    }

    /** Find out whether the session is over, or only its socket: the next command opens another. */
    async disconnected() {
      const session = this.session;
      if (session.state !== "ready") return;
      try {
        const told = await this.api.patiently(() => this.api.get(session.session));
        if (this.session === session && told.state === "ended") this.learn({ ...session, ...told });
      } catch (error) {
        this.trouble = error.message;
      }
    }

    /** Return the key under which the session of a pool is asked for; the same one until that session has ended. */
    idempotencyKey(pool) {
      const owner = `${this.api.api} ${pool}`;
      const stored = this.stored();
      if (stored?.owner === owner) return stored.key;
      const key = crypto.randomUUID();
      this.kept = { owner, key };
      try {
        sessionStorage.setItem(STORED, JSON.stringify(this.kept));
      } catch {
        // a page that may keep nothing wakes another machine after a reload
      }
      return key;
    }

    stored() {
      if (this.kept) return this.kept;
      try {
        return JSON.parse(sessionStorage.getItem(STORED));
      } catch {
        return null;
      }
    }

    forget() {
      this.kept = null;
      try {
        sessionStorage.removeItem(STORED);
      } catch {
        // nothing was kept
      }
    }
  }

  if (!Scratch.extensions.unsandboxed) {
    throw new Error("Pixel opens sockets and windows: load it without the sandbox");
  }
  Scratch.extensions.register(new Pixel());
})(Scratch);
