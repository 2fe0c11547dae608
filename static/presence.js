/**
 * Presence in a web page: `connect({url, auth, users, channels})` shows who is online, idle, busy, typing or
 * gone, and shows others the same of the user of this page. presence.d.ts describes all of it.
 *
 * Whatever is lost on the way is mended by itself: a cut or silent stream, a sleeping computer, a frozen or
 * cached page, a network that holds streams back, a token that ended. All pages of one user in one browser
 * share one stream and one device.
 */

import { backoff } from "./presence/backoff.js";
import { Credentials } from "./presence/credentials.js";
import { PresenceError } from "./presence/error.js";
import { Counted, wishes } from "./presence/interest.js";
import { Leader } from "./presence/leader.js";
import { Page } from "./presence/page.js";
import { Service } from "./presence/service.js";
import { Tabs } from "./presence/tabs.js";
import { Typing } from "./presence/typing.js";
import { View } from "./presence/view.js";

export { PresenceError };

/** How soon typing is told again that could not be told. */
const FIRST_TYPING_MS = 500;

export function connect(options = {}) {
  return new Presence(options);
}

class Presence {
  state = "connecting";
  status = { set: (choice) => this.#setStatus(choice) };
  device = { set: (options) => this.#setDevice(options) };
  #reason = "";
  #credentials;
  #service;
  #kind;
  #tag;
  #listeners = new Map();
  #typing = new Map();
  #typingEnds = new Map();
  #watched = new Counted();
  #view = new View();
  /** What every page knows beside the view, so that it can lead. */
  #shared = { cursor: "", interest: { held: [] }, device: undefined, skew: 0 };
  #page;
  #tabs;
  #leader;
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
    this.#watched.add(wishes(interest));
    this.#page = new Page({
      changed: () => this.#changed(),
      gone: (closing) => this.#gone(closing),
      back: () => this.#tabs?.enter(),
    });
    this.#begin();
  }

  get user() {
    return this.#credentials.user;
  }

  get(user) {
    return this.#view.record(user);
  }

  channel(channel) {
    return this.#view.roll(channel);
  }

  typing(channel) {
    if (!this.#typing.has(channel)) {
      const send = (typing) => this.#sendTyping(channel, typing);
      this.#typing.set(channel, new Typing(send, () => this.#view.typing(channel, Date.now())));
    }
    return this.#typing.get(channel);
  }

  now() {
    return Date.now() + this.#shared.skew;
  }

  watch(interest) {
    let held = wishes(interest);
    this.#watch(held, 1);
    return () => {
      this.#watch(held, -1);
      held = [];
    };
  }

  unwatch(interest) {
    this.#watch(wishes(interest), -1);
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
    for (const timer of this.#typingEnds.values()) clearTimeout(timer);
    clearTimeout(this.#beginning);
    this.#page.end();
    this.#became("offline", "closed");
  }

  /** Finds out who this is, which tells with whom to share a stream, and enters. */
  async #begin(attempt = 0) {
    clearTimeout(this.#beginning);
    try {
      if (!this.user) await this.#credentials.headers();
    } catch (error) {
      if (this.#closed) return;
      if (!error.final) this.#beginning = setTimeout(() => this.#begin(attempt + 1), backoff(attempt));
      this.#became("offline", error.final ? "unauthorized" : "unreachable");
      this.#emit("error", error);
      return;
    }
    if (this.#closed || this.#tabs) return;
    if (this.user) this.#watched.add(wishes({ users: this.user }));
    // The number is that of the messages: pages from before an update of the library keep to themselves.
    const name = ["sse-presence 1", this.#service.base, this.user, this.#kind && "device"].join(" ");
    this.#tabs = new Tabs(name, {
      report: () => this.#report(),
      lead: () => this.#lead(),
      reported: () => this.#leader?.changed(),
      asked: () => this.#leader?.reconnect(),
      ousted: () => this.#unlead(),
      message: (message) => this.#heard(message),
      shared: () => {
        // A new page may come with a new session: that is worth one attempt.
        if (["unauthorized", "refused"].includes(this.#reason)) this.#leader.reconnect();
        return this.#all();
      },
    });
    if (this.#page.present) this.#tabs.enter();
  }

  #report() {
    const { lastInput, visible, woke } = this.#page;
    return { wishes: this.#watched.all, lastInput, visible, woke, activity: this.#tag };
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

  #unlead() {
    this.#leader?.stop();
    this.#leader = undefined;
  }

  #gone(closing) {
    const leaving = closing && this.#tabs?.alone;
    this.#tabs?.leave();
    this.#unlead();
    if (leaving && this.#shared.device) this.#service.leave(this.#shared.device);
  }

  #watch(wishes, by) {
    this.#watched.add(wishes, by);
    this.#changed();
  }

  /** Something of this page's report changed; many changes at once are one. */
  #changed() {
    if (this.#changing) return;
    this.#changing = true;
    queueMicrotask(() => {
      this.#changing = false;
      if (!this.#page.present || !this.#tabs) return;
      this.#tabs.report();
      this.#leader?.changed();
    });
  }

  /** What a page that comes in has to know. */
  #all() {
    return { kind: "all", shared: this.#shared, known: this.#view.known, state: this.state, reason: this.#reason };
  }

  #heard({ kind, ...message }) {
    // A listener may close it while there is more to be told.
    if (this.#closed) return;
    if (kind === "event") this.#received(message);
    if (kind === "state") this.#became(message.state, message.reason);
    if (kind === "error") this.#emit("error", new PresenceError(message.message, message.details));
    if (kind === "device") this.#shared.device = message.device;
    if (kind === "held") {
      this.#shared.interest = message.interest;
      this.#view.forget(message.removed, message.interest.held);
    }
    if (kind === "all") {
      this.#shared = message.shared;
      this.#tell(this.#view.adopt(message.known));
      this.#became(message.state, message.reason);
    }
  }

  #received({ type, data, id }) {
    this.#shared.cursor = id || this.#shared.cursor;
    if (data.time) this.#shared.skew = data.time - Date.now();
    if (data.heartbeat_ms) this.#page.pauseMs = data.heartbeat_ms;
    this.#emit("event", { type, data, id });
    this.#tell(this.#view.apply(type, data, Date.now()));
  }

  #tell({ records, channels, typing }) {
    if (records.length > 0) this.#emit("presence", records);
    const { held } = this.#shared.interest;
    for (const { channel, joined = [], left = [] } of channels) {
      // Those who left a channel whose members are watched are followed no more.
      if (held.includes(`members ${channel}`)) this.#view.forget({ users: left }, held);
      this.#emit("channel", { channel, joined, left, ...this.channel(channel) });
    }
    for (const channel of typing) this.#typed(channel);
  }

  /** Says who types, now and again when the next entry ends by itself. */
  #typed(channel) {
    if (this.#closed) return;
    const now = Date.now();
    const { ends, ...list } = this.#view.typing(channel, now);
    clearTimeout(this.#typingEnds.get(channel));
    if (list.count > 0) this.#typingEnds.set(channel, setTimeout(() => this.#typed(channel), ends - now + 1));
    this.#emit("typing", { channel, ...list });
  }

  #became(state, reason) {
    if (state === this.state && reason === this.#reason) return;
    this.state = state;
    this.#reason = reason;
    this.#emit("state", { state, reason });
  }

  async #setStatus(choice) {
    const record = await this.#service.ask("POST", "v1/status", { body: choice });
    this.#tell(this.#view.apply("presence", { users: [record] }));
    return record;
  }

  #setDevice(options) {
    if ("activity" in options) this.#tag = options.activity;
    if (options.idle_ms !== undefined) {
      this.#page.lastInput = Date.now() - options.idle_ms;
      this.#page.wake();
    }
    this.#changed();
  }

  async #sendTyping(channel, typing) {
    const { device } = this.#shared;
    // There is no device before a heartbeat was answered: who still types by then is told of.
    if (!device || !this.#page.present) return { refresh_ms: FIRST_TYPING_MS };
    const body = { device, channel, typing, seq: this.#service.sequence() };
    return this.#service.ask("POST", "v1/typing", { body });
  }

  #emit(type, event) {
    const entries = this.#listeners.get(type) ?? new Set();
    // One that listens from now on has not heard of this, and one that was let go meanwhile does not want to.
    for (const entry of [...entries]) {
      try {
        if (entries.has(entry)) entry.listener(event);
      } catch (error) {
        reportError(error);
      }
    }
  }
}
