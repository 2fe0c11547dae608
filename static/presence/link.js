/**
 * The way in which events come: by a stream, or by polls where the network holds streams back. It mends
 * itself: from where it was, after a capped and jittered wait, or after the wait that the service asked for.
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
/** What needs other credentials before coming back. */
const UNTRUSTED = new Set(["expired", "revoked"]);
/** What will not be over in a moment. */
const BUSY = new Set(["overload", "limit"]);

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
  #probe;
  #polling;
  #probes = 0;
  #failures = 0;
  #state;
  #reason;
  /** Counts attempts; what an older one still hears of is void. */
  #run = 0;
  #timer;
  #probing;
  #notBefore = 0;

  /**
   * `pairs`: query pairs beside the interest (a device); `cursor`: where to resume. `event(type, data, id)`
   * gets each event, `state(state, reason)` each change, `refused(error)` what ended it for good.
   */
  constructor({ service, credentials, interest, pairs, cursor = "", ...on }) {
    this.#service = service;
    this.#credentials = credentials;
    this.#interest = interest;
    this.#pairs = pairs;
    this.#cursor = cursor;
    this.#on = on;
  }

  /** Opens it, or opens it anew from where it was. */
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

  /** The page woke, or the network came back: opens anew unless all is well or the service asked to wait. */
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

  /** The stream is over. */
  async #ended(why) {
    const run = this.#run;
    this.#stream = undefined;
    if (why === "mute") {
      this.#mute();
    } else if (why === "silence") {
      this.#say("connecting", why);
      this.#attempt();
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

  /** Ends it until it is opened again. */
  refuse(error) {
    this.close();
    this.#notBefore = Infinity;
    this.#say("offline", error.status === 401 ? "unauthorized" : "refused");
    this.#on.refused(error);
  }

  #again(wait) {
    // Where streams do not get through at all, polls may.
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

  /** Tries a stream beside the polls; once it is greeted, it takes over. */
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
