// Questions kept under a name.

class Views {
  constructor(grid) {
    this.grid = grid;
    this.views = [];
    this.list = grid.part("views");
    this.list.addEventListener("change", () => {
      const view = this.views[Number(this.list.value)];
      if (this.list.value !== "" && view) this.grid.filters.instead(view.address);
    });
  }

  async load() {
    try {
      this.show((await this.grid.server.ask("views")).views);
    } catch {
      // the grid is there without them
    }
  }

  show(views) {
    this.views = views;
    this.list.replaceChildren(el("option", { value: "", text: "—" }),
      ...views.map((view, place) => el("option", { value: String(place), text: visible(view.is_own ? view.name : `${view.name} (${view.owner})`) })));
  }

  save() {
    if (!this.grid.asked.query) return this.grid.tell("A view keeps filters, words or an order; there are none yet.");
    return askForWords(this.grid, "Save this view", "Name", "", async (name) => {
      try {
        this.show((await this.grid.server.ask("save", { name, query: this.grid.asked.query })).views);
        this.grid.tell(`Saved as ${name}. Everybody who sees frames finds it under View.`);
      } catch (error) {
        this.grid.tell(error.message);
      }
    });
  }
}
