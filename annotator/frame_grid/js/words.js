// What a question is in the address, and level chips.

const PAGE = 60;
const FAR = 500; // frames that one request may be about
const SIZES = { small: 150, medium: 240, large: 420 }; // least width of a cell in pixels

class Asked {
  constructor(search) {
    this.filters = [];
    this.words = "";
    this.sort = "queue";
    this.isReversed = false;
    this.showsLevels = false;
    this.isStacked = false;
    this.size = "medium";
    this.frame = "";
    for (const [name, value] of new URLSearchParams(search)) this.take(name, value);
  }

  take(name, value) {
    if (name === "words") this.words = value;
    else if (name === "sort") [this.isReversed, this.sort] = [value.startsWith("-"), value.replace(/^-/, "")];
    else if (name === "levels") this.showsLevels = value === "all";
    else if (name === "stacks" && value === "one") this.isStacked = true;
    else if (name === "size") this.size = value in SIZES ? value : "medium";
    else if (name === "frame" || name === "id") this.frame = value;
    else this.filters.push([name, value]);
  }

  // The question alone: what the server is asked.
  get query() {
    const params = new URLSearchParams(this.filters);
    if (this.words) params.append("words", this.words);
    if (this.sort !== "queue" || this.isReversed) params.append("sort", (this.isReversed ? "-" : "") + this.sort);
    if (this.showsLevels) params.append("levels", "all");
    if (this.isStacked) params.append("stacks", "one");
    return params.toString();
  }

  get address() {
    const params = new URLSearchParams(this.query);
    if (this.size !== "medium") params.append("size", this.size);
    if (this.frame) params.append("frame", this.frame);
    const query = params.toString();
    return query ? `?${query}` : location.pathname;
  }

  has(name, value) {
    return this.filters.some(([one, other]) => one === name && other === value);
  }

  drop(name, value) {
    this.filters = this.filters.filter(([one, other]) => one !== name || other !== value);
  }

  // In addition to what is asked, or instead of another value of the same filter.
  add(name, value, isAdded) {
    if (!isAdded) this.filters = this.filters.filter(([one]) => one !== name);
    if (!this.has(name, value)) this.filters.push([name, value]);
  }

  // Another question, in the same view.
  askInstead(query) {
    const other = new Asked(query);
    Object.assign(this, { filters: other.filters, words: other.words, sort: other.sort, isReversed: other.isReversed, showsLevels: other.showsLevels, isStacked: other.isStacked });
  }
}

function levelChip(marks, level, title) {
  const words = level in marks ? `${marks[level]} ${level.charAt(0)}` : "failed";
  return el("span", { class: "fg-chip", "data-level": level, title: `${title}: ${level}`, text: words });
}

function readable(value) {
  return visible(value).replaceAll("_", " ");
}
