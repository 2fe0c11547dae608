/**
 * Presence in a web page: `connect({url, auth, users, channels})` shows who is online, idle, busy, typing or
 * gone, and shows others the same of the user of this page. See presence.d.ts for all of it.
 *
 * Whatever is lost on the way is mended by itself: a cut or silent stream, a sleeping computer, a frozen or
 * cached page, a network that holds streams back, a token that ended. All pages of one user in one browser
 * share one stream and one device.
 */

import { Activity } from "./presence/activity.js";
import { backoff } from "./presence/backoff.js";
import { Credentials } from "./presence/credentials.js";
import { PresenceError } from "./presence/error.js";
import { Counted } from "./presence/interest.js";
import { Leader } from "./presence/leader.js";
import { Lifecycle } from "./presence/lifecycle.js";
import { Service } from "./presence/service.js";
import { Tabs } from "./presence/tabs.js";
import { TypingSignal } from "./presence/typing-signal.js";
import { View } from "./presence/view.js";

export { PresenceError };

/** Opens the connection of this page. All pages of one user in one browser share a stream. */
export function connect(options = {}) {
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
  /** What every page knows, so that it can lead. */
  #shared = { cursor: "", interest: undefined, device: undefined };
  #reason = "";
  /** The page is there: neither closed, frozen nor cached. */
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
    // One function may listen twice, and is let go one at a time.
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

  /** Finds out who this is, which tells with whom to share a stream, and enters. */
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

  /** Something of this page's report changed; many changes at once are one. */
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

  /** What a page that comes in has to know. */
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

  /** Those who left a channel whose members are watched are followed no more. */
  #forgetMembers(channel, left) {
    const held = this.#shared.interest?.held;
    if (held?.members.has(channel)) this.#view.forget({ users: left }, held, this.user);
  }

  /** Says who types, now and again when the next entry ends by itself. */
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

/** An interest that can be gone through again. A text alone is one id, not its letters. */
function lasting(interest) {
  const list = (ids) => (typeof ids === "string" ? [ids] : [...(ids ?? [])]);
  return Object.fromEntries(Object.entries(interest).map(([kind, ids]) => [kind, list(ids)]));
}
