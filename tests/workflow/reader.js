// Clicks through a report as a reader does, and leaves what was seen in the page as JSON.
// `steps` lists for each view the texts to click one after another; of a row of files, "eye: TEXT"
// and "about: TEXT" click its buttons. A step that finds nothing is seen as an error.
async function read(steps) {
  const pause = () => new Promise((done) => setTimeout(done, 200));
  const find = (text) =>
    [...document.querySelectorAll("a, td")].find((each) => each.innerText.trim() === text);
  const press = async (step) => {
    const [, button, text] = step.match(/^(?:(eye|about): )?(.*)$/);
    const found = find(text);
    if (!found) throw new Error(`nothing says ${text}`);
    const buttons = found.closest("tr")?.querySelectorAll("a");
    (button ? buttons[button === "eye" ? 0 : 1] : found).click();
    await pause();
  };
  const tables = () =>
    [...document.querySelectorAll("nav .prose table")].map((table) => ({
      kind: table.className,
      rows: [...table.rows].map((row) => [...row.cells].map((cell) => cell.innerText.trim())),
    }));
  const seen = {};
  await pause();
  seen.start = { text: document.body.innerText };
  for (const [name, clicks] of Object.entries(steps)) {
    try {
      for (const click of clicks) await press(click);
      const image = document.querySelector("#app img[src^='data:image/png']");
      seen[name] = {
        text: document.body.innerText,
        tables: tables(),
        image: image && [image.naturalWidth, image.naturalHeight],
      };
    } catch (error) {
      seen[name] = { error: `${error}`, text: document.body.innerText };
    }
  }
  seen.fetched = performance.getEntriesByType("resource").map((each) => each.name);
  const out = document.createElement("pre");
  out.id = "seen";
  out.textContent = JSON.stringify(seen);
  document.body.append(out);
}
