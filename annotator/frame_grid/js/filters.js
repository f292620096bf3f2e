// The filters: what is asked, what else could be asked with how many frames each, and what makes an answer empty.

const OPEN_AT_FIRST = ["state", "proposed", "level", "disagreement", "cue"];

class Filters {
  constructor(grid) {
    this.grid = grid;
    this.isOpen = new Map();
    grid.part("names").append(...Object.keys(grid.data.filters).map((name) => el("option", { value: `${name}=` })));
    grid.part("filters").addEventListener("click", (event) => this.clicked(event));
    grid.part("asked").addEventListener("click", (event) => this.clicked(event));
    grid.part("add").addEventListener("submit", (event) => this.added(event));
  }

  clicked(event) {
    const button = event.target.closest("button[data-name]");
    if (!button) return;
    const { name, value } = button.dataset;
    const { asked } = this.grid;
    if (name === "words") asked.words = "";
    else if (asked.has(name, value)) asked.drop(name, value);
    else asked.add(name, value, event.shiftKey || this.grid.data.adds.includes(name));
    this.grid.ask();
  }

  added(event) {
    event.preventDefault();
    const input = this.grid.part("filter");
    const [name, ...rest] = input.value.split("=");
    if (!rest.length) return this.grid.tell("Write a filter as name=value, such as cue=rain.");
    this.grid.asked.add(name.trim(), rest.join("=").trim(), true);
    input.value = "";
    this.grid.ask();
    return this.grid.focus();
  }

  showAsked() {
    const { asked, data } = this.grid;
    const chips = asked.filters.map(([name, value]) => this.chip(name, value, data.filters[name] || name));
    if (asked.words) chips.push(this.chip("words", asked.words, "Words"));
    this.grid.part("asked").replaceChildren(...chips);
    this.grid.part("asked").hidden = !chips.length;
  }

  chip(name, value, title) {
    return el("button", { type: "button", "data-name": name, "data-value": value, title: "Drop this filter" },
      el("span", { text: `${title}: ` }), el("strong", { text: readable(value) }), el("span", { "aria-hidden": "true", text: " ✕" }));
  }

  show(told) {
    const panel = this.grid.part("filters");
    panel.replaceChildren(...told.map((one) => this.group(one)));
  }

  group({ name, title, n, values, note }) {
    const isOpen = this.isOpen.get(name) ?? (OPEN_AT_FIRST.includes(name) || this.grid.asked.filters.some(([one]) => one === name));
    const group = el("details", { open: isOpen, "data-group": name }, el("summary", {}, el("span", { text: title })),
      note ? el("p", { text: visible(note) }) : null, this.grid.data.days.includes(name) ? this.between(name) : null,
      ...values.map(([value, frames]) => el("button", { type: "button", "data-name": name, "data-value": value, "aria-pressed": String(this.grid.asked.has(name, value)) },
        el("span", { text: readable(value) }), el("span", { class: "fg-n", text: frames.toLocaleString("en") }))),
      n > values.length ? el("p", { text: `${(n - values.length).toLocaleString("en")} more: type ${name}=…` }) : null);
    group.addEventListener("toggle", () => this.isOpen.set(name, group.open));
    return group;
  }

  // From one day to another; either may be left out.
  between(name) {
    const [first = "", last = ""] = (this.grid.asked.filters.find(([one, value]) => one === name && value.includes(".."))?.[1] || "").split("..");
    const day = (label, value) => el("input", { type: "date", value, "aria-label": label });
    const [from, to] = [day("From", first), day("To", last)];
    const form = el("form", { class: "fg-between" }, from, el("span", { text: "to" }), to, el("button", { type: "submit", text: "Show" }));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!from.value && !to.value) return;
      this.grid.asked.add(name, `${from.value}..${to.value}`, false);
      this.grid.ask();
    });
    return form;
  }

  // Why there is no frame, and the ways out.
  showEmpty(emptied) {
    const { asked } = this.grid;
    const isAsked = asked.filters.length || asked.words;
    const ways = emptied.map(({ name, value, frames, address }) => el("button", { type: "button", onclick: () => this.instead(address) },
      `Drop ${name}=`, el("strong", { text: readable(value) }), `: ${frames.toLocaleString("en")} ${frames === 1 ? "frame" : "frames"}`));
    const why = !isAsked ? "There is no frame yet." : ways.length ? "No frame passes all of these filters." : "No frame passes these filters, and dropping one of them brings none.";
    this.grid.part("empty").replaceChildren(el("h2", { text: why }), ...ways,
      isAsked ? el("button", { type: "button", text: "Drop all filters", onclick: () => this.instead("") }) : null);
  }

  instead(query) {
    this.grid.asked.askInstead(query);
    this.grid.ask();
    this.grid.focus();
  }
}
