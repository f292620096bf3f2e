// The box beside a password's field shows what is typed there. What is sent is a password again, so that no browser
// offers it later as a word that was typed once.
for (const box of document.querySelectorAll("[data-shows-password]")) {
  const fields = box.form.querySelectorAll("input[type=password]");
  const type = (name) => fields.forEach((field) => (field.type = name));
  box.closest("label").hidden = false;
  box.addEventListener("change", () => type(box.checked ? "text" : "password"));
  box.form.addEventListener("submit", () => type("password"));
}
