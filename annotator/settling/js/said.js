// What each person said of a frame and what the model proposed, side by side. All of it is untrusted and enters as text.

class Said {
  constructor(card) {
    this.card = card;
  }

  show(item) {
    const cards = item.said.map((one) => el("div", {},
      el("div", { class: "st-who", text: visible(one.who) }),
      this.card.chip(one.level),
      el("p", {}, ...this.runs(one.reasoning)),
      el("p", {}, el("strong", { text: "Operator: " }), ...this.runs(one.action)),
      this.faults(one.faults)));
    if (!cards.length) cards.push(el("div", { text: "What people and the model said of this frame is hidden: settle it by what you see." }));
    const back = item.sent_back.map(({ who, why }) => el("div", { class: "st-back" }, el("strong", { text: `${visible(who)} sent it back: ` }), el("span", { text: visible(why) })));
    this.card.part("said").replaceChildren(...back, ...cards);
  }

  // What is there, or the level, says otherwise; nothing is drawn where nothing does.
  faults(faults) {
    return el("ul", { class: "st-faults", hidden: !faults.length, "aria-label": "What is there says otherwise" },
      ...faults.map((text) => el("li", { text: visible(text) })));
  }

  // Yellow: other people say it otherwise; a wavy line: what is there denies it.
  runs(runs) {
    return runs.map(([text, isOther, why]) => el(isOther || why ? "mark" : "span", {
      class: [isOther && "st-other", why && "st-wrong"].filter(Boolean).join(" ") || null,
      title: why && visible(why),
      text: visible(text),
    }));
  }
}
