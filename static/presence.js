/**
 * One user present in one page: beats, says what the user chose and types, and watches other users.
 *
 * Events: `change` (a record), `typing`, `connection` (detail `{state, reason}`), `frame` (detail
 * `{type, id, text}`: each event of the stream as it came), `failed` (detail: the SignalError of a
 * heartbeat). Whatever is lost on the way is mended by the next snapshot, frame or heartbeat.
 */

import { Activity } from "./activity.js";
import { Heartbeat } from "./heartbeat.js";
import { Roster } from "./roster.js";
import { Signals } from "./signals.js";
import { Stream } from "./stream.js";
import { TypingLists } from "./typing-lists.js";
import { TypingSignal } from "./typing-signal.js";

/** A device is one load of a page: a new load must not be mistaken for the one that just left. */
function newDevice() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Presence extends EventTarget {
  user;
  connection = "connecting";
  #kind;
  #users;
  #channels;
  #device = newDevice();
  #activityTag;
  #present = false;
  #seq = 0;
  #typingSeq = new Map();
  #clockSkew = 0;
  #roster = new Roster();
  #lists = new TypingLists();
  #listsEnd;
  #signals;
  #activity = new Activity(15_000);
  #heartbeat;
  #stream;
  #ended = new AbortController();

  /**
   * `base`: where the service is mounted, ending in a slash; `identity`: query pairs that say who calls;
   * `users` and `channels`: what to watch; `kind`: `web`, `mobile`, `desktop` or `bot`.
   */
  constructor({ base, identity, user, users = [], channels = [], kind = "web" }) {
    super();
    this.user = user;
    this.#kind = kind;
    this.#users = users;
    this.#channels = channels;
    this.#signals = new Signals(base, identity);
    this.#heartbeat = new Heartbeat((body) => this.#beat(body), this.#activity);
    this.#heartbeat.addEventListener("failed", ({ detail }) => this.#emit("failed", detail));
    this.#stream = new Stream({
      url: (cursor) => this.streamUrl({ device: this.#device, last_event_id: cursor }),
      onEvent: (type, data, id, text) => this.#received(type, data, id, text),
      onState: (state, reason) => this.#connected(state, reason),
    });
  }

  start() {
    const { signal } = this.#ended;
    addEventListener("pagehide", () => this.#away(), { signal });
    addEventListener("pageshow", (event) => event.persisted && this.#back(), { signal });
    addEventListener("online", () => this.#woke(), { signal });
    document.addEventListener("resume", () => this.#woke(), { signal });
    this.#activity.addEventListener("seen", () => {
      if (this.#present && this.#activity.visible) this.#stream.nudge();
    });
    this.#back();
  }

  /** Leaves for good. */
  stop() {
    this.#ended.abort();
    this.#activity.stop();
    this.#away();
  }

  /** Watches these users from now on, besides oneself. */
  watch(users) {
    this.#users = users;
    this.#stream.open();
  }

  /** The record of a user, or undefined while nothing is known; one's own has `override` too. */
  record(user) {
    return this.#roster.get(user);
  }

  /** `{users, count}` of those who type in a channel now. */
  typing(channel) {
    return this.#lists.in(channel, performance.now());
  }

  /** Milliseconds since the epoch by the clock of the service. */
  now() {
    return Date.now() + this.#clockSkew;
  }

  /** Sets `{status, text?, emoji?, expires_in?}`; resolves to one's own record. */
  async setStatus(choice) {
    const record = await this.#signals.post("v1/status", choice);
    if (this.#roster.merge([record])) this.#emit("change");
    return record;
  }

  /** Tags this device with an activity, e.g. `in_call`, or with none. */
  setActivity(tag) {
    this.#activityTag = tag;
    this.#heartbeat.now();
  }

  /** What to call as the user types in a channel. */
  typingSignal(channel) {
    return new TypingSignal(async (typing) => {
      if (!this.#present) return undefined;
      const seq = (this.#typingSeq.get(channel) ?? 0) + 1;
      this.#typingSeq.set(channel, seq);
      return this.#signals.post("v1/typing", { device: this.#device, channel, typing, seq });
    });
  }

  /** The address of a stream of what is watched; without a device it keeps nobody present. */
  streamUrl({ device, last_event_id: cursor } = {}) {
    const pairs = [this.user, ...this.#users].map((user) => ["user", user]);
    pairs.push(...this.#channels.map((channel) => ["channel", channel]));
    if (device) pairs.push(["device", device]);
    if (cursor) pairs.push(["last_event_id", cursor]);
    return this.#signals.url("v1/events", pairs);
  }

  #beat(body) {
    this.#seq += 1;
    const own = { device: this.#device, kind: this.#kind, activity: this.#activityTag, seq: this.#seq };
    return this.#signals.post("v1/heartbeat", { ...own, ...body });
  }

  /**
   * The page goes, perhaps into the back-forward cache. Being hidden and losing focus are told to it only
   * after this, and a signal because of them would take the leave back.
   */
  #away() {
    this.#present = false;
    this.#heartbeat.stop();
    this.#stream.close();
    this.#seq += 1;
    this.#signals.beacon("v1/leave", { device: this.#device, seq: this.#seq });
  }

  /** The page is there, for the first time or again. */
  #back() {
    this.#present = true;
    this.#heartbeat.start();
    this.#stream.open();
  }

  /** The page woke, or the network came back. */
  #woke() {
    if (!this.#present) return;
    this.#heartbeat.now();
    this.#stream.nudge();
  }

  #received(type, data, id, text) {
    this.#emit("frame", { type, id, text });
    if (data.time !== undefined) this.#clockSkew = data.time - Date.now();
    if (type === "hello") this.#greeted(data);
    if (type === "snapshot" && this.#roster.snapshot(data)) this.#emit("change");
    if (type === "presence" && this.#roster.merge(data.users)) this.#emit("change");
    if (type === "typing") this.#typed(data.channels);
  }

  #greeted({ heartbeat_ms }) {
    this.#heartbeat.pace = heartbeat_ms;
    this.#roster.connected();
    this.#lists.clear();
    this.#typingChanged();
  }

  #typed(channels) {
    this.#lists.replace(channels, performance.now());
    this.#typingChanged();
  }

  /** Says so now, and again when the next entry ends by itself. */
  #typingChanged() {
    this.#emit("typing");
    clearTimeout(this.#listsEnd);
    const left = this.#lists.untilNextEnd(performance.now());
    if (left !== undefined) this.#listsEnd = setTimeout(() => this.#typingChanged(), left + 1);
  }

  #connected(state, reason) {
    this.connection = state;
    this.#emit("connection", { state, reason });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
