/** A request that the service did not take: whether and when to try again. */

export class PresenceError extends Error {
  /**
   * `status` is 0 where the service could not be reached; `retryMs` is what it asked to wait, if it did;
   * `denied` holds the `users` or `channels` that the caller has no right to.
   */
  constructor(message, { status = 0, code = "unreachable", retryMs, denied = {}, cause } = {}) {
    super(message, { cause });
    this.name = "PresenceError";
    this.status = status;
    this.code = code;
    this.retryMs = retryMs;
    this.denied = denied;
  }

  /** Asking again, as the same caller, would bring the same answer. */
  get final() {
    return this.status >= 400 && this.status < 500 && this.status !== 408 && this.status !== 429;
  }
}

/** The error that an answer stands for. */
export async function errorFrom(response) {
  const problem = await response.json().catch(() => ({}));
  const retryAfter = Number.parseFloat(response.headers.get("Retry-After"));
  return new PresenceError(problem.detail ?? problem.title ?? `The service answered ${response.status}.`, {
    status: response.status,
    code: problem.code ?? "unknown",
    denied: problem.denied,
    retryMs: Number.isNaN(retryAfter) ? undefined : retryAfter * 1000,
  });
}
