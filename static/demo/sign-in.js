/** The way in. In open mode a name is all it takes; it stands in the address, so that a link signs in. */

import { fault } from "./contacts.js";
import { paintAvatar } from "./person.js";

const SAMPLES = ["alice", "bob", "carol", "dave"];

/** The name in the address, or "". */
export function nameInAddress() {
  return (new URLSearchParams(location.search).get("as") ?? "").trim();
}

/** The address of this page for a name; without one, of the way in. */
export function addressFor(name) {
  const url = new URL(location.pathname, location.href);
  if (name) url.searchParams.set("as", name);
  return url.href;
}

function sample(name) {
  const item = document.createElement("li");
  const link = document.createElement("a");
  const avatar = document.createElement("span");
  const initials = document.createElement("span");
  avatar.className = "avatar";
  avatar.dataset.size = "small";
  initials.className = "initials";
  initials.ariaHidden = "true";
  avatar.append(initials);
  paintAvatar(avatar, name);
  link.className = "chip";
  link.href = addressFor(name);
  link.append(avatar, name);
  item.append(link);
  return item;
}

/** Shows the way in; a good name leads to the page of that name. */
export function showSignIn(wrongName = "") {
  const form = document.querySelector("#sign-in-form");
  const name = form.querySelector("#name");
  const place = form.querySelector("#name-fault");
  document.querySelector("#samples").replaceChildren(...SAMPLES.map(sample));
  document.querySelector("#sign-in").hidden = false;
  name.value = wrongName;
  place.textContent = wrongName && fault(wrongName);
  name.focus();
  name.addEventListener("input", () => {
    place.textContent = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const given = name.value.trim();
    place.textContent = fault(given);
    if (!place.textContent) location.assign(addressFor(given));
  });
}
