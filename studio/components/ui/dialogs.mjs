// The windows over the page: hearts to start from, keys, and what the labels of a file mean.

import { button, html } from "./dom.mjs";

/** A modal window with a title; closes by Escape, its button and a click beside it. */
function createDialog(className, title, ...content) {
  const close = button("close", { words: "Close", hint: "Close" });
  const heading = html("h2", { id: `${className}-title` }, title);
  const node = html("dialog", { class: className, "aria-labelledby": `${className}-title` }, html("header", {}, heading, close), ...content);
  close.addEventListener("click", () => node.close());
  node.addEventListener("click", (event) => event.target === node && node.close());
  return node;
}

/** The gallery: `hearts` are {name, title, about, pictures: {A4C, A2C}}; `pick(name)` is called with a name, or null for a random patient. */
export function createGallery(hearts, pick) {
  const tiles = hearts.map(({ name, title, about, pictures }) => {
    const picture = html("img", { alt: "", width: 96, height: 96 });
    const tile = html("button", { type: "button", class: "tile", "data-heart": name ?? "random", title: about }, picture, html("span", {}, title));
    tile.addEventListener("click", () => (node.close(), pick(name)));
    return { tile, picture, pictures };
  });
  const node = createDialog("gallery", "Start from a heart", html("div", { class: "tiles" }, ...tiles.map(({ tile }) => tile)));
  const open = (view) => {
    for (const { picture, pictures } of tiles) picture.src = pictures[view];
    node.showModal();
  };
  return { node, open };
}

/** The panel of keys; `keys` are [key, what it does]. */
export function createKeys(keys) {
  const rows = keys.map(([key, what]) => [html("dt", {}, ...key.split(" ").map((part) => html("kbd", {}, part))), html("dd", {}, what)]);
  const node = createDialog("keys-panel", "Keys and gestures", html("dl", {}, ...rows.flat()));
  return { node, open: () => node.showModal() };
}

/**
 * What the labels of a file mean. A question is {token, name, picture, labels: [{value, pixels, guess, colour}], classes: [[class, name]]};
 * `answer(token, {value: class})` is called when it is answered.
 */
export function createMapping(answer) {
  const picture = html("img", { alt: "The label map of the file", class: "map" });
  const rows = html("div", { class: "labels-found" });
  const name = html("p", {});
  const take = button("take", { words: "Use these contours", hint: "Trace the contours" });
  take.setAttribute("aria-label", "Use these contours");
  const node = createDialog(
    "mapping", "What do these labels mean?", name, html("div", { class: "columns" }, picture, html("div", {}, rows, take)),
  );
  let asked = null;
  take.addEventListener("click", () => {
    const meant = Object.fromEntries([...rows.querySelectorAll("select")].map((list) => [list.dataset.value, Number(list.value)]));
    node.close();
    answer(asked.token, meant);
  });
  function open(question) {
    asked = question;
    name.textContent = `${question.name} has ${question.labels.length} labels. Say which structure each of them is.`;
    picture.src = question.picture;
    rows.replaceChildren(
      ...question.labels.map(({ value, pixels, guess, colour }) => {
        const list = html("select", { "data-value": value }, ...question.classes.map(([each, words]) => html("option", { value: each }, words)));
        list.value = String(guess);
        const swatch = html("span", { class: "swatch", style: `background:${colour}` });
        return html("label", {}, swatch, html("span", {}, `Label ${value}`), html("small", {}, `${pixels} pixels`), list);
      }),
    );
    node.showModal();
  }
  return { node, open };
}
