/**
 * The way in which events come: by a stream, or by polls where the network holds streams back. It mends
 * itself: from where it was, after a capped and jittered wait, or the longer one that the service asked for.
 *
 * A stream that is not greeted in time is tried once more with padding, then polls take over; from time to
 * time a stream is tried beside them, and the polls end when it is greeted. A refusal is final: nothing is
 * asked again before `open`.
 */

import { backoff } from "./backoff.js";
import { Stream } from "./stream.js";

const POLL_MS = 25_000;
/** Changes come in windows of a second: answers that are full at once are not asked for more often. */
const LEAST_POLL_MS = 500;
/** How soon a stream is tried while polls serve, at first. */
const PROBE_MS = 5_000;
const LONGEST_PROBE_MS = 600_000;

export class Link {
  #service;
  #credentials;
  #interest;
  #pairs;
  #on;
  #cursor;
  #padded = false;
  /** Streams are held back, also with padding. */
  #held = false;
  #stream;
  /** Ends the polls that serve. */
  #polling;
  #probes = 0;
  #failures = 0;
  #state;
  #reason;
  /** Counts attempts; what an older one still hears of is void. */
  #run = 0;
  #timer;
  #notBefore = 0;

  /**
   * Those who are told may close it or open it anew, so that is what it does last.
   *
   * `pairs`: query pairs beside the interest (a device); `cursor`: where to resume. `event(type, data, id)`
   * gets each event, `state(state, reason)` each change, `refused(error)` what ended it for good.
   */
  constructor({ service, credentials, interest, pairs, cursor, ...on }) {
    this.#service = service;
    this.#credentials = credentials;
    this.#interest = interest;
    this.#pairs = pairs;
    this.#cursor = cursor;
    this.#on = on;
  }

  /** Opens it, or opens it anew from where it was. */
  open() {
    this.close();
    this.#failures = 0;
    this.#attempt();
  }

  close() {
    this.#run += 1;
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#polling?.abort();
    this.#stream = this.#polling = undefined;
  }

  /** The page woke, or the network came back: opens anew unless all is well or the service asked to wait. */
  nudge() {
    if (Date.now() < this.#notBefore || this.#stream?.lively) return;
    if (this.#polling) this.#attempt();
    else this.open();
  }

  /** Opens a stream; while polls serve, beside them. */
  async #attempt() {
    clearTimeout(this.#timer);
    this.#stream?.close();
    this.#stream = undefined;
    this.#run += 1;
    const run = this.#run;
    const anew = this.#state === undefined || this.#notBefore === Infinity;
    this.#notBefore = 0;
    if (anew) this.#say("connecting");
    try {
      const pairs = await this.#query();
      if (this.#padded) pairs.push(["pad", "1"]);
      const url = await this.#service.streamUrl(pairs);
      if (run !== this.#run) return;
      this.#stream = new Stream(url, {
        withCredentials: this.#service.withCredentials,
        event: (...event) => this.#streamed(...event),
        cut: () => this.#say("connecting", "cut"),
        end: (why) => this.#ended(why),
      });
    } catch (error) {
      if (run === this.#run) this.#failed(error);
    }
  }

  async #query() {
    const pairs = [...(await this.#interest.pairs()), ...this.#pairs];
    if (this.#cursor) pairs.push(["last_event_id", this.#cursor]);
    return pairs;
  }

  #streamed(...event) {
    this.#polling?.abort();
    this.#polling = undefined;
    this.#held = false;
    this.#received(...event);
  }

  #received(type, data, id) {
    this.#cursor = id || this.#cursor;
    if (type === "hello") this.#failures = 0;
    if (type === "hello" || type === "fresh") this.#say(this.#polling ? "polling" : "live");
    const run = this.#run;
    this.#on.event(type, data, id);
    if (run !== this.#run) return;
    if (type === "stale") this.#say("stale");
    if (type === "bye") this.#bye(data);
  }

  #bye({ reason, retry_ms: asked }) {
    this.close();
    if (reason === "expired" || reason === "revoked") this.#credentials.forget();
    this.#notBefore = Date.now() + this.#again(asked);
    // These two will not be over in a moment.
    this.#say(reason === "overload" || reason === "limit" ? "offline" : "connecting", reason);
  }

  /** The stream is over. */
  async #ended(why) {
    this.#stream = undefined;
    const run = this.#run;
    if (this.#polling) {
      this.#padded ||= why === "mute";
      this.#probeLater();
    } else if (why === "mute" && this.#padded) {
      this.#held = true;
      this.#poll();
    } else if (why === "mute" || why === "silence") {
      this.#padded ||= why === "mute";
      this.#attempt();
      this.#say("connecting", why);
    } else if (why === "closed") {
      // EventSource hides why it gave up, so ask.
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

  #failed(error) {
    const forgotten = error?.status === 404 && this.#interest.forget();
    if (this.#polling) {
      this.#probeLater();
    } else if (error?.final && !forgotten) {
      this.refuse(error);
    } else {
      const state = this.#failures > 0 ? "offline" : "connecting";
      this.#again(error?.retryMs);
      this.#say(state, "unreachable");
    }
  }

  /** Ends it until it is opened again. */
  refuse(error) {
    this.close();
    this.#notBefore = Infinity;
    const run = this.#run;
    this.#on.refused(error);
    if (run === this.#run) this.#say("offline", error.status === 401 ? "unauthorized" : "refused");
  }

  /** Goes on after a while; returns how long. */
  #again(asked = 0) {
    const wait = Math.max(asked, backoff(this.#failures));
    this.#failures += 1;
    // Where streams do not get through at all, polls may.
    const poll = this.#held || this.#failures % 3 === 0;
    this.#timer = setTimeout(() => (poll ? this.#poll() : this.#attempt()), wait);
    return wait;
  }

  async #poll() {
    this.close();
    this.#polling = new AbortController();
    const { signal } = this.#polling;
    this.#probes = 0;
    this.#probeLater();
    while (!signal.aborted) {
      const least = new Promise((resolve) => {
        setTimeout(resolve, LEAST_POLL_MS);
      });
      try {
        const pairs = [...(await this.#query()), ["timeout_ms", POLL_MS]];
        const answer = await this.#service.ask("GET", "v1/poll", { pairs, signal, waitMs: POLL_MS });
        if (!signal.aborted) this.#polled(answer, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.close();
        this.#failed(error);
      }
      await least;
    }
  }

  #polled({ cursor, events }, signal) {
    this.#cursor = cursor;
    if (events.every(({ event }) => event !== "bye")) {
      this.#failures = 0;
      if (this.#state !== "stale") this.#say("polling");
    }
    for (const { event, data, id = "" } of [...events, { event: "poll", data: {}, id: cursor }]) {
      if (!signal.aborted) this.#received(event, data, id);
    }
  }

  #probeLater() {
    const wait = Math.min(LONGEST_PROBE_MS, PROBE_MS * 2 ** this.#probes);
    this.#probes += 1;
    this.#timer = setTimeout(() => this.#attempt(), wait * (0.75 + Math.random() / 4));
  }

  #say(state, reason = "") {
    if (state === this.#state && reason === this.#reason) return;
    this.#state = state;
    this.#reason = reason;
    this.#on.state(state, reason);
  }
}
