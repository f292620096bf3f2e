// Around Streamlit's page: what the person reads while it loads, and while the server does not answer.
(() => {
  const gone = document.getElementById("tt-gone");
  const asked_ms = 3000;
  let wasConnected = false;

  // Otherwise Streamlit looks for itself below the screen's address first: two answers of 404 on every page.
  window.__streamlit = { BACKEND_BASE_URL: location.origin };

  const isConnected = () =>
    document.querySelector("[data-test-connection-state]")?.getAttribute("data-test-connection-state") === "CONNECTED";

  // Streamlit's own dialog speaks of Streamlit and of the internet, and lies over a card that can go on.
  function dismissDialog() {
    for (const dialog of document.querySelectorAll("[data-testid=stDialog]")) {
      if (dialog.textContent.includes("Connection error")) dialog.querySelector("button[aria-label=Close]")?.click();
    }
  }

  // Streamlit marks the open screen only inside a group's list, which is closed: the group is marked as well.
  const groups = JSON.parse(document.getElementById("tt-groups").textContent);
  function markGroup() {
    const open = groups[location.pathname.split("/")[1]];
    for (const group of document.querySelectorAll("[data-testid=stTopNavSection]")) {
      if (group.firstElementChild?.textContent.trim() === open) group.setAttribute("aria-current", "true");
      else group.removeAttribute("aria-current");
    }
  }

  function look() {
    markGroup();
    wasConnected ||= isConnected();
    gone.hidden = isConnected() || !wasConnected;
    dismissDialog();
    if (document.querySelector(".tt-head, [data-testid=stException]")) document.getElementById("tt-loading")?.remove();
  }

  // Whoever was signed out meanwhile, or before this page was opened again, is told so and comes back to it.
  async function ask() {
    if (isConnected()) return;
    const answer = await fetch("/_stcore/health", { cache: "no-store" }).catch(() => null);
    if (answer?.status !== 401) return;
    const page = location.pathname.slice(1) + location.search;
    location.assign(`/sign-in?${new URLSearchParams({ "sign-in": "ended", next: page })}`);
  }

  // Streamlit answers R by drawing the page anew, which dims it, without a server for good. It listens on the document;
  // screens hear their keys on the body.
  document.body.addEventListener("keydown", (event) => {
    if (event.key?.toLowerCase() === "r" && !(event.ctrlKey || event.metaKey || event.altKey)) event.stopPropagation();
  });

  const whatChanges = { subtree: true, childList: true, attributes: true, attributeFilter: ["data-test-connection-state"] };
  new MutationObserver(look).observe(document.body, whatChanges);
  setInterval(ask, asked_ms);
})();
