/**
 * The pages of one user in one browser, of which one leads: it holds the stream and beats for all.
 *
 * Leading is holding a Web Lock, which the browser passes on when a page goes, however it goes. Pages talk
 * over a BroadcastChannel. Where the browser has neither, or the page is no secure context, each page leads
 * for itself.
 *
 * Each page reports what it wants and how active it is; a page that does not answer two roll calls is gone. A
 * leader that does not answer, because a dialog or a long script holds it, loses the lead to a page that is seen.
 */

/** Pages answer at once unless they are dead or a script holds them: this long only twice for each dead one. */
const ANSWER_MS = 300;
/** How often a page asks whether the leader is there, and how often in vain. */
const ASK_MS = 5_000;
const PATIENCE = 3;

/** A channel to the other pages; undefined where there is none, or this page must not have it. */
function channelOf(name) {
  try {
    return navigator.locks && new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}

export class Tabs {
  /** The reports of the other pages, by page; kept by the one that leads. */
  reports = new Map();
  /** Those that have not answered the last roll call, nor reported since. */
  #missing = new Set();
  leading = false;
  #name;
  #on;
  #id = crypto.getRandomValues(new Uint32Array(3)).join("-");
  #channel;
  #leave;
  #asking;
  #unanswered = 0;
  #answers;
  /** Whether this page knows what the leader knows; what it hears before makes no sense. */
  #informed = false;
  /** The page that leads, as far as this one has heard. */
  #leader;

  /**
   * `report()` gives this page's report; `lead()` is called when this page leads, `message(message)` with
   * what the leader says, `reported()` when a report came or a page went, `shared()` gives what a new page
   * has to know, `asked()` is called where one wants to reconnect, and `ousted()` when another page leads now.
   */
  constructor(name, on) {
    this.#name = name;
    this.#on = on;
  }

  /** No other page is there, as far as is known, or the one that led has gone. */
  get alone() {
    return this.leading ? this.reports.size === 0 : this.#informed && this.#leader === undefined;
  }

  enter() {
    this.#channel = channelOf(this.#name);
    if (!this.#channel) {
      this.leading = true;
      this.#on.lead();
      return;
    }
    this.#channel.onmessage = ({ data }) => this.#heard(data);
    this.#asking = setInterval(() => this.#missed(), ASK_MS);
    this.#campaign();
    this.report();
  }

  /** Gives up the lead, or the wish for it, at once. */
  leave() {
    this.leading = this.#informed = false;
    this.#leader = undefined;
    this.reports.clear();
    if (!this.#channel) return;
    clearInterval(this.#asking);
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
    const gone = [...awaited].filter((tab) => this.#missing.has(tab));
    this.#missing = awaited;
    for (const tab of gone) this.reports.delete(tab);
    if (gone.length > 0) this.#on.reported();
  }

  /** Waits for the lead, or takes it. */
  async #campaign(steal = false) {
    this.#leave?.abort();
    this.#leave = new AbortController();
    const { signal } = this.#leave;
    const lead = () => {
      if (signal.aborted) return undefined;
      this.leading = this.#informed = true;
      this.#post({ kind: "who" });
      const left = new Promise((resolve) => {
        signal.addEventListener("abort", resolve);
      });
      this.#on.lead();
      return left;
    };
    const options = steal ? { steal } : { signal };
    const error = await navigator.locks.request(this.#name, options, lead).catch((reason) => reason);
    if (signal.aborted) return;
    if (error.name !== "AbortError") {
      // Locks are denied here, as in a sandboxed frame: each page for itself.
      lead();
      return;
    }
    this.leading = this.#informed = false;
    this.reports.clear();
    this.#on.ousted();
    // It may have called the roll before it heard of this, and be taken for the leader.
    this.#post({ kind: "gone" });
    this.#campaign();
    this.report();
  }

  #missed() {
    if (this.leading || document.hidden) {
      this.#unanswered = 0;
    } else if (this.#unanswered < PATIENCE) {
      this.#unanswered += 1;
      this.#post({ kind: "there" });
    } else {
      this.#unanswered = 0;
      this.#campaign(true);
    }
  }

  #heard({ from, to, kind, report, fresh, message }) {
    if (to && to !== this.#id) return;
    // Each leads for itself where locks are denied, and one that hung hears late that it leads no more.
    if (kind === "say" && (this.leading || (!to && this.#leader && from !== this.#leader))) return;
    if (kind === "who" || kind === "say") {
      this.#leader = from;
      this.#unanswered = 0;
    }
    if (kind === "gone" && from === this.#leader) this.#leader = undefined;
    if (kind === "who") this.report();
    if (kind === "here") this.#unanswered = 0;
    if (kind === "say") {
      this.#informed ||= to === this.#id;
      if (this.#informed) this.#on.message(message);
    }
    if (!this.leading) return;
    if (kind === "ask") this.#on.asked();
    if (kind === "there") this.#post({ to: from, kind: "here" });
    if (kind === "report") {
      this.reports.set(from, report);
      this.#missing.delete(from);
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
