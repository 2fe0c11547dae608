// Who is calling, and what happens when the service does not believe it.

import assert from "node:assert/strict";
import { afterEach, mock, test } from "node:test";

import { Credentials } from "../../static/presence/credentials.js";
import { Service } from "../../static/presence/service.js";

const REAL = globalThis.fetch;

afterEach(() => {
  globalThis.fetch = REAL;
  mock.timers.reset();
});

function jwt(claims) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.x`;
}

/** A service whose requests are answered by `answer(url, options)`: a status, or a body. */
function service(auth, answer) {
  const asked = [];
  globalThis.fetch = async (url, options) => {
    asked.push({ url, ...options });
    const given = answer(asked.length, url);
    return typeof given === "number" ? new Response("{}", { status: given }) : Response.json(given);
  };
  const credentials = new Credentials(auth);
  return { asked, credentials, service: new Service(new URL("https://presence.test/p/"), credentials) };
}

test("in open mode a name goes with every request", async () => {
  const { asked, credentials, service: one } = service({ user: "a&b" }, () => ({ ok: true }));
  await one.ask("POST", "v1/heartbeat", { body: { device: "d" } });
  assert.equal(credentials.user, "a&b");
  assert.equal(asked[0].url, "https://presence.test/p/v1/heartbeat?as=a%26b");
  assert.equal(await one.streamUrl([["user", "*,:/"]]), "https://presence.test/p/v1/events?as=a%26b&user=*%2C%3A%2F");
});

test("nobody is nobody", () => {
  assert.throws(() => new Credentials(undefined), /auth is/);
  assert.throws(() => new Credentials({}), /auth is/);
});

test("a token is asked for once, kept, and never stands in an address", async () => {
  let given = 0;
  const auth = async () => {
    given += 1;
    return jwt({ sub: "älice", iat: 0, exp: 3_600 });
  };
  const { asked, credentials, service: one } = service(auth, () => ({ ticket: "t" }));
  await Promise.all([one.ask("GET", "v1/poll"), one.streamUrl([])]);
  assert.equal(await one.streamUrl([]), "https://presence.test/p/v1/events?ticket=t");
  assert.equal(given, 1);
  assert.equal(credentials.user, "älice");
  assert.ok(asked.every(({ url, headers }) => !url.includes("ey") && headers.Authorization.startsWith("Bearer ey")));
});

test("a token that is about to end is replaced", async () => {
  mock.timers.enable({ apis: ["Date"], now: 1e12 });
  let given = 0;
  // Its times are those of another clock: only their distance counts.
  const auth = () => jwt({ sub: "a", iat: 1e6, exp: 1e6 + 60, jti: (given += 1) });
  const { service: one } = service(auth, () => ({}));
  await one.ask("GET", "v1/poll");
  mock.timers.tick(50_000);
  await one.ask("GET", "v1/poll");
  assert.equal(given, 1);
  mock.timers.tick(6_000);
  await one.ask("GET", "v1/poll");
  assert.equal(given, 2);
});

test("a refused token is replaced once, and the request repeated", async () => {
  let given = 0;
  const auth = () => `token-${(given += 1)}`;
  const { asked, service: one } = service(auth, (count) => (count === 1 ? 401 : { ok: true }));
  assert.deepEqual(await one.ask("GET", "v1/poll"), { ok: true });
  assert.deepEqual(asked.map(({ headers }) => headers.Authorization), ["Bearer token-1", "Bearer token-2"]);
});

test("who is refused twice gives up", async () => {
  let given = 0;
  const { asked, service: one } = service(() => `token-${(given += 1)}`, () => 401);
  await assert.rejects(one.ask("GET", "v1/poll"), { status: 401, final: true });
  assert.deepEqual([asked.length, given], [2, 2]);
});

test("a page without a token is signed out, and nothing is asked", async () => {
  const { asked, service: one } = service(() => "", () => ({}));
  await assert.rejects(one.ask("GET", "v1/poll"), { status: 401, code: "signed-out" });
  assert.equal(asked.length, 0);
});

test("a page that cannot get a token now may later", async () => {
  const answers = [Promise.reject(new Error("no network")), "token"];
  const { service: one } = service(() => answers.shift(), () => ({ ok: true }));
  await assert.rejects(one.ask("GET", "v1/poll"), { status: 0, final: false });
  assert.deepEqual(await one.ask("GET", "v1/poll"), { ok: true });
});

test("a page that gives no answer is asked again after a while", async () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const answers = [new Promise(() => undefined), "token"];
  const { service: one } = service(() => answers.shift(), () => ({ ok: true }));
  const asked = assert.rejects(one.ask("GET", "v1/poll"), { status: 0, final: false });
  mock.timers.tick(30_000);
  await asked;
  assert.deepEqual(await one.ask("GET", "v1/poll"), { ok: true });
});

test("an error says what the service said, and when to come again", async () => {
  const { service: one } = service({ user: "a" }, () => ({}));
  globalThis.fetch = async () =>
    Response.json({ detail: "The store is away.", code: "store" }, { status: 503, headers: { "Retry-After": "2" } });
  const expected = { message: "The store is away.", status: 503, code: "store", retryMs: 2_000, final: false };
  await assert.rejects(one.ask("GET", "v1/poll"), expected);
  globalThis.fetch = async () => {
    throw new TypeError("failed to fetch");
  };
  await assert.rejects(one.ask("GET", "v1/poll"), { status: 0, code: "unreachable", final: false });
  globalThis.fetch = async () => new Response("<h1>Sign in to this Wi-Fi</h1>");
  await assert.rejects(one.ask("GET", "v1/poll"), { name: "PresenceError", status: 0, final: false });
});

test("signals are in order, whichever page sends them", () => {
  mock.timers.enable({ apis: ["Date"], now: 5_000 });
  const { service: one } = service({ user: "a" }, () => ({}));
  const { service: other } = service({ user: "a" }, () => ({}));
  assert.deepEqual([one.sequence(), one.sequence()], [5_000, 5_001]);
  mock.timers.tick(10);
  assert.deepEqual([other.sequence(), one.sequence()], [5_010, 5_010]);
});

test("a page that goes says so, whatever outlives it in this browser", () => {
  mock.timers.enable({ apis: ["Date"], now: 5_000 });
  const sent = [];
  const beacon = { value: { sendBeacon: (url, body) => sent.push([url, JSON.parse(body)]) }, configurable: true };
  Object.defineProperty(globalThis, "navigator", beacon);
  const { asked, service: one } = service({ user: "a" }, () => ({}));
  one.leave("d");
  assert.equal(asked[0].keepalive, true);
  const keepalive = Object.getOwnPropertyDescriptor(Request.prototype, "keepalive");
  delete Request.prototype.keepalive;
  one.leave("d");
  Object.defineProperty(Request.prototype, "keepalive", keepalive);
  assert.deepEqual(sent, [["https://presence.test/p/v1/leave?as=a", { device: "d", seq: 5_001 }]]);
  assert.equal(asked.length, 1);
});
