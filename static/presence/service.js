/**
 * The way to the service: addresses and requests with the caller's credentials.
 *
 * A request that is answered 401 is repeated once with fresh credentials, if there are any; everything
 * else that is not a success rejects with a `PresenceError`.
 */

import { errorFrom, PresenceError } from "./error.js";

/** A service that has not answered by now will not. */
const PATIENCE_MS = 10_000;

export class Service {
  base;
  #credentials;
  #sequence = 0;

  /** `base`: where the service is mounted, as a URL ending in a slash. */
  constructor(base, credentials) {
    this.base = base;
    this.#credentials = credentials;
  }

  /** The address of `path`, with query pairs. */
  url(path, pairs = []) {
    const url = new URL(path, this.base);
    url.search = new URLSearchParams([...this.#credentials.pairs, ...pairs]).toString();
    return url.href;
  }

  /** Asks, and resolves to the answer. `signal` gives up early; `waitMs` is what the answer may take by itself. */
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
    if (method === "HEAD") return undefined;
    return response.json().catch((cause) => {
      // Such as the page with which a hotel asks for a room number.
      throw new PresenceError("The answer is not that of the service.", { cause });
    });
  }

  /** The address of a stream, good for half a minute: an EventSource can say who calls only there. */
  async streamUrl(pairs) {
    if (!this.#credentials.usesTokens) return this.url("v1/events", pairs);
    const { ticket } = await this.ask("POST", "v1/tickets", { body: {} });
    return this.url("v1/events", [...pairs, ["ticket", ticket]]);
  }

  /** Orders the signals of a device, also those that different pages of a browser send: they share a clock. */
  sequence() {
    this.#sequence = Math.max(this.#sequence + 1, Date.now());
    return this.#sequence;
  }

  get withCredentials() {
    return this.#credentials.cookies === "include";
  }

  /** Says that a device leaves, also from a page that goes: that outlives it, and nobody waits for the answer. */
  leave(device) {
    const url = this.url("v1/leave");
    const body = { device, seq: this.sequence() };
    const headers = this.#credentials.headersAtHand();
    if (headers.Authorization || "keepalive" in Request.prototype) {
      this.#send(url, headers, { method: "POST", body }).catch(() => undefined);
    } else {
      navigator.sendBeacon(url, JSON.stringify(body));
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
      // Browsers allow 64 KiB in all of what outlives the page: signals are small, interests may be long.
      keepalive: text?.length < 4_096,
      signal,
      cache: "no-store",
    });
  }
}
