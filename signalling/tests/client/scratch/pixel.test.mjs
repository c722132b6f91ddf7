import assert from "node:assert/strict";
import { test } from "node:test";

import { API, KEY, READY, editor, readyEditor, settle } from "./fakes.mjs";

/** Wake, then let time go by until the call is done. */
async function wake({ pixel, clock }, pool = "drone") {
  const woken = pixel.wake({ POOL: pool });
  await clock.advance(60_000);
  await woken;
}

test("loading the extension calls nothing and opens nothing", async () => {
  const { api, sockets, clock, registered } = editor();
  await clock.advance(60_000);
  assert.deepEqual([api.calls, sockets, registered.length], [[], [], 1]);
});

test("it refuses to run in the sandbox, where it could not work", () => {
  assert.throws(() => editor({ unsandboxed: false }), /load it without the sandbox/);
});

test("every block has a function of its own", () => {
  const { pixel } = editor();
  for (const { opcode, text, arguments: declared = {} } of pixel.getInfo().blocks) {
    assert.equal(typeof pixel[opcode], "function", opcode);
    assert.deepEqual(Object.keys(declared), [...text.matchAll(/\[([A-Z]+)\]/g)].map(([, name]) => name));
  }
});

test("no block has a key or an address filled in", () => {
  const [setup] = editor().pixel.getInfo().blocks;
  assert.deepEqual([setup.arguments.API.defaultValue, setup.arguments.KEY.defaultValue], ["https://", ""]);
});

test("waking without an address and a key says which block comes first", async () => {
  const made = editor();
  await wake(made);
  assert.match(made.pixel.status(), /first use the block/);
  assert.deepEqual(made.api.calls, []);
});

for (const address of ["http://api.example/prod", "api.example", "ftp://api.example"]) {
  test(`a key is not sent to ${address}`, async () => {
    const made = editor();
    made.pixel.setup({ API: address, KEY });
    assert.notEqual(made.pixel.status(), "asleep");
    await wake(made);
    assert.deepEqual(made.api.calls, []);
  });
}

test("a machine is starting until it is ready, and the hat and the Boolean tell", async () => {
  const { api, clock, pixel } = editor();
  api.pollsUntilReady = 3;
  assert.equal(pixel.status(), "asleep");
  pixel.setup({ API, KEY });
  await pixel.wake({ POOL: "drone" });
  assert.deepEqual([pixel.isReady(), pixel.whenReady(), pixel.status()], [false, false, "the machine boots"]);
  await clock.advance(30_000);
  assert.deepEqual([pixel.isReady(), pixel.whenReady(), pixel.status()], [true, true, "ready"]);
});

test("it is asked no sooner than the API wants", async () => {
  const { api, clock, pixel } = editor();
  api.pollsUntilReady = 2;
  pixel.setup({ API, KEY });
  await pixel.wake({ POOL: "drone" });
  await clock.advance(1_999);
  assert.deepEqual(api.calls, ["POST /sessions"]);
  await clock.advance(1);
  assert.deepEqual(api.calls, ["POST /sessions", "GET /sessions/s1"]);
});

test("nothing is asked any more once the machine is ready", async () => {
  const { api, clock } = await readyEditor();
  await clock.advance(3_600_000);
  assert.deepEqual(api.calls, ["POST /sessions"]);
});

test("waking twice, one after the other or at once, wakes one machine", async () => {
  const { api, pixel } = editor();
  pixel.setup({ API, KEY });
  await Promise.all([pixel.wake({ POOL: "drone" }), pixel.wake({ POOL: "drone" })]);
  await pixel.wake({ POOL: "drone" });
  assert.deepEqual(api.calls, ["POST /sessions"]);
});

test("a lost answer wakes no second machine", async () => {
  const made = editor();
  made.api.refusals = ["lost", "lost"];
  made.pixel.setup({ API, KEY });
  await wake(made);
  assert.deepEqual([made.pixel.status(), made.api.sessions.size], ["ready", 1]);
});

test("a tab that is reloaded keeps its machine", async () => {
  const { api, storage } = await readyEditor();
  const reloaded = editor({ api, storage });
  reloaded.pixel.setup({ API, KEY });
  await wake(reloaded);
  assert.deepEqual([reloaded.pixel.status(), api.sessions.size], ["ready", 1]);
});

test("what outlives a reload opens nothing", async () => {
  const { storage } = await readyEditor();
  const kept = [...storage.values()].join();
  for (const secret of [KEY, "PLAYER", "CONTROLLER"]) assert.ok(!kept.includes(secret));
});

test("after the session's end, waking gives another machine", async () => {
  const made = await readyEditor();
  made.api.sessions.get("s1").reason = "idle";
  const reloaded = editor({ api: made.api, storage: made.storage });
  reloaded.pixel.setup({ API, KEY });
  await wake(reloaded);
  assert.deepEqual([reloaded.pixel.status(), made.api.sessions.size], ["ready", 2]);
});

test("waking a machine of another pool gives the first one back", async () => {
  const made = await readyEditor();
  await wake(made, "boat");
  assert.equal(made.api.sessions.get("s1").reason, "closed");
  assert.equal(made.api.sessions.get("s2").pool, "boat");
});

for (const [status, body, said] of [
  [503, { error: "pool_empty", retry_after: 30 }, /every machine is in use: try again in 30 seconds/],
  [503, { error: "no_capacity" }, /AWS has no machine free: try again later/],
  [429, { error: "over_cap", message: "this API key has 3 sessions, its cap: end one" }, /its cap: end one/],
  [403, { message: "Forbidden" }, /refused the key/],
  [404, { error: "unknown_pool", message: "there is no pool 'dorne'" }, /no pool 'dorne'/],
  [200, "<html>the hotel's network</html>", /not the wake API/],
]) {
  test(`a refusal with ${status} ${body.error ?? ""} is told at once and in words`, async () => {
    const made = editor();
    made.api.refusals = [{ status, body }];
    made.pixel.setup({ API, KEY });
    await made.pixel.wake({ POOL: "drone" });
    assert.match(made.pixel.status(), said);
    await wake(made);
    assert.equal(made.pixel.status(), "ready");
  });
}

for (const refusal of [
  { status: 429, body: { message: "Too Many Requests" } },
  { status: 503, body: { error: "throttled", retry_after: 1 } },
  { status: 502, body: { message: "Internal server error" } },
]) {
  test(`what passes by itself is asked again: ${refusal.status}`, async () => {
    const made = editor();
    made.api.refusals = [refusal, refusal];
    made.pixel.setup({ API, KEY });
    await wake(made);
    assert.equal(made.pixel.status(), "ready");
  });
}

test("an API that stays away is told after a while", async () => {
  const made = editor();
  made.api.refusals = Array(1000).fill("lost");
  made.pixel.setup({ API, KEY });
  await wake(made);
  assert.match(made.pixel.status(), /does not answer/);
});

test("a session that ends while starting says why", async () => {
  const { api, clock, pixel } = editor();
  api.pollsUntilReady = 1000;
  pixel.setup({ API, KEY });
  await pixel.wake({ POOL: "drone" });
  api.sessions.get("s1").reason = "start_deadline";
  await clock.advance(10_000);
  assert.equal(pixel.status(), "ended: start_deadline");
});

test("the control socket goes to the machine with the controller's token", async () => {
  const { sockets } = await readyEditor();
  assert.deepEqual(
    sockets.map(({ url }) => url),
    ["wss://drone-203-0-113-7.pixel.test/control?token=CONTROLLER%2B%2F%3D"],
  );
});

test("a command is done when the machine has said what became of it", async () => {
  const { pixel, sockets } = await readyEditor();
  const sending = pixel.send({ COMMAND: "DroneColor-Red" });
  await settle();
  assert.deepEqual(sockets[0].sent, [{ id: "1", command: "DroneColor-Red" }]);
  sockets[0].say({ type: "ack", id: "1", status: "delivered" });
  await sending;
  assert.equal(pixel.lastFate(), "delivered");
});

test("a command that waits for Unreal is waited for", async () => {
  const { pixel, sockets } = await readyEditor();
  const sending = pixel.send({ COMMAND: "x" });
  await settle();
  sockets[0].say({ type: "ack", id: "1", status: "queued", reason: "not there yet" });
  await settle();
  assert.equal(pixel.lastFate(), "");
  sockets[0].say({ type: "ack", id: "1", status: "delivered" });
  await sending;
  assert.equal(pixel.lastFate(), "delivered");
});

test("a command that waits for Unreal longer than one would is queued", async () => {
  const { clock, pixel, sockets } = await readyEditor();
  const sending = pixel.send({ COMMAND: "x" });
  await settle();
  sockets[0].say({ type: "ack", id: "1", status: "queued", reason: "not there yet" });
  await clock.advance(15_000);
  await sending;
  assert.equal(pixel.lastFate(), "queued: not there yet");
});

test("a refused command says why", async () => {
  const { pixel, sockets } = await readyEditor();
  const sending = pixel.send({ COMMAND: "x" });
  await settle();
  sockets[0].say({ type: "ack", id: "1", status: "refused", reason: "too many commands" });
  await sending;
  assert.equal(pixel.lastFate(), "refused: too many commands");
});

test("a command whose answer is lost is unknown and not sent again", async () => {
  const { pixel, sockets } = await readyEditor();
  const sending = pixel.send({ COMMAND: "fire once" });
  await settle();
  sockets[0].drop();
  await sending;
  assert.equal(pixel.lastFate(), "unknown: the connection was lost");
  assert.equal(sockets.length, 1);
});

test("a command that is never answered does not hold the script up for ever", async () => {
  const { clock, pixel } = await readyEditor();
  const sending = pixel.send({ COMMAND: "x" });
  await clock.advance(15_000);
  await sending;
  assert.equal(pixel.lastFate(), "unknown: no answer");
});

test("after a lost socket the next command opens another", async () => {
  const { pixel, sockets } = await readyEditor();
  sockets[0].drop();
  const sending = pixel.send({ COMMAND: "x" });
  sockets[1].accept();
  await settle();
  sockets[1].say({ type: "ack", id: "1", status: "delivered" });
  await sending;
  assert.equal(pixel.lastFate(), "delivered");
});

test("commands that come before the socket is open share it", async () => {
  const { pixel, sockets } = await readyEditor();
  sockets[0].drop();
  pixel.send({ COMMAND: "one" });
  pixel.send({ COMMAND: "two" });
  sockets[1].accept();
  await settle();
  assert.deepEqual(
    sockets[1].sent.map(({ command }) => command),
    ["one", "two"],
  );
});

test("a machine that does not take the socket is told, and the command not sent", async () => {
  const { pixel, sockets } = await readyEditor();
  sockets[0].drop();
  const sending = pixel.send({ COMMAND: "x" });
  sockets[1].drop();
  await sending;
  assert.equal(pixel.lastFate(), "not sent: the machine does not answer");
});

test("a command without a machine is not sent, and says so", async () => {
  const { pixel } = editor();
  await pixel.send({ COMMAND: "x" });
  assert.equal(pixel.lastFate(), "not sent: the machine is not ready");
});

test("a socket closed because the session ended ends it here too", async () => {
  const { api, clock, pixel, sockets } = await readyEditor();
  api.sessions.get("s1").reason = "idle";
  sockets[0].drop();
  await clock.advance(1_000);
  assert.deepEqual([pixel.status(), pixel.isReady()], ["ended: idle", false]);
});

test("the last reply of Unreal's can be read", async () => {
  const { pixel, sockets } = await readyEditor();
  assert.equal(pixel.lastReply(), "");
  sockets[0].say({ type: "reply", data: "42 km/h" });
  sockets[0].say({ type: "reply", data: { speed: 43 } });
  assert.equal(pixel.lastReply(), '{"speed":43}');
});

test("frames that are not understood are left alone", async () => {
  const { pixel, sockets } = await readyEditor();
  for (const frame of ["{", "null", "[]", { type: "weather" }, { type: "ack", id: "99", status: "delivered" }]) {
    sockets[0].say(frame);
  }
  assert.equal(pixel.status(), "ready");
});

test("the picture is opened in a window, once there is one", async () => {
  const { opened, pixel } = editor();
  await pixel.show();
  assert.deepEqual(opened, []);
  const ready = await readyEditor();
  await ready.pixel.show();
  assert.deepEqual(ready.opened, [READY.url]);
});

test("giving the machine back ends the session, closes the socket and may be repeated", async () => {
  const { api, pixel, sockets } = await readyEditor();
  await pixel.end();
  await pixel.end();
  assert.deepEqual(api.calls, ["POST /sessions", "DELETE /sessions/s1"]);
  assert.equal(api.sessions.get("s1").reason, "closed");
  assert.equal(sockets[0].readyState, 3);
  assert.deepEqual([pixel.status(), pixel.isReady()], ["ended: closed", false]);
});

test("an answer that is older than the end does not undo it", async () => {
  const { api, clock, pixel, sockets } = editor();
  api.pollsUntilReady = 1;
  pixel.setup({ API, KEY });
  await pixel.wake({ POOL: "drone" });
  api.sessions.get("s1").left = 0;
  api.meanwhile = (method) => method === "GET" && pixel.end();
  await clock.advance(10_000);
  assert.deepEqual([pixel.status(), sockets], ["ended: closed", []]);
});

test("a session that the API has forgotten is over", async () => {
  const { api, clock, pixel } = editor();
  api.pollsUntilReady = 1000;
  pixel.setup({ API, KEY });
  await pixel.wake({ POOL: "drone" });
  api.sessions.clear();
  await clock.advance(10_000);
  assert.equal(pixel.status(), "ended: not known any more");
});

test("giving back is asked again when the answer is lost", async () => {
  const { api, clock, pixel } = await readyEditor();
  api.refusals = ["lost"];
  const ending = pixel.end();
  await clock.advance(10_000);
  await ending;
  assert.equal(pixel.status(), "ended: closed");
});

test("no status shows a key or a token", async () => {
  const { pixel } = await readyEditor();
  for (const said of [pixel.status(), pixel.lastFate(), pixel.lastReply()]) {
    assert.ok(!/PLAYER|CONTROLLER|a-key/.test(said));
  }
});
