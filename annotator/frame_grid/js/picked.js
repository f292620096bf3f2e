// The frames that are picked, and what can be done to all of them: each is one act of its own on the server.

const ON_MANY = [
  { act: "second_look", title: "Second look", asks: "Why should they be looked at again?" },
  { act: "next", title: "Review next", asks: "By whom? Accounts, divided by commas; empty is everybody", isLeads: true, isOptional: true },
  { act: "not_next", title: "Not next", isLeads: true },
  { act: "stratum", title: "Audit as stratum", asks: "What are these frames? Their certificate speaks of them alone", isLeads: true, isWhole: true },
  { act: "gold", title: "Make gold", isLeads: true },
  { act: "tag", title: "Tag", asks: "Tag", isLeads: true },
  { act: "untag", title: "Untag", asks: "Tag to take off", isLeads: true },
  { act: "list", title: "Put on a list", asks: "Name of the list" },
  { act: "unlist", title: "Take off a list", asks: "Name of the list" },
];

class Picked {
  constructor(grid) {
    this.grid = grid;
    this.frames = new Set();
  }

  has(frame) {
    return this.frames.has(frame);
  }

  turn(place) {
    const frame = this.grid.items[place]?.frame;
    if (!frame) return;
    if (!this.frames.delete(frame)) this.frames.add(frame);
    this.show();
  }

  all() {
    for (const item of this.grid.items) this.frames.add(item.frame);
    this.show();
  }

  clear() {
    this.frames.clear();
    this.show();
  }

  show() {
    const bar = this.grid.part("picked");
    bar.hidden = !this.frames.size;
    const acts = ON_MANY.filter((one) => !one.isLeads || this.grid.data.leads);
    bar.replaceChildren(el("strong", { text: `${this.frames.size.toLocaleString("en")} picked` }),
      ...acts.map((one) => el("button", { type: "button", text: one.title, onclick: () => this.ask(one) })),
      el("button", { type: "button", text: `Pick all ${this.grid.items.length.toLocaleString("en")} loaded`, onclick: () => this.all() }),
      el("button", { type: "button", text: "Pick none", onclick: () => { this.clear(); this.grid.focus(); } }));
    this.grid.cells.draw();
  }

  ask(one) {
    if (!one.asks) return this.send(one, "");
    return askForWords(this.grid, `${one.title}: ${this.frames.size.toLocaleString("en")} picked`, one.asks, "", (words) => this.send(one, words), one.isOptional);
  }

  async send(one, words) {
    try {
      let done = 0;
      const refused = [];
      const frames = [...this.frames];
      const most = one.isWhole ? frames.length : FAR; // an audit is opened once
      for (let start = 0; start < frames.length; start += most) {
        const told = await this.grid.server.ask("act", { act: one.act, frames: frames.slice(start, start + most), words });
        done += told.done;
        refused.push(...told.refused);
      }
      this.clear();
      await this.grid.ask();
      const why = refused.length ? ` Not done: ${refused.length}; ${refused[0][1]}` : "";
      this.grid.tell(`${one.title}: done for ${done} ${done === 1 ? "frame" : "frames"}.${why}`);
    } catch (error) {
      this.grid.tell(error.message);
    }
    this.grid.focus();
  }
}

// One line of text, asked for in a dialog.
function askForWords(grid, title, label, given, then, isOptional = false) {
  const dialog = grid.part("dialog");
  const input = el("input", { type: "text", value: given, maxlength: "600", required: !isOptional, autocomplete: "off" });
  const form = el("form", { method: "dialog" }, el("h2", { text: title }), el("label", { text: label }, input),
    el("div", {}, el("button", { type: "submit", text: "Do it" }), " ", el("button", { type: "button", text: "Cancel", onclick: () => dialog.close() })));
  form.addEventListener("submit", () => then(input.value));
  dialog.replaceChildren(form);
  dialog.showModal();
  input.focus();
}
