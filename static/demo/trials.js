/**
 * The "try it" row: each button makes something happen that a page of its own would wait long for, says what
 * to look at, and puts everything back after a while. One at a time.
 *
 * A page cannot restart the service: that button says how, and follows what comes.
 */

const SECOND = 1_000;

/** Long past what any service calls idle. */
const IDLE_MS = 10 * 60 * SECOND;

export class Trials {
  #presence;
  #network;
  #senses;
  #panes = document.querySelector("#panes");
  #box = document.querySelector("#trial");
  #words = document.querySelector("#trial-words");
  #left = document.querySelector("#trial-left");
  #endButton = document.querySelector("#trial-end");
  /** What ends the one that is going on. */
  #end;
  #clock;

  constructor(presence, network, senses) {
    this.#presence = presence;
    this.#network = network;
    this.#senses = senses;
    for (const button of document.querySelectorAll("[data-trial]")) {
      button.addEventListener("click", () => this.#start(button));
    }
    this.#endButton.addEventListener("click", () => this.#finish());
  }

  #start(button) {
    const again = button.ariaPressed === "true";
    this.#finish();
    if (again) return;
    const trial = this[button.dataset.trial]();
    if (trial === undefined) return;
    const { seconds, words, ending, end } = trial;
    button.ariaPressed = "true";
    this.#end = () => {
      button.ariaPressed = "false";
      this.#left.textContent = "";
      this.#say(end());
    };
    this.#say(words, ending);
    if (seconds) this.#countDown(seconds);
  }

  #finish() {
    clearInterval(this.#clock);
    const end = this.#end;
    this.#end = undefined;
    if (end) end();
    else this.#say("");
  }

  #say(words, ending = "Got it") {
    this.#box.hidden = words === "";
    this.#words.textContent = words;
    this.#endButton.textContent = ending;
  }

  #countDown(seconds) {
    const over = Date.now() + seconds * SECOND;
    const show = () => {
      const left = Math.ceil((over - Date.now()) / SECOND);
      if (left <= 0) this.#finish();
      else this.#left.textContent = `${left} s`;
    };
    show();
    this.#clock = setInterval(show, SECOND / 4);
  }

  idle() {
    this.#senses.numb();
    this.#presence.device.set({ idle_ms: IDLE_MS });
    return {
      seconds: 15,
      words: "As if you had not touched anything for ten minutes: unless you chose a status, your card says Away, and one presence event told it to all who watch you.",
      ending: "I am back",
      end: () => {
        this.#senses.wake();
        return "Move or press a key: the first input brings you back at once.";
      },
    };
  }

  sleep() {
    document.dispatchEvent(new Event("freeze"));
    this.#network.cut();
    this.#panes.inert = true;
    return {
      seconds: 40,
      words: "As if you had closed the lid: no stream, no heartbeats, no goodbye. Others see you go offline after some 20 seconds, unless another tab of yours is open.",
      ending: "Wake it",
      end: () => {
        this.#panes.inert = false;
        this.#network.mend();
        document.dispatchEvent(new Event("resume"));
        return "Awake: one heartbeat, one stream from where it was (hello with resumed: true), and what was missed in one presence event.";
      },
    };
  }

  cut() {
    if (!this.#network.holdsStream) {
      this.#say("Another tab of yours holds the stream for all of them: cut the connection there.");
      return undefined;
    }
    this.#network.cut();
    return {
      seconds: 15,
      words: "This page reaches nothing: what it shows is the last it knew, and it tries again after growing waits. Change something in another window meanwhile.",
      ending: "Mend it",
      end: () => {
        this.#network.mend();
        return "Mended: the stream goes on where it was, and brings only what changed since.";
      },
    };
  }

  restart() {
    const ends = [
      this.#presence.on("state", ({ state, reason }) => this.#away(state, reason)),
      this.#presence.on("event", ({ type, data }) => type === "hello" && this.#back(data.resumed)),
    ];
    return {
      words: "A page cannot do that; you can: press Ctrl-C in the terminal and start it again. Nobody is shown leaving, unless the store goes, too, as that of make run does.",
      ending: "Got it",
      end: () => {
        for (const end of ends) end();
        return "";
      },
    };
  }

  #away(state, reason) {
    if (state === "live") return;
    this.#say(`The service is away${reason === "shutdown" ? ", and said bye" : ""}: all stay as they were. Start it again.`);
  }

  #back(resumed) {
    if (resumed) this.#say("It is back, and the stream went on where it was: nobody was shown leaving.");
    else this.#say("It is back, with a store that knows nobody yet: a snapshot says so, and all are here again with their next heartbeats.");
  }
}
