// The alerts as cards: which one the keys are for, and what an operator answers.

const NOT_SEEN_MS = 600; // a card that has only just come under the keys is not answered by a key meant for another
const PINNED_MS = 8000;

class Alerts {
  constructor(console_) {
    this.console = console_;
    this.cards = new Map(); // alert id -> {node, ...}
    this.list = [];
    this.selected = null;
    this.selectedAt = -Infinity;
    this.pinnedAt = -Infinity; // when the operator chose a card; until then the first one is selected
    this.asking = null; // the alert whose reason is being asked for
    this.shownAt = new Map();
    this.silenced = new Set(); // alerts whose sound this operator has heard enough of
    this.pictures = new Map(); // alert id -> the small picture that came with it, once
  }

  takeIn(told) {
    this.keepPictures(told.alerts);
    const hidden = this.console.answers.pendingEnds();
    this.list = told.alerts.filter((one) => !hidden.has(one.alert));
    this.further = told.further_alerts;
    const ids = new Set(this.list.map((one) => one.alert));
    const fresh = this.list.filter((one) => !this.cards.has(one.alert));
    for (const [id, card] of this.cards) if (!ids.has(id)) this.drop(id, card);
    this.select();
    this.draw();
    this.sayNew(fresh);
    if (fresh.length) requestAnimationFrame(() => this.console.shown(fresh.map((one) => one.alert)));
  }

  keepPictures(alerts) {
    this.pictures = new Map(alerts.map((one) => [one.alert, one.small || this.pictures.get(one.alert) || ""]));
  }

  pictured() {
    return [...this.pictures].filter(([, picture]) => picture).map(([id]) => id);
  }

  drop(id, card) {
    card.clip.hide();
    card.node.remove();
    this.cards.delete(id);
    this.shownAt.delete(id);
    this.silenced.delete(id);
    if (this.asking === id) this.asking = null;
  }

  // The first card has the keys, unless the operator chose another a moment ago or is giving a reason.
  select() {
    const ids = this.list.map((one) => one.alert);
    const isBusy = this.asking === this.selected || this.isNoting();
    const stays = ids.includes(this.selected) && (isBusy || performance.now() - this.pinnedAt < PINNED_MS);
    if (stays || ids[0] === this.selected) return;
    this.selected = ids[0] || null;
    this.selectedAt = performance.now();
  }

  // Whether a note is being written with the alert that has the keys.
  isNoting() {
    const note = this.cards.get(this.selected)?.noting;
    return Boolean(note && (note === document.activeElement || note.value));
  }

  move(by) {
    const place = this.list.findIndex((one) => one.alert === this.selected);
    const next = this.list[Math.min(this.list.length - 1, Math.max(0, place + by))];
    if (next && next.alert !== this.selected) this.jump(next);
  }

  jump(one) {
    this.asking = null;
    this.choose(one.alert);
    this.cards.get(one.alert).node.scrollIntoView({ block: "nearest" });
  }

  choose(id) {
    this.selected = id;
    this.pinnedAt = performance.now();
    this.selectedAt = -Infinity;
    this.draw();
  }

  current() {
    return this.list.find((one) => one.alert === this.selected) || null;
  }

  draw() {
    const place = this.console.part("alerts");
    if (!this.list.length) {
      this.cards.clear();
      place.replaceChildren(this.calm());
      return;
    }
    const nodes = this.list.map((one, at) => this.card(one, at).node);
    if (this.further) nodes.push(el("p", { class: "mo-further", text: `and ${this.further} more alerts` }));
    const typing = place.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    arrange(place, nodes);
    if (typing !== document.activeElement) typing?.focus({ preventScroll: true });
  }

  calm() {
    const words = this.console.calmWords();
    if (this.calmNode?.textContent !== words.join("")) {
      this.calmNode = el("div", { class: "mo-calm" }, el("strong", { text: words[0] }), el("span", { text: words[1] }));
    }
    return this.calmNode;
  }

  card(one, at) {
    const isCurrent = one.alert === this.selected;
    const asking = this.asking === one.alert;
    let card = this.cards.get(one.alert);
    if (!card) {
      card = this.make(one);
      this.cards.set(one.alert, card);
    }
    card.clip.takeIn(one.clip);
    card.node.setAttribute("aria-current", isCurrent);
    const number = at < 9 ? String(at + 1) : "";
    if (card.number.textContent !== number) card.number.textContent = number;
    const before = this.list[at - 1];
    card.node.toggleAttribute("data-same", Boolean(before && before.cause === one.cause && before.level === one.level));
    const notes = [one.now, one.manual, one.watchers.join("|"), asking, this.silenced.has(one.alert), asking && card.noting.value, card.clip.note()].join("§");
    if (card.notes !== notes) {
      card.notes = notes;
      card.note.replaceChildren(...this.notes(one));
      card.buttons.replaceChildren(...(asking ? this.reasonButtons(one) : this.answerButtons(one)));
    }
    card.base_s = one.age_s - performance.now() / 1000;
    card.age.textContent = age(one.age_s);
    return card;
  }

  make(one) {
    const image = el("img", { alt: "The picture that raised this alert", src: this.pictures.get(one.alert) || undefined });
    const now = el("img", { class: "mo-now", alt: "The picture now", hidden: true });
    const noting = /** @type {HTMLInputElement} */ (el("input", { class: "mo-noting", type: "text", maxlength: "200", "data-noting": one.alert,
      "aria-label": "Note with the answer", placeholder: IS_TOUCHED ? "Note with the answer" : "Note with the answer (E)", onkeydown: (event) => this.noteKey(event) }));
    const clip = new Clip(this.console, one.alert);
    const card = { image, now, noting, clip, number: el("kbd", { class: "mo-number" }), note: el("div"), buttons: el("div", { class: "mo-buttons" }), age: el("span", { class: "mo-age" }) };
    card.node = el("article", { class: "mo-alert", "data-alert": one.alert, "data-level": one.level, "data-feed": one.feed },
      el("div", { class: "mo-alert-head" }, card.number,
        el("span", { class: "mo-level", text: `${MARKS[one.level]} ${one.level}` }),
        el("span", { class: "mo-feed", text: visible(one.feed) }),
        el("span", { class: "mo-brief", text: visible(one.reason) }), card.age),
      el("div", { class: "mo-alert-body" },
        el("div", { class: "mo-picture" }, image, ...clip.nodes, now),
        el("div", { class: "mo-answering" }, el("p", { class: "mo-reason", text: visible(one.reason) }),
          el("p", { class: "mo-action", text: `→ ${visible(one.action)}` }), card.note, noting, card.buttons)));
    card.node.addEventListener("click", (event) => {
      if (!event.target.closest("button, input")) this.choose(one.alert);
    });
    const known = this.console.wall.pictures.get(one.feed);
    if (known) this.show(now, known.picture);
    this.loadFull(one, image);
    return card;
  }

  show(image, address) {
    image.src = address;
    image.hidden = false;
  }

  // The whole picture a moment later; until then the small one that came along.
  loadFull(one, image, tries = 0) {
    const full = new Image();
    full.onload = () => { image.src = full.src; };
    full.onerror = () => { if (this.cards.has(one.alert)) setTimeout(() => this.loadFull(one, image, tries + 1), Math.min(5000, 500 * (tries + 1))); };
    full.src = this.console.alertPicture(one.alert, `try=${tries}`);
  }

  now(feed, picture) {
    for (const card of this.cards.values()) if (card.node.dataset.feed === feed) this.show(card.now, picture);
  }

  notes(one) {
    const notes = [];
    if (one.manual) notes.push(el("p", { class: "mo-note mo-strong", text: `Manual monitoring now: ${this.console.why(one.manual)}.` }));
    else if (one.now && one.now !== one.level) notes.push(el("p", { class: "mo-note", text: `Now ${MARKS[one.now]} ${one.now}.` }));
    if (one.watchers.length) notes.push(el("p", { class: "mo-note", text: `${visible(one.watchers.join(", "))} is watching.` }));
    const clip = this.cards.get(one.alert)?.clip.note();
    if (clip) notes.push(el("p", { class: "mo-note", text: clip }));
    if (this.silenced.has(one.alert)) notes.push(el("p", { class: "mo-note", text: "Its sound is off." }));
    return notes;
  }

  answerButtons(one) {
    const button = (response, key) => el("button", { type: "button", "data-response": response, "aria-keyshortcuts": key,
      onclick: (event) => event.detail <= 1 && this.answer(one, response) }, DID[response], el("kbd", { text: key }));
    return [button("taken_over", "T"), button("watching", "W"), button("not_needed", "N")];
  }

  reasonButtons(one) {
    const reasons = this.reasons(one).map((text, at) => el("button", { type: "button", "data-reason": at + 1, onclick: () => this.send(one, "not_needed", text) },
      text || "What the note says", el("kbd", { text: String(at + 1) })));
    return [...reasons, el("button", { type: "button", onclick: () => this.cancel() }, "Back", el("kbd", { text: "Esc" }))];
  }

  // The fifth is there once a note is written, and stands for it alone.
  reasons(one) {
    return this.cards.get(one.alert)?.noting.value.trim() ? [...REASONS, ""] : REASONS;
  }

  noteKey(event) {
    if (event.key !== "Enter" && event.key !== "Escape") return;
    event.preventDefault();
    if (event.key === "Escape") event.target.value = "";
    event.target.blur();
    this.draw();
  }

  key(key) {
    const one = this.current();
    if (!one) return false;
    if (this.asking !== one.alert && /^[1-9]$/.test(key)) {
      const chosen = this.list[Number(key) - 1];
      if (chosen) this.jump(chosen);
      return Boolean(chosen);
    }
    if (performance.now() - this.selectedAt < NOT_SEEN_MS) {
      this.console.tell("Another alert has just come first; look, then press again.");
      return true;
    }
    if (this.asking === one.alert) {
      const text = this.reasons(one)[Number(key) - 1];
      if (text !== undefined) this.send(one, "not_needed", text);
      return text !== undefined;
    }
    if (key === "e") {
      this.cards.get(one.alert).noting.focus();
      return true;
    }
    if (key === "s") {
      this.silenced.add(one.alert);
      this.draw();
      return true;
    }
    const response = { t: "taken_over", w: "watching", n: "not_needed" }[key];
    if (response) this.answer(one, response);
    return Boolean(response);
  }

  answer(one, response) {
    if (response === "not_needed") {
      this.asking = one.alert;
      this.choose(one.alert);
    } else this.send(one, response, "");
  }

  // What Space and the arrows do to the clip of the alert that has the keys; whether it has one.
  clip(act, ...given) {
    const clip = this.cards.get(this.selected)?.clip;
    return Boolean(clip && clip[act](...given));
  }

  cancel() {
    if (this.clip("hide")) return;
    this.asking = null;
    this.draw();
  }

  send(one, response, reason) {
    const at = this.shownAt.get(one.alert);
    const seconds_shown = at === undefined ? null : Math.round(performance.now() - at) / 1000;
    this.asking = null;
    this.pinnedAt = -Infinity;
    const noting = this.cards.get(one.alert)?.noting;
    const said = [reason, noting?.value.trim()].filter(Boolean).join(": ");
    if (noting) noting.value = "";
    noting?.blur();
    this.console.answers.add({ token: newToken(), alert_id: one.alert, response, reason: said, seconds_shown }, one.feed);
    this.console.tell(`${DID[response]}: ${one.feed}.`);
    this.console.redraw();
  }

  sayNew(fresh) {
    for (const one of fresh) this.shownAt.set(one.alert, performance.now());
    const called = fresh.filter((one) => one.level === "TELEOPERATION");
    this.console.sound.call(this.isCalling(), called.length > 0);
    const first = called[0] || fresh[0];
    if (first) this.console.say(`${first.level}, ${visible(first.feed)}. ${visible(first.reason)}`);
  }

  // Whether a TELEOPERATION waits that nobody is with and whose sound is not off.
  isCalling() {
    return this.list.some((one) => one.level === "TELEOPERATION" && !one.watchers.length && !this.silenced.has(one.alert));
  }

  tick() {
    const now_s = performance.now() / 1000;
    for (const card of this.cards.values()) {
      const text = age(card.base_s + now_s);
      if (card.age.textContent !== text) card.age.textContent = text;
    }
    this.console.sound.call(this.isCalling(), false);
  }
}
