/**
 * The way to the service: addresses with the caller's identity, and signals as JSON over POST.
 *
 * A signal that the service did not take is a `SignalError`, which says whether and when to try again.
 */

/** A service that has not answered by now will not. */
const PATIENCE_MS = 10_000;

export class SignalError extends Error {
  /** `status` is 0 where the service could not be reached; `retryMs` is what it asked to wait, if it did. */
  constructor(message, { status = 0, code = "unreachable", retryMs } = {}) {
    super(message);
    this.name = "SignalError";
    this.status = status;
    this.code = code;
    this.retryMs = retryMs;
  }
}

async function errorFrom(response) {
  const problem = await response.json().catch(() => ({}));
  const retryAfter = Number.parseFloat(response.headers.get("Retry-After"));
  return new SignalError(problem.detail ?? problem.title ?? `The service answered ${response.status}.`, {
    status: response.status,
    code: problem.code ?? "unknown",
    retryMs: Number.isNaN(retryAfter) ? undefined : retryAfter * 1000,
  });
}

export class Signals {
  #base;
  #identity;

  /** `base`: where the service is mounted, ending in a slash; `identity`: query pairs on every request. */
  constructor(base, identity) {
    this.#base = base;
    this.#identity = identity;
  }

  /** The address of `path` with further query pairs. */
  url(path, pairs = []) {
    const url = new URL(path, this.#base);
    url.search = new URLSearchParams([...this.#identity, ...pairs]).toString();
    return url.href;
  }

  /** Posts a signal; resolves to its answer, or rejects with a SignalError. */
  async post(path, body) {
    const response = await fetch(this.url(path), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      keepalive: true,
      signal: AbortSignal.timeout(PATIENCE_MS),
    }).catch((cause) => {
      throw new SignalError("The service cannot be reached.", { cause });
    });
    if (!response.ok) throw await errorFrom(response);
    return response.json();
  }

  /** Posts a signal that outlives the page; nobody waits for its answer. */
  beacon(path, body) {
    navigator.sendBeacon(this.url(path), JSON.stringify(body));
  }
}
