/**
 * Who is calling: a name of the open mode, tokens that a function of the page gives, or a cookie.
 *
 * A token is asked for when one is needed, and again when it is about to end or was refused. Those who ask
 * at the same time share one call.
 */

import { PresenceError } from "./error.js";

/** A token that ends this soon may have ended when it arrives. */
const MARGIN_MS = 5_000;
/** A function that has not given a token by now is not waited for any more: it may be asked again. */
const GIVING_MS = 30_000;

/** What a token says of itself: for convenience, never trusted. Nothing of one that is no JWT. */
function claimsOf(token) {
  try {
    const body = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(body, (byte) => byte.charCodeAt(0))));
  } catch {
    return {};
  }
}

export class Credentials {
  /** The caller's id, as far as it is known. */
  user;
  /** Query pairs that go with every request. */
  pairs = [];
  /** Whether the browser's cookies go to other origins, too: the `credentials` of fetch. */
  cookies = "same-origin";
  #give;
  #token;
  #ends = Infinity;
  #asking;

  /** `auth`: `{user}`, a function that gives a token, or `"cookie"`; `user`: the caller's id, if known. */
  constructor(auth, user) {
    this.user = user ?? auth?.user;
    if (typeof auth === "function") this.#give = auth;
    else if (auth === "cookie") this.cookies = "include";
    else if (auth?.user) this.pairs = [["as", auth.user]];
    else throw new TypeError('Say who is calling: auth is {user: "…"}, a function that gives a token, or "cookie".');
  }

  /** Tokens, which cannot stand in an address: streams need tickets. */
  get usesTokens() {
    return this.#give !== undefined;
  }

  /** The headers of a request. Asks for a token if none is at hand; rejects where the page has none. */
  async headers() {
    if (!this.#give) return {};
    if (Date.now() > this.#ends - MARGIN_MS) this.forget();
    this.#asking ??= this.#ask();
    await this.#asking;
    return this.headersAtHand();
  }

  /** Likewise, for a page that goes and cannot wait. */
  headersAtHand() {
    return this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
  }

  /** The token was refused, or ended. Returns whether another one can be asked for. */
  forget(headers = this.headersAtHand()) {
    // Another request may have found out first.
    if (headers.Authorization === this.headersAtHand().Authorization) {
      this.#asking = this.#token = undefined;
      this.#ends = Infinity;
    }
    return this.usesTokens;
  }

  async #ask() {
    let token;
    let limit;
    const late = new Promise((_, reject) => {
      limit = setTimeout(() => reject(new Error("It takes too long.")), GIVING_MS);
    });
    try {
      token = await Promise.race([this.#give(), late]);
    } catch (cause) {
      this.forget();
      throw new PresenceError("The page could not get a token.", { cause });
    } finally {
      clearTimeout(limit);
    }
    if (!token) {
      this.forget();
      throw new PresenceError("The page has no token.", { status: 401, code: "signed-out" });
    }
    const { sub, iat, exp } = claimsOf(token);
    this.#token = token;
    this.user ??= sub;
    // How long it lasts, not when it ends: clocks of browsers go wrong.
    this.#ends = exp && iat ? Date.now() + (exp - iat) * 1000 : Infinity;
  }
}
