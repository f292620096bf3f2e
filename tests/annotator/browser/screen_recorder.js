// Put into the page before the card: what was on screen at every key, and what the card then put into its outbox.
(() => {
  const walk = { presses: [], entries: [] };
  window.walk = walk;
  const shows = (one) => one.getClientRects().length > 0 && getComputedStyle(one).visibility === "visible";
  const text = (root, selector) => {
    const one = root.querySelector(selector);
    return one && shows(one) ? one.textContent : null;
  };
  const label = (button) => [...button.childNodes].filter((one) => one.nodeName !== "KBD").map((one) => one.textContent).join(" ").trim();
  const screen = () => {
    const card = document.querySelector("[data-testid=review-card]");
    if (!card) return null;
    const box = (id) => (shows(card.querySelector(id) || document.head) ? card.querySelector(id).value : null);
    return {
      frame: card.dataset.frame ?? null,
      pictured: Boolean(card.querySelector(".rc-pictures img")),
      dialog: Boolean(document.querySelector("dialog[open]")),
      focus: document.activeElement?.id || "",
      control: ["BUTTON", "A", "SUMMARY"].includes(document.activeElement?.tagName),
      focused: document.activeElement?.tagName === "BUTTON" && card.contains(document.activeElement) ? label(document.activeElement) : null,
      mode: text(card, "[data-part=mode]"),
      buttons: [...card.querySelectorAll("button")].filter((one) => shows(one) && !one.disabled).map((one) => ({
        words: label(one), key: [...one.querySelectorAll("kbd")].find(shows)?.textContent ?? "",
        pressed: one.getAttribute("aria-pressed") === "true", reason: one.dataset.reason ?? null,
      })),
      model: { chip: text(card, "[data-part=body] .rc-own .rc-chip"), reasoning: text(card, "[data-part=reasoning]"), action: text(card, "[data-part=action]") },
      own: { reasoning: text(card, "[data-part=own-reasoning]"), action: text(card, "[data-part=own-action]") },
      boxes: { reasoning: box("#rc-reasoning"), action: box("#rc-action") },
      composed: text(card, "[data-part=composed]"),
      changing: text(card, ".rc-changing"),
      proposed: [...card.querySelectorAll("[data-part=body] .rc-own")].filter(shows)
        .find((one) => /Proposed|The model's/.test(one.textContent))?.querySelector(".rc-chip")?.dataset.level ?? null,
      at: performance.now(),
    };
  };
  window.addEventListener("keydown", (event) => {
    const { key, ctrlKey: ctrl } = event;
    if (key !== "Control") walk.presses.push({ key, ctrl, screen: screen() });
  }, true);
  const put = Storage.prototype.setItem;
  Storage.prototype.setItem = function setItem(name, value) {
    if (/:out:/.test(name)) {
      walk.entries.push({ press: walk.presses.length - 1, entry: JSON.parse(value).entry, at: performance.now(), by: new Error().stack });
    }
    return put.call(this, name, value);
  };
})();
