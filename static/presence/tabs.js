/**
 * The pages of one user in one browser, of which one leads: it holds the stream and beats for all.
 *
 * Leading is holding a Web Lock, which the browser passes on when a page goes, however it goes. Pages talk
 * over a BroadcastChannel. Where the browser has neither, or the page is no secure context, each page leads
 * for itself.
 *
 * Each page reports what it wants and how active it is; a page that does not answer a roll call is gone.
 */

/** Pages answer at once unless they are dead: this long only once for each of those. */
const ANSWER_MS = 300;

export class Tabs {
  /** The reports of the other pages, by page; kept by the one that leads. */
  reports = new Map();
  leading = false;
  #name;
  #on;
  #id = crypto.getRandomValues(new Uint32Array(3)).join("-");
  #channel;
  #leave;
  #answers;
  /** Whether this page knows what the leader knows; what it hears before makes no sense. */
  #informed = false;

  /**
   * `report()` gives this page's report; `lead()` is called when this page leads, `message(message)` with
   * what the leader says, `reported()` when a report came or a page went, `shared()` gives what a new page
   * has to know, and `asked()` is called where one wants to reconnect.
   */
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
    this.#leave = new AbortController();
    this.#campaign(this.#leave.signal);
    this.report();
  }

  /** Gives up the lead, or the wish for it, at once. */
  leave() {
    this.leading = this.#informed = false;
    this.reports.clear();
    if (!this.#channel) return;
    this.#post({ kind: "gone" });
    this.#channel.close();
    this.#channel = undefined;
    this.#leave.abort();
  }

  /** Tells the leader what this page wants. */
  report() {
    if (!this.leading) this.#post({ kind: "report", report: this.#on.report(), fresh: !this.#informed });
  }

  /** Asks the leader to reconnect. */
  ask() {
    this.#post({ kind: "ask" });
  }

  /** Tells all other pages something. */
  say(message) {
    this.#post({ kind: "say", message });
  }

  /** Asks all other pages for their reports; resolves when all have answered, or are taken for gone. */
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

  async #campaign(signal) {
    const held = (lock) => new Promise((resolve) => lock && signal.addEventListener("abort", resolve));
    const lead = (lock) => {
      this.leading = this.#informed = true;
      this.#post({ kind: "who" });
      this.#on.lead();
      return held(lock);
    };
    await navigator.locks.request(this.#name, { signal }, lead).catch(() => undefined);
  }

  #heard({ from, to, kind, report, fresh, message }) {
    if (to && to !== this.#id) return;
    this.#informed ||= to === this.#id;
    if (kind === "who") this.report();
    if (kind === "say" && this.#informed) this.#on.message(message);
    if (!this.leading) return;
    if (kind === "ask") this.#on.asked();
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
