// Made by tools/build-classic.mjs from presence.js; do not change by hand. Gives the global `ssePresence`.
(() => {
"use strict";
const activityModule = (() => {
const INPUT = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];

class Activity {
lastInput = Date.now();
pauseMs = 15_000;
#ended = new AbortController();

constructor(changed) {
const { signal } = this.#ended;
const input = (event) => {
if (!event.isTrusted) return;
const pause = Date.now() - this.lastInput;
this.lastInput = Date.now();
if (pause > this.pauseMs) changed();
};
for (const type of INPUT) addEventListener(type, input, { capture: true, passive: true, signal });
document.addEventListener("visibilitychange", changed, { signal });
}

get visible() {
return document.visibilityState === "visible";
}

end() {
this.#ended.abort();
}
}
return { Activity };
})();

const backoffModule = (() => {
const FIRST_MS = 500;
const LONGEST_MS = 30_000;

function backoff(attempt, random = Math.random) {
const whole = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16));
return whole / 2 + (random() * whole) / 2;
}
return { backoff };
})();

const errorModule = (() => {
class PresenceError extends Error {
constructor(message, { status = 0, code = "unreachable", retryMs, cause } = {}) {
super(message, { cause });
this.name = "PresenceError";
this.status = status;
this.code = code;
this.retryMs = retryMs;
}

get final() {
return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
}
}

async function errorFrom(response) {
const problem = await response.json().catch(() => ({}));
const retryAfter = Number.parseFloat(response.headers.get("Retry-After"));
return new PresenceError(problem.detail ?? problem.title ?? `The service answered ${response.status}.`, {
status: response.status,
code: problem.code ?? "unknown",
retryMs: Number.isNaN(retryAfter) ? undefined : retryAfter * 1000,
});
}
return { PresenceError, errorFrom };
})();

const credentialsModule = (() => {
const { PresenceError } = errorModule;

const MARGIN_MS = 5_000;

function claimsOf(token) {
try {
const body = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
return JSON.parse(new TextDecoder().decode(Uint8Array.from(body, (byte) => byte.charCodeAt(0))));
} catch {
return {};
}
}

class Credentials {
user;
pairs = [];
cookies = "same-origin";
#give;
#token;
#ends = Infinity;
#asking;

constructor(auth, user) {
this.user = user ?? auth?.user;
if (typeof auth === "function") this.#give = auth;
else if (auth === "cookie") this.cookies = "include";
else if (auth?.user) this.pairs = [["as", auth.user]];
else throw new TypeError('Say who is calling: auth is {user: "…"}, a function that gives a token, or "cookie".');
}

get usesTokens() {
return this.#give !== undefined;
}

async headers() {
if (!this.#give) return {};
if (Date.now() > this.#ends - MARGIN_MS) this.forget();
this.#asking ??= this.#ask();
await this.#asking;
return this.headersAtHand();
}

headersAtHand() {
return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
}

forget(headers = this.headersAtHand()) {
if (headers.Authorization === this.headersAtHand().Authorization) {
this.#asking = this.#token = undefined;
this.#ends = Infinity;
}
return this.usesTokens;
}

async #ask() {
let token;
try {
token = await this.#give();
} catch (cause) {
this.forget();
throw new PresenceError("The page could not get a token.", { cause });
}
if (!token) {
this.forget();
throw new PresenceError("The page has no token.", { status: 401, code: "signed-out" });
}
const { sub, iat, exp } = claimsOf(token);
this.#token = token;
this.user ??= sub;
this.#ends = exp && iat ? Date.now() + (exp - iat) * 1000 : Infinity;
}
}
return { Credentials };
})();

const interestModule = (() => {
const WATCHED = ["users", "channels", "members"];
const KINDS = [...WATCHED, "join"];

function nothing() {
return union([]);
}

function union(contents) {
return Object.fromEntries(
KINDS.map((kind) => [kind, new Set(contents.flatMap((content) => [...(content[kind] ?? [])]))]),
);
}

function missing(content, other) {
return WATCHED.flatMap((kind) => [...content[kind]].filter((id) => !other[kind].has(id)).map((id) => [kind, id]));
}

function lists(pairs) {
return Object.fromEntries(
WATCHED.map((kind) => [kind, pairs.filter(([of]) => of === kind).map(([, id]) => id)]),
);
}

class Counted {
#counts = Object.fromEntries(KINDS.map((kind) => [kind, new Map()]));

add(interest) {
this.#count(interest, 1);
}

remove(interest) {
this.#count(interest, -1);
}

get content() {
return union([Object.fromEntries(KINDS.map((kind) => [kind, this.#counts[kind].keys()]))]);
}

#count(interest, by) {
for (const kind of KINDS) {
const counts = this.#counts[kind];
for (const id of interest[kind] ?? []) {
const count = (counts.get(id) ?? 0) + by;
if (count > 0) counts.set(id, count);
else counts.delete(id);
}
}
}
}
return { WATCHED, nothing, union, missing, lists, Counted };
})();

const heartbeatModule = (() => {
const { backoff } = backoffModule;

const DEFAULT_MS = 15_000;
const HIDDEN_MS = 60_000;

function hiddenInterval(heartbeatMs) {
const allowed = heartbeatMs / 3 <= HIDDEN_MS && HIDDEN_MS <= heartbeatMs * 4;
return allowed ? HIDDEN_MS : undefined;
}

function nextBeat(intervalMs, random = Math.random) {
return intervalMs * (0.9 + 0.1 * random());
}

class Heartbeat {
paceMs;
#send;
#gather;
#on;
#beats = 0;
#failures = 0;
#timer;
#running = false;

constructor({ send, gather, ...on }) {
this.#send = send;
this.#gather = gather;
this.#on = on;
}

start() {
this.#running = true;
this.now();
}

stop() {
this.#running = false;
clearTimeout(this.#timer);
}

catchUp() {
if (this.#failures > 0) this.now();
}

async now() {
if (!this.#running) return;
clearTimeout(this.#timer);
this.#beats += 1;
const beat = this.#beats;
const wait = await this.#beat();
if (this.#running && beat === this.#beats) this.#timer = setTimeout(() => this.#due(), wait);
}

async #due() {
await this.#gather();
await this.now();
}

async #beat() {
const declared = document.hidden ? hiddenInterval(this.paceMs) : undefined;
try {
const answer = await this.#send(declared);
this.#failures = 0;
this.paceMs = answer.heartbeat_ms ?? this.paceMs;
return nextBeat(Math.max(this.paceMs ?? DEFAULT_MS, declared ?? 0));
} catch (error) {
if (!this.#running) return 0;
const wait = error.retryMs ?? Math.min(backoff(this.#failures), this.paceMs ?? DEFAULT_MS);
this.#failures += 1;
if (error.status === 401 || error.status === 403) {
this.stop();
this.#on.refused(error);
} else {
this.#on.failed(error);
}
return wait;
}
}
}
return { hiddenInterval, nextBeat, Heartbeat };
})();

const streamModule = (() => {
const TYPES = ["hello", "snapshot", "presence", "typing", "channel", "ping", "stale", "fresh", "bye"];
const GREETING_MS = 5_000;
const DEFAULT_PING_MS = 15_000;

class Stream {
greeted = false;
#source;
#on;
#id = "";
#pingMs = DEFAULT_PING_MS;
#heardAt = Date.now();
#timer;

constructor(url, { withCredentials, ...on }) {
this.#on = on;
this.#source = new EventSource(url, { withCredentials });
for (const type of TYPES) this.#source.addEventListener(type, (event) => this.#received(event));
this.#source.addEventListener("open", () => this.#expectGreeting());
this.#source.addEventListener("error", () => this.#failed());
this.#expectGreeting();
}

close() {
clearTimeout(this.#timer);
this.#source?.close();
this.#source = undefined;
}

get lively() {
return this.greeted && Date.now() - this.#heardAt < this.#pingMs * 2;
}

#received(event) {
if (!this.#source) return;
const data = JSON.parse(event.data);
if (event.type === "hello") {
this.greeted = true;
this.#pingMs = data.ping_ms ?? this.#pingMs;
}
this.#heardAt = Date.now();
if (this.greeted) this.#within(this.#pingMs * 2, "silence");
const id = event.lastEventId === this.#id ? "" : event.lastEventId;
this.#id = event.lastEventId;
this.#on.event(event.type, data, id);
}

#expectGreeting() {
if (!this.greeted) this.#within(GREETING_MS, "mute");
}

#failed() {
if (!this.#source) return;
const gaveUp = this.#source.readyState === EventSource.CLOSED;
if (gaveUp || !this.greeted) {
this.#end(gaveUp ? "closed" : "failed");
return;
}
this.greeted = false;
this.#on.cut();
}

#within(ms, why) {
clearTimeout(this.#timer);
this.#timer = setTimeout(() => this.#end(why), ms);
}

#end(why) {
if (!this.#source) return;
this.close();
this.#on.end(why);
}
}
return { Stream };
})();

const linkModule = (() => {
const { backoff } = backoffModule;
const { Stream } = streamModule;

const POLL_MS = 25_000;
const LEAST_POLL_MS = 500;
const PROBE_MS = 5_000;
const LONGEST_PROBE_MS = 600_000;
const UNTRUSTED = new Set(["expired", "revoked"]);
const BUSY = new Set(["overload", "limit"]);

class Link {
#service;
#credentials;
#interest;
#pairs;
#on;
#cursor;
#padded = false;
#held = false;
#stream;
#probe;
#polling;
#probes = 0;
#failures = 0;
#state;
#reason;
#run = 0;
#timer;
#probing;
#notBefore = 0;

constructor({ service, credentials, interest, pairs, cursor = "", ...on }) {
this.#service = service;
this.#credentials = credentials;
this.#interest = interest;
this.#pairs = pairs;
this.#cursor = cursor;
this.#on = on;
}

open() {
this.#failures = 0;
this.#attempt();
}

close() {
this.#run += 1;
clearTimeout(this.#timer);
clearTimeout(this.#probing);
this.#stream?.close();
this.#probe?.close();
this.#polling?.abort();
this.#stream = this.#probe = this.#polling = undefined;
}

nudge() {
if (Date.now() < this.#notBefore) return;
if (this.#polling) this.#tryStream();
else if (!this.#stream?.lively) this.open();
}

async #attempt() {
this.close();
const run = this.#run;
this.#notBefore = 0;
if (this.#state === undefined) this.#say("connecting", "");
try {
const stream = await this.#newStream({
event: (...event) => this.#received(...event),
cut: () => this.#say("connecting", "cut"),
end: (why) => this.#ended(why),
});
if (run === this.#run) this.#stream = stream;
else stream.close();
} catch (error) {
if (run === this.#run) this.#failed(error);
}
}

async #newStream(on) {
const pairs = await this.#query();
if (this.#padded) pairs.push(["pad", "1"]);
const url = await this.#service.streamUrl(pairs);
return new Stream(url, { withCredentials: this.#service.withCredentials, ...on });
}

async #query() {
const pairs = [...(await this.#interest.pairs()), ...this.#pairs];
if (this.#cursor) pairs.push(["last_event_id", this.#cursor]);
return pairs;
}

#received(type, data, id) {
this.#cursor = id || this.#cursor;
if (type === "hello") {
this.#failures = 0;
this.#say(this.#polling ? "polling" : "live", "");
}
this.#on.event(type, data, id);
if (type === "stale") this.#say("stale", "");
if (type === "fresh") this.#say(this.#polling ? "polling" : "live", "");
if (type === "bye") this.#bye(data);
}

#bye({ reason, retry_ms: asked }) {
this.close();
if (UNTRUSTED.has(reason)) this.#credentials.forget();
const wait = asked ?? backoff(this.#failures);
this.#failures += 1;
this.#say(BUSY.has(reason) ? "offline" : "connecting", reason);
this.#again(wait);
this.#notBefore = Date.now() + wait;
}

async #ended(why) {
const run = this.#run;
this.#stream = undefined;
if (why === "mute") {
this.#mute();
} else if (why === "silence") {
this.#say("connecting", why);
this.#attempt();
} else if (why === "closed") {
this.#say("connecting", "cut");
const error = await this.#head();
if (run === this.#run) this.#failed(error);
} else {
this.#failed();
}
}

async #head() {
try {
await this.#service.ask("HEAD", "v1/events", { pairs: await this.#query() });
return undefined;
} catch (error) {
return error;
}
}

#mute() {
if (this.#padded) {
this.#held = true;
this.#startPolling();
} else {
this.#padded = true;
this.#say("connecting", "mute");
this.#attempt();
}
}

#failed(error) {
const unknown = error?.status === 404 && this.#interest.forget();
if (error?.final && !unknown) {
this.refuse(error);
return;
}
const wait = error?.retryMs ?? backoff(this.#failures);
this.#failures += 1;
this.#say(this.#failures > 1 ? "offline" : "connecting", "unreachable");
this.#again(wait);
}

refuse(error) {
this.close();
this.#notBefore = Infinity;
this.#say("offline", error.status === 401 ? "unauthorized" : "refused");
this.#on.refused(error);
}

#again(wait) {
const poll = this.#held || this.#failures % 3 === 0;
this.#timer = setTimeout(() => (poll ? this.#startPolling() : this.#attempt()), wait);
}

async #startPolling() {
this.close();
const polling = new AbortController();
const { signal } = polling;
this.#polling = polling;
this.#probes = 0;
this.#probeLater();
while (!signal.aborted) {
const started = Date.now();
try {
const pairs = [...(await this.#query()), ["timeout_ms", POLL_MS]];
const answer = await this.#service.ask("GET", "v1/poll", { pairs, signal, waitMs: POLL_MS });
if (!signal.aborted) this.#polled(answer);
} catch (error) {
if (signal.aborted) return;
this.close();
this.#failed(error);
return;
}
await pause(LEAST_POLL_MS - (Date.now() - started));
}
}

#polled({ cursor, events }) {
this.#failures = 0;
if (this.#state !== "stale") this.#say("polling", "");
for (const { event, data } of events) this.#received(event, data, "");
this.#received("poll", {}, cursor);
}

#probeLater() {
const wait = Math.min(LONGEST_PROBE_MS, PROBE_MS * 2 ** this.#probes);
this.#probes += 1;
this.#probing = setTimeout(() => this.#tryStream(), wait * (0.75 + Math.random() / 4));
}

async #tryStream() {
if (this.#probe) return;
clearTimeout(this.#probing);
const run = this.#run;
this.#probe = { close() {} };
const again = () => {
this.#probe = undefined;
if (run === this.#run) this.#probeLater();
};
try {
const stream = await this.#newStream({
event: (...event) => this.#greeted(stream, event),
cut: () => this.#say("connecting", "cut"),
end: (why) => (stream === this.#stream ? this.#ended(why) : again()),
});
if (run === this.#run) this.#probe = stream;
else stream.close();
} catch {
again();
}
}

#greeted(stream, event) {
if (stream !== this.#stream) {
this.#probe = undefined;
this.close();
this.#stream = stream;
this.#held = false;
}
this.#received(...event);
}

#say(state, reason) {
if (state === this.#state && reason === this.#reason) return;
this.#state = state;
this.#reason = reason;
this.#on.state(state, reason);
}
}

function pause(ms) {
return new Promise((resolve) => {
setTimeout(resolve, ms);
});
}
return { Link };
})();

const storedInterestModule = (() => {
const { backoff } = backoffModule;
const { PresenceError } = errorModule;
const { lists, missing, nothing, union, WATCHED } = interestModule;

const LONGEST_QUERY = 6_000;
const PARAMETERS = { users: "user", channels: "channel", members: "members" };

class StoredInterest {
id;
held = nothing();
#service;
#on;
#wanted = nothing();
#refused = nothing();
#stores = true;
#most = Infinity;
#failures = 0;
#changing = false;
#timer;
#ended = new AbortController();

constructor(service, on, { id, held } = {}) {
this.#service = service;
this.#on = on;
this.id = id;
if (id) this.held = held;
}

want(content) {
this.#wanted = content;
this.#refused = union([lists(missing(this.#refused, nothing()).filter(([kind, id]) => content[kind].has(id)))]);
if (this.id) this.#change();
else if (!this.#stores && missing(content, this.held).length + missing(this.held, content).length > 0) {
this.#on.unstored();
}
}

async pairs() {
if (!this.id && this.#stores) await this.#make(this.#wanted);
if (this.id) return [["interest", this.id]];
if (missing(this.#wanted, nothing()).join().length > LONGEST_QUERY) {
throw new PresenceError("This service stores no interests: watch fewer.", { status: 414, code: "too-long" });
}
this.#holds(this.#wanted);
return WATCHED.flatMap((kind) => [...this.held[kind]].map((id) => [PARAMETERS[kind], id]));
}

forget() {
const { id } = this;
this.id = undefined;
return id !== undefined;
}

end() {
clearTimeout(this.#timer);
this.#ended.abort();
}

async #make(content) {
const pairs = missing(content, nothing());
try {
const { interest } = await this.#service.ask("POST", "v1/interests", { body: lists(pairs), signal: this.#ended.signal });
this.id = interest;
this.#holds(content);
this.#change();
} catch (error) {
if (!error.final || error.status === 401) throw error;
if (error.status === 403 || error.status === 422) {
if (pairs.length === 0) throw error;
await this.#make(nothing());
} else {
this.#stores = false;
}
}
}

async #change() {
clearTimeout(this.#timer);
if (this.#changing || this.#ended.signal.aborted || !this.id) return;
const add = missing(this.#wanted, union([this.held, this.#refused])).slice(0, this.#most);
const remove = missing(this.held, this.#wanted);
if (add.length + remove.length === 0) return;
this.#changing = true;
const wait = await this.#patch(add, remove);
this.#changing = false;
if (wait > 0) this.#timer = setTimeout(() => this.#change(), wait);
else this.#change();
}

async #patch(add, remove) {
try {
const body = { add: lists(add), remove: lists(remove) };
await this.#service.ask("PATCH", `v1/interests/${this.id}`, { body, signal: this.#ended.signal });
this.#failures = 0;
this.#most = Infinity;
const gone = new Set(remove.map(([kind, id]) => `${kind} ${id}`));
const kept = missing(this.held, nothing()).filter(([kind, id]) => !gone.has(`${kind} ${id}`));
this.#holds(union([lists([...kept, ...add])]), lists(remove));
return 0;
} catch (error) {
return this.#failed(error, add);
}
}

#failed(error, add) {
if (error.status === 404 || error.status === 410) {
this.forget();
this.#on.unstored();
} else if (error.status === 401) {
this.#on.refused(error);
} else if (error.final && add.length > 0) {
if (add.length === 1) {
this.#refused = union([this.#refused, lists(add)]);
this.#on.refused(error);
}
this.#most = Math.ceil(add.length / 2);
return 0;
}
this.#failures += 1;
return error.retryMs ?? backoff(this.#failures);
}

#holds(content, removed = lists([])) {
this.held = content;
this.#on.held(removed);
}
}
return { StoredInterest };
})();

const leaderModule = (() => {
const { PresenceError } = errorModule;
const { Heartbeat } = heartbeatModule;
const { union } = interestModule;
const { Link } = linkModule;
const { StoredInterest } = storedInterestModule;

const SETTLED_MS = 1_000;

function newDevice() {
const bytes = crypto.getRandomValues(new Uint8Array(12));
return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

class Leader {
#service;
#kind;
#reports;
#on;
#last;
#interest;
#link;
#heartbeat;
#device;
#settled = false;
#settling;
#said;
#denied = "";

constructor({ service, credentials, kind, shared, reports, gather, tell }) {
this.#service = service;
this.#kind = kind;
this.#last = shared.device;
this.#reports = reports;
this.#on = { tell };
if (kind) this.#device = newDevice();
this.#interest = new StoredInterest(
service,
{
held: (removed) => tell({ kind: "held", interest: { id: this.#interest.id, held: this.#interest.held }, removed }),
unstored: () => this.#link.open(),
refused: (error) => this.#refused(error),
},
shared.interest,
);
this.#link = new Link({
service,
credentials,
interest: this.#interest,
pairs: kind ? [["device", this.#device]] : [],
cursor: shared.cursor,
event: (type, data, id) => this.#event(type, data, id),
state: (state, reason) => tell({ kind: "state", state, reason }),
refused: (error) => this.#refused(error),
});
this.#heartbeat = new Heartbeat({
send: (interval) => this.#beat(interval),
gather,
failed: (error) => this.#failed(error),
refused: (error) => this.#link.refuse(error),
});
}

start() {
this.#settling = setTimeout(() => {
this.#settled = true;
this.changed();
}, SETTLED_MS);
this.#want();
this.reconnect();
}

reconnect() {
this.#link.open();
if (this.#device) this.#heartbeat.start();
}

changed() {
this.#want();
const said = this.#said;
if (!said) return;
const now = this.#summary();
const woke = now.woke > said.woke;
if (woke || (now.visible && !said.visible)) this.#link.nudge();
if (woke || now.text !== said.text || (now.awake && !said.awake)) this.#heartbeat.now();
this.#said = now;
}

stop(leaving) {
clearTimeout(this.#settling);
this.#heartbeat.stop();
this.#link.close();
this.#interest.end();
if (leaving && this.#device) {
this.#service.farewell("v1/leave", { device: this.#device, seq: this.#service.sequence() });
}
}

#want() {
const wanted = this.#reports().map(({ interest }) => interest);
if (!this.#settled) wanted.push(this.#interest.held);
this.#interest.want(union(wanted));
}

#summary() {
const reports = this.#reports();
const idleMs = Math.max(0, Date.now() - Math.max(...reports.map(({ lastInput }) => lastInput)));
const visible = reports.some((report) => report.visible);
const activity = reports.map((report) => report.activity).find(Boolean);
const channels = [...union(reports.map(({ interest }) => interest)).join];
return {
idleMs,
visible,
activity,
channels,
awake: idleMs <= (this.#heartbeat.paceMs ?? 0),
woke: Math.max(...reports.map(({ woke }) => woke)),
text: JSON.stringify([visible, activity, channels]),
};
}

async #beat(interval) {
this.#said = this.#summary();
const { idleMs, visible, activity, channels } = this.#said;
const body = {
device: this.#device,
kind: this.#kind,
idle_ms: idleMs,
visible,
interval_ms: interval,
activity,
channels: channels.length > 0 ? channels : undefined,
seq: this.#service.sequence(),
};
const answer = await this.#service.ask("POST", "v1/heartbeat", { body });
this.#known();
const denied = answer.denied?.join(", ") ?? "";
if (denied && denied !== this.#denied) {
this.#failed(new PresenceError(`Not allowed in: ${denied}.`, { status: 403, code: "denied" }));
}
this.#denied = denied;
return answer;
}

#known() {
if (this.#last === this.#device) return;
const last = this.#last;
this.#last = this.#device;
this.#on.tell({ kind: "device", device: this.#device });
if (last) {
const body = { device: last, seq: this.#service.sequence() };
this.#service.ask("POST", "v1/leave", { body }).catch(() => undefined);
}
}

#event(type, data, id) {
if (data.heartbeat_ms) this.#heartbeat.paceMs = data.heartbeat_ms;
if (type === "hello") this.#heartbeat.catchUp();
this.#on.tell({ kind: "event", type, data, id });
}

#refused(error) {
if (error.status === 401) this.#heartbeat.stop();
this.#failed(error);
}

#failed({ message, status, code, retryMs }) {
this.#on.tell({ kind: "error", message, details: { status, code, retryMs } });
}
}
return { Leader };
})();

const lifecycleModule = (() => {
const LOOK_MS = 2_000;

function slept(gapMs, visible) {
return gapMs > (visible ? 10_000 : 90_000);
}

class Lifecycle {
#ended = new AbortController();
#clock;

constructor({ gone, back, woke }) {
const listen = (target, type, listener) => target.addEventListener(type, listener, { signal: this.#ended.signal });
listen(globalThis, "pagehide", () => gone(true));
listen(globalThis, "pageshow", ({ persisted }) => persisted && back());
listen(document, "freeze", () => gone(false));
listen(document, "resume", back);
listen(globalThis, "online", woke);
let last = Date.now();
this.#clock = setInterval(() => {
const gap = Date.now() - last;
last += gap;
if (slept(gap, !document.hidden)) woke();
}, LOOK_MS);
}

end() {
clearInterval(this.#clock);
this.#ended.abort();
}
}
return { slept, Lifecycle };
})();

const serviceModule = (() => {
const { errorFrom, PresenceError } = errorModule;

const PATIENCE_MS = 10_000;

class Service {
base;
#credentials;
#sequence = 0;

constructor(base, credentials) {
this.base = base;
this.#credentials = credentials;
}

url(path, pairs = []) {
const url = new URL(path, this.base);
url.search = new URLSearchParams([...this.#credentials.pairs, ...pairs]).toString();
return url.href;
}

async ask(method, path, { body, pairs, signal, waitMs = 0 } = {}) {
const url = this.url(path, pairs);
const limit = AbortSignal.timeout(PATIENCE_MS + waitMs);
const options = { method, body, signal: signal ? AbortSignal.any([signal, limit]) : limit };
let headers = await this.#credentials.headers();
let response = await this.#fetch(url, headers, options);
if (response.status === 401 && this.#credentials.forget(headers)) {
headers = await this.#credentials.headers();
response = await this.#fetch(url, headers, options);
}
if (!response.ok) throw await errorFrom(response);
return method === "HEAD" ? undefined : response.json();
}

async streamUrl(pairs) {
if (!this.#credentials.usesTokens) return this.url("v1/events", pairs);
const { ticket } = await this.ask("POST", "v1/tickets", { body: {} });
return this.url("v1/events", [...pairs, ["ticket", ticket]]);
}

sequence() {
this.#sequence = Math.max(this.#sequence + 1, Date.now());
return this.#sequence;
}

get withCredentials() {
return this.#credentials.cookies === "include";
}

farewell(path, body) {
const headers = this.#credentials.headersAtHand();
if (headers.Authorization || "keepalive" in Request.prototype) {
this.#send(this.url(path), headers, { method: "POST", body }).catch(() => undefined);
} else {
navigator.sendBeacon(this.url(path), JSON.stringify(body));
}
}

async #fetch(url, headers, options) {
try {
return await this.#send(url, headers, options);
} catch (cause) {
throw new PresenceError("The service cannot be reached.", { cause });
}
}

#send(url, headers, { method, body, signal }) {
const text = body && JSON.stringify(body);
return fetch(url, {
method,
headers: text ? { ...headers, "Content-Type": "application/json" } : headers,
credentials: this.#credentials.cookies,
body: text,
keepalive: text?.length < 4_096,
signal,
cache: "no-store",
});
}
}
return { Service };
})();

const tabsModule = (() => {
const ANSWER_MS = 300;
const ASK_MS = 5_000;
const PATIENCE = 3;

class Tabs {
reports = new Map();
leading = false;
#name;
#on;
#id = crypto.getRandomValues(new Uint32Array(3)).join("-");
#channel;
#leave;
#asking;
#unanswered = 0;
#answers;
#informed = false;

constructor(name, on) {
this.#name = name;
this.#on = on;
}

static get supported() {
return Boolean(globalThis.navigator?.locks && globalThis.BroadcastChannel);
}

enter() {
if (!Tabs.supported) {
this.leading = true;
this.#on.lead();
return;
}
this.#channel = new BroadcastChannel(this.#name);
this.#channel.onmessage = ({ data }) => this.#heard(data);
this.#asking = setInterval(() => this.#missed(), ASK_MS);
this.#campaign();
this.report();
}

leave() {
this.leading = this.#informed = false;
this.reports.clear();
if (!this.#channel) return;
clearInterval(this.#asking);
this.#post({ kind: "gone" });
this.#channel.close();
this.#channel = undefined;
this.#leave.abort();
}

report() {
if (!this.leading) this.#post({ kind: "report", report: this.#on.report(), fresh: !this.#informed });
}

ask() {
this.#post({ kind: "ask" });
}

say(message) {
this.#post({ kind: "say", message });
}

async rollCall() {
if (this.reports.size === 0) return;
const awaited = new Set(this.reports.keys());
await new Promise((resolve) => {
const limit = setTimeout(resolve, ANSWER_MS);
this.#answers = (tab) => {
awaited.delete(tab);
if (awaited.size > 0) return;
clearTimeout(limit);
resolve();
};
this.#post({ kind: "who" });
});
this.#answers = undefined;
for (const tab of awaited) this.reports.delete(tab);
if (awaited.size > 0) this.#on.reported();
}

async #campaign(steal = false) {
this.#leave?.abort();
this.#leave = new AbortController();
const { signal } = this.#leave;
const lead = () => {
if (signal.aborted) return undefined;
this.leading = this.#informed = true;
this.#post({ kind: "who" });
this.#on.lead();
return new Promise((resolve) => {
signal.addEventListener("abort", resolve);
});
};
const options = steal ? { steal } : { signal };
const error = await navigator.locks.request(this.#name, options, lead).catch((reason) => reason);
if (signal.aborted) return;
if (error.name !== "AbortError") {
lead();
return;
}
this.leading = this.#informed = false;
this.reports.clear();
this.#on.ousted();
this.#campaign();
this.report();
}

#missed() {
if (this.leading || document.hidden) {
this.#unanswered = 0;
} else if (this.#unanswered < PATIENCE) {
this.#unanswered += 1;
this.#post({ kind: "there" });
} else {
this.#unanswered = 0;
this.#campaign(true);
}
}

#heard({ from, to, kind, report, fresh, message }) {
if (to && to !== this.#id) return;
if (kind === "who") this.report();
if (kind === "here") this.#unanswered = 0;
if (kind === "say") {
this.#informed ||= to === this.#id;
if (this.#informed) this.#on.message(message);
}
if (!this.leading) return;
if (kind === "ask") this.#on.asked();
if (kind === "there") this.#post({ to: from, kind: "here" });
if (kind === "report") {
this.reports.set(from, report);
this.#answers?.(from);
if (fresh) this.#post({ to: from, kind: "say", message: this.#on.shared() });
this.#on.reported();
}
if (kind === "gone" && this.reports.delete(from)) {
this.#answers?.(from);
this.#on.reported();
}
}

#post(message) {
this.#channel?.postMessage({ from: this.#id, ...message });
}
}
return { Tabs };
})();

const typingSignalModule = (() => {
const PAUSE_MS = 2_000;
const REFRESH_MS = 3_000;

class TypingSignal {
#send;
#typing = false;
#pause;
#refresh;

constructor(send) {
this.#send = send;
}

key() {
clearTimeout(this.#pause);
this.#pause = setTimeout(() => this.stop(), PAUSE_MS);
if (this.#typing) return;
this.#typing = true;
this.#tell();
}

stop() {
clearTimeout(this.#pause);
clearTimeout(this.#refresh);
if (!this.#typing) return;
this.#typing = false;
this.#send(false).catch(ignored);
}

bind(element) {
const ended = new AbortController();
const { signal } = ended;
const text = () => (element.value ?? element.textContent).trim();
const stopIfEmpty = () => text() === "" && this.stop();
const listen = (target, type, listener) => target?.addEventListener(type, listener, { signal });
listen(element, "input", () => (text() === "" ? this.stop() : this.key()));
listen(element, "blur", () => this.stop());
listen(element.closest("form"), "submit", () => this.stop());
listen(element, "keydown", ({ key }) => key === "Enter" && setTimeout(stopIfEmpty));
return () => {
ended.abort();
this.stop();
};
}

async #tell() {
const answer = await this.#send(true).catch(ignored);
if (!this.#typing) return;
clearTimeout(this.#refresh);
this.#refresh = setTimeout(() => this.#tell(), answer?.refresh_ms ?? REFRESH_MS);
}
}

function ignored() {
return undefined;
}
return { TypingSignal };
})();

const rollsModule = (() => {
class Rolls {
#channels = new Map();

get(channel) {
const { count = 0, members } = this.#channels.get(channel) ?? {};
return { count, members: members && [...members] };
}

apply({ channel, count, members, joined = [], left = [] }) {
const known = members ?? this.#channels.get(channel)?.members ?? (joined.length === count ? [] : undefined);
const now = known && new Set(known);
for (const user of joined) now?.add(user);
for (const user of left) now?.delete(user);
this.#channels.set(channel, { count, members: now?.size === count ? now : undefined });
}

delete(channel) {
this.#channels.delete(channel);
}

data() {
return { channels: [...this.#channels.keys()].map((channel) => ({ channel, ...this.get(channel) })) };
}
}
return { Rolls };
})();

const rosterModule = (() => {
function mergeInto(roster, records) {
const newer = records.filter((record) => record.version > (roster.get(record.user)?.version ?? -1));
for (const record of newer) roster.set(record.user, record);
return newer;
}

class Roster {
#records = new Map();
#coming;

get(user) {
return this.#records.get(user);
}

connected() {
this.#coming = undefined;
}

snapshot({ users, part, parts }) {
const records = this.#coming?.records ?? new Map();
mergeInto(records, users);
this.#coming = part < parts ? { records, part, parts } : undefined;
if (this.#coming) return [];
this.#records = records;
return [...this.#records.values()];
}

merge(users) {
if (this.#coming) mergeInto(this.#coming.records, users);
return mergeInto(this.#records, users);
}

delete(user) {
this.#records.delete(user);
}

data() {
const whole = { users: [...this.#records.values()], part: 1, parts: 1 };
if (!this.#coming) return [whole];
const { records, part, parts } = this.#coming;
return [whole, { users: [...records.values()], part, parts }];
}
}
return { Roster };
})();

const typingListsModule = (() => {
class TypingLists {
#channels = new Map();

apply({ channel, typing, count = 0 }, now) {
const entries = typing.map(({ user, expires_in }) => ({ user, until: now + expires_in }));
this.#channels.set(channel, { entries, unnamed: Math.max(0, count - entries.length) });
}

delete(channel) {
this.#channels.delete(channel);
}

get(channel, now) {
const { entries = [], unnamed = 0 } = this.#channels.get(channel) ?? {};
const users = entries.filter(({ until }) => until > now).map(({ user }) => user);
return { users, count: users.length > 0 ? users.length + unnamed : 0 };
}

expire(now) {
const changed = [];
for (const [channel, { entries, unnamed }] of this.#channels) {
const left = entries.filter(({ until }) => until > now);
if (left.length === entries.length) continue;
this.#channels.set(channel, { entries: left, unnamed });
changed.push(channel);
}
return changed;
}

untilNextEnd(now) {
const ends = [...this.#channels.values()].flatMap(({ entries }) => entries.map(({ until }) => until - now));
return ends.length > 0 ? Math.min(...ends) : undefined;
}

data(now) {
return {
channels: [...this.#channels].map(([channel, { entries, unnamed }]) => ({
channel,
typing: entries.map(({ user, until }) => ({ user, expires_in: until - now })),
count: entries.length + unnamed,
})),
};
}
}
return { TypingLists };
})();

const viewModule = (() => {
const { Rolls } = rollsModule;
const { Roster } = rosterModule;
const { TypingLists } = typingListsModule;

class View {
roster = new Roster();
typing = new TypingLists();
rolls = new Rolls();

apply(type, data, now) {
const news = { records: [], typing: [], channels: [] };
if (type === "hello") this.roster.connected();
if (type === "snapshot") news.records = this.roster.snapshot(data);
if (type === "presence") news.records = this.roster.merge(data.users);
if (type === "typing") {
for (const entry of data.channels) this.typing.apply(entry, now);
news.typing = data.channels.map(({ channel }) => channel);
}
if (type === "channel") {
for (const entry of data.channels) this.rolls.apply(entry);
news.channels = data.channels;
}
return news;
}

events(now) {
return [
...this.roster.data().map((data) => ["snapshot", data]),
["channel", this.rolls.data()],
["typing", this.typing.data(now)],
];
}

forget({ users = [], channels = [], members = [] }, held, self) {
const candidates = [...users, ...members.flatMap((channel) => this.rolls.get(channel).members ?? [])];
const followed = new Set([...held.members].flatMap((channel) => this.rolls.get(channel).members ?? []));
for (const user of candidates) {
if (user !== self && !held.users.has(user) && !followed.has(user)) this.roster.delete(user);
}
for (const channel of [...channels, ...members]) {
if (held.channels.has(channel) || held.members.has(channel)) continue;
this.rolls.delete(channel);
this.typing.delete(channel);
}
}
}
return { View };
})();

const presenceModule = (() => {
const { Activity } = activityModule;
const { backoff } = backoffModule;
const { Credentials } = credentialsModule;
const { PresenceError } = errorModule;
const { Counted } = interestModule;
const { Leader } = leaderModule;
const { Lifecycle } = lifecycleModule;
const { Service } = serviceModule;
const { Tabs } = tabsModule;
const { TypingSignal } = typingSignalModule;
const { View } = viewModule;


function connect(options = {}) {
return new Presence(options);
}

class Typing extends TypingSignal {
#list;

constructor(send, list) {
super(send);
this.#list = list;
}

get users() {
return this.#list().users;
}

get count() {
return this.#list().count;
}
}

class Presence {
state = "connecting";
status = { set: (choice) => this.#setStatus(choice) };
device = { set: (options) => this.#setDevice(options) };
#credentials;
#service;
#kind;
#tag;
#listeners = new Map();
#view = new View();
#skew = 0;
#typing = new Map();
#typingEnds;
#watched = new Counted();
#activity = new Activity(() => this.#changed());
#lifecycle;
#woke = 0;
#tabs;
#leader;
#shared = { cursor: "", interest: undefined, device: undefined };
#reason = "";
#present = true;
#changing = false;
#beginning;
#closed = false;

constructor({ url = ".", auth, user, device = {}, ...interest }) {
const base = new URL(url, document.baseURI);
if (!base.pathname.endsWith("/")) base.pathname += "/";
this.#credentials = new Credentials(auth, user);
this.#service = new Service(base, this.#credentials);
if (device) {
const { mobile = /\bMobi/.test(navigator.userAgent) } = navigator.userAgentData ?? {};
this.#kind = device.kind ?? (mobile ? "mobile" : "web");
this.#tag = device.activity;
}
this.#watched.add(lasting(interest));
this.#lifecycle = new Lifecycle({
gone: (closing) => this.#gone(closing),
back: () => this.#back(),
woke: () => this.#wake(),
});
this.#begin();
}

get user() {
return this.#credentials.user;
}

get(user) {
return this.#view.roster.get(user);
}

channel(channel) {
return this.#view.rolls.get(channel);
}

typing(channel) {
if (!this.#typing.has(channel)) {
const send = (typing) => this.#sendTyping(channel, typing);
this.#typing.set(channel, new Typing(send, () => this.#view.typing.get(channel, performance.now())));
}
return this.#typing.get(channel);
}

now() {
return Date.now() + this.#skew;
}

watch(interest) {
const kept = lasting(interest);
this.#watched.add(kept);
this.#changed();
let held = true;
return () => {
if (held) this.unwatch(kept);
held = false;
};
}

unwatch(interest) {
this.#watched.remove(lasting(interest));
this.#changed();
}

on(type, listener) {
if (!this.#listeners.has(type)) this.#listeners.set(type, new Set());
const entry = { listener };
this.#listeners.get(type).add(entry);
return () => this.#listeners.get(type).delete(entry);
}

reconnect() {
if (this.#leader) this.#leader.reconnect();
else if (this.#tabs) this.#tabs.ask();
else this.#begin();
}

close() {
if (this.#closed) return;
this.#closed = true;
for (const typing of this.#typing.values()) typing.stop();
this.#lifecycle.end();
this.#activity.end();
clearTimeout(this.#typingEnds);
clearTimeout(this.#beginning);
this.#gone(true);
this.#became("offline", "closed");
}

async #begin(attempt = 0) {
clearTimeout(this.#beginning);
try {
if (!this.user) await this.#credentials.headers();
} catch (error) {
if (this.#closed) return;
this.#emit("error", error);
this.#became("offline", error.final ? "unauthorized" : "unreachable");
if (!error.final) this.#beginning = setTimeout(() => this.#begin(attempt + 1), backoff(attempt));
return;
}
if (this.#closed || this.#tabs) return;
if (this.user) this.#watched.add({ users: [this.user] });
const name = ["sse-presence", this.#service.base, this.user, this.#kind && "device"].join(" ");
this.#tabs = new Tabs(name, {
report: () => this.#report(),
lead: () => this.#lead(),
reported: () => this.#leader?.changed(),
asked: () => this.#leader?.reconnect(),
ousted: () => this.#unlead(false),
message: (message) => this.#heard(message),
shared: () => this.#all(),
});
if (this.#present) this.#tabs.enter();
}

#report() {
return {
interest: this.#watched.content,
lastInput: this.#activity.lastInput,
visible: this.#activity.visible,
activity: this.#tag,
woke: this.#woke,
};
}

#lead() {
this.#leader = new Leader({
service: this.#service,
credentials: this.#credentials,
kind: this.#kind,
shared: this.#shared,
reports: () => [this.#report(), ...this.#tabs.reports.values()],
gather: () => this.#tabs.rollCall(),
tell: (message) => {
this.#tabs.say(message);
this.#heard(message);
},
});
this.#leader.start();
}

#changed() {
if (this.#changing) return;
this.#changing = true;
queueMicrotask(() => {
this.#changing = false;
if (!this.#present || !this.#tabs) return;
this.#tabs.report();
this.#leader?.changed();
});
}

#gone(closing) {
if (!this.#present) return;
this.#present = false;
const alone = this.#tabs?.reports.size === 0;
this.#tabs?.leave();
this.#unlead(closing && alone);
}

#unlead(leaving) {
this.#leader?.stop(leaving);
this.#leader = undefined;
}

#back() {
if (this.#present || this.#closed) return;
this.#present = true;
this.#woke = Date.now();
this.#tabs?.enter();
}

#wake() {
this.#woke = Date.now();
this.#changed();
}

#all() {
const events = this.#view.events(performance.now());
return { kind: "all", shared: this.#shared, events, skew: this.#skew, state: this.state, reason: this.#reason };
}

#heard({ kind, ...message }) {
if (kind === "event") this.#received(message);
if (kind === "state") this.#became(message.state, message.reason);
if (kind === "error") this.#emit("error", new PresenceError(message.message, message.details));
if (kind === "device") this.#shared.device = message.device;
if (kind === "held") {
this.#shared.interest = message.interest;
this.#view.forget(message.removed, message.interest.held, this.user);
}
if (kind === "all") {
for (const [type, data] of message.events) this.#learn(type, data);
this.#shared = message.shared;
this.#skew = message.skew;
this.#became(message.state, message.reason);
}
}

#received({ type, data, id }) {
this.#shared.cursor = id || this.#shared.cursor;
if (data.time) this.#skew = data.time - Date.now();
if (data.heartbeat_ms) this.#activity.pauseMs = data.heartbeat_ms;
this.#emit("event", { type, data, id });
this.#learn(type, data);
}

#learn(type, data) {
const { records, typing, channels } = this.#view.apply(type, data, performance.now());
if (records.length > 0) this.#emit("presence", records);
for (const entry of channels) {
const { channel, joined = [], left = [] } = entry;
this.#forgetMembers(channel, left);
this.#emit("channel", { channel, joined, left, ...this.channel(channel) });
}
this.#typed(typing);
}

#forgetMembers(channel, left) {
const held = this.#shared.interest?.held;
if (held?.members.has(channel)) this.#view.forget({ users: left }, held, this.user);
}

#typed(channels) {
for (const channel of channels) {
this.#emit("typing", { channel, ...this.#view.typing.get(channel, performance.now()) });
}
clearTimeout(this.#typingEnds);
const left = this.#view.typing.untilNextEnd(performance.now());
if (left === undefined) return;
const expire = () => this.#typed(this.#view.typing.expire(performance.now()));
this.#typingEnds = setTimeout(expire, Math.max(0, left) + 1);
}

#became(state, reason) {
if (state === this.state && reason === this.#reason) return;
this.state = state;
this.#reason = reason;
this.#emit("state", { state, reason });
}

async #setStatus(choice) {
const record = await this.#service.ask("POST", "v1/status", { body: choice });
const news = this.#view.roster.merge([record]);
if (news.length > 0) this.#emit("presence", news);
return record;
}

#setDevice(options) {
if ("activity" in options) this.#tag = options.activity;
if (options.idle_ms !== undefined) {
this.#activity.lastInput = Date.now() - options.idle_ms;
this.#woke = Date.now();
}
this.#changed();
}

async #sendTyping(channel, typing) {
const { device } = this.#shared;
if (!device || !this.#present) return undefined;
const body = { device, channel, typing, seq: this.#service.sequence() };
return this.#service.ask("POST", "v1/typing", { body });
}

#emit(type, event) {
for (const { listener } of this.#listeners.get(type) ?? []) {
try {
listener(event);
} catch (error) {
reportError(error);
}
}
}
}

function lasting(interest) {
const list = (ids) => (typeof ids === "string" ? [ids] : [...(ids ?? [])]);
return Object.fromEntries(Object.entries(interest).map(([kind, ids]) => [kind, list(ids)]));
}
return { connect, PresenceError };
})();

globalThis.ssePresence = presenceModule;
})();
