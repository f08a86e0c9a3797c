// The tools to choose from, and the few options that each of them has.

import { button, html, isPressed, press } from "./dom.mjs";

/** Tools in their order: [picture, name, key, what it does]. */
export const TOOLS = {
  points: ["points", "Points", "v", "Drag points; drag a chamber to move it, with Shift the whole heart. Double-click a line to add a point."],
  transform: ["transform", "Move, turn, scale", "r", "Drag inside to move, a corner to scale (Shift: freely), the upper grip to turn."],
  push: ["push", "Push", "p", "Push the walls softly; neighbours move together and never cross."],
  wall: ["wall", "Wall", "w", "Brush along a wall to thicken or thin it."],
  brush: ["brush", "Paint", "b", "Paint a region; its outline is traced when you let go."],
  pen: ["pen", "Sketch", "s", "Draw freely; a pen's pressure gives the width."],
  eraser: ["eraser", "Erase sketch", "e", "Rub out parts of the sketch."],
  arrow: ["arrow", "Leaflet direction", "a", "Drag from a leaflet where it moves to; a short drag takes the arrow away."],
};

const REGIONS = { lv: "LV cavity", myocardium: "Myocardium", la: "Left atrium", erase: "Nothing (erase)" };
const PARTS = { lv: "LV", la: "LA", all: "All" };
const RADIUS = [3, 30]; // mm

/**
 * The palette and the row of options. `choose(tool)` and `change(options)` tell of a choice; `act(name)` of an action: add-point,
 * delete-point, mirror, snap, sketch-contours, sketch-image, sketch-clear.
 */
export function createPalette({ choose, change, act }) {
  const options = { soft: true, radius: 10, wall: "thicken", region: "lv", structure: "lv" };
  const set = (name, value) => {
    options[name] = value;
    change(options);
  };

  const tools = Object.fromEntries(
    Object.entries(TOOLS).map(([name, [picture, words, key, what]]) => {
      const tool = button(`tool tool-${name}`, { picture, hint: `${words} (${key.toUpperCase()}): ${what}`, pressed: false });
      tool.setAttribute("aria-label", words);
      tool.addEventListener("click", () => choose(name));
      return [name, tool];
    }),
  );
  const node = html("div", { class: "palette", role: "toolbar", "aria-label": "Tools", "aria-orientation": "vertical" }, ...Object.values(tools));

  const soft = button("soft", { picture: "soft", words: "Soft", hint: "Soft: a dragged point takes its neighbours along", pressed: true });
  soft.addEventListener("click", () => (press(soft, !isPressed(soft)), set("soft", isPressed(soft))));
  const radius = html("input", { type: "range", class: "radius", min: RADIUS[0], max: RADIUS[1], step: 1, value: options.radius, "aria-label": "Size in mm" });
  const size = html("output", {}, `${options.radius} mm`);
  const resize = (value) => {
    radius.value = value;
    size.textContent = `${radius.value} mm`;
    set("radius", Number(radius.value));
  };
  radius.addEventListener("input", () => resize(radius.value));
  const reach = html("label", { class: "size" }, "Size", radius, size);

  const choice = (name, words, picked) => {
    const list = html("select", { class: name, "aria-label": words }, ...Object.entries(picked).map(([value, said]) => html("option", { value }, said)));
    list.value = options[name];
    list.addEventListener("change", () => set(name, list.value));
    return list;
  };
  const wall = choice("wall", "Thicken or thin", { thicken: "Thicken", thin: "Thin" });
  const region = choice("region", "Region to paint", REGIONS);
  const structure = choice("structure", "What to move", PARTS);
  const action = (name, words, hint) => {
    const it = button(name, { words, hint });
    it.setAttribute("aria-label", words);
    it.addEventListener("click", () => act(name));
    return it;
  };
  const actions = {
    add: action("add-point", "Add point", "A point beside the selected one (Insert)"),
    remove: action("delete-point", "Delete point", "Delete the selected point (Delete)"),
    mirror: action("mirror", "Mirror", "Swap the left and right walls about the long axis"),
    snap: action("snap", "Attach LA", "Put the ends of LA and leaflets on the annulus"),
    contours: action("sketch-contours", "From contours", "Add the contours to the sketch"),
    image: action("sketch-image", "From image", "Add the edges of the image to the sketch"),
    clear: action("sketch-clear", "Clear", "Take the whole sketch away"),
  };
  const OPTIONS = {
    points: [soft, actions.add, actions.remove, actions.snap],
    transform: [structure, actions.mirror, actions.snap],
    push: [reach],
    wall: [wall, reach],
    brush: [region, reach],
    pen: [actions.contours, actions.image, actions.clear],
    eraser: [reach, actions.clear],
    arrow: [],
  };
  const row = html("div", { class: "options toolbar", role: "toolbar", "aria-label": "Options of the tool" });

  function show(tool) {
    for (const [name, each] of Object.entries(tools)) press(each, name === tool);
    row.replaceChildren(...OPTIONS[tool]);
  }

  /** What can be done now: {selected, image, sketch}, each true or false. */
  function allow({ selected, image, sketch }) {
    actions.add.disabled = actions.remove.disabled = !selected;
    actions.image.disabled = !image;
    actions.clear.disabled = !sketch;
  }

  function pick(name, value) {
    ({ structure, wall, region })[name].value = value;
    set(name, value);
  }

  return { node, row, options, show, allow, resize, pick };
}
