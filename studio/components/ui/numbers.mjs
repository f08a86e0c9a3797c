// The numbers beside the drawing: measured in the browser, so that they follow a drag without asking anyone.

import { html } from "./dom.mjs";
import { laVolume, lvef, lvLength, simpson, wallThickness } from "./measure.mjs";

const CELLS = {
  edv: ["EDV", "mL", 0, "LV volume at end-diastole (Simpson, one plane)"],
  esv: ["ESV", "mL", 0, "LV volume at end-systole (Simpson, one plane)"],
  lvef: ["LVEF", "%", 0, "Ejection fraction"],
  length: ["LV length", "mm", 0, "Endocardial apex to the middle of the mitral annulus"],
  septal: ["Septum", "mm", 1, "Thickness of the wall on the left, middle third"],
  lateral: ["Lateral", "mm", 1, "Thickness of the wall on the right, middle third"],
  la: ["LA", "mL", 0, "Left atrial volume (area and length, one plane)"],
};
const A2C = { septal: "Inferior", lateral: "Anterior" };
/** At which instant a number has its normal range: the chambers at their largest, the wall at rest. */
const AT = { edv: null, esv: null, lvef: null, septal: "ed", lateral: "ed", la: "es" };

/**
 * The numbers of a heart: the EDV of its contours at ED, the ESV that its beat reaches (mL) or else what its LVEF (percent or
 * null) asks for, the rest of the contours on screen.
 */
export function measured(ed, asked, shown, reached) {
  const edv = simpson(ed.lv_endo);
  const { septal, lateral } = wallThickness(shown.lv_endo, shown.lv_epi);
  const esv = reached ?? (asked === null ? NaN : edv * (1 - asked / 100));
  return { edv, esv, lvef: lvef(edv, esv), length: lvLength(shown.lv_endo), septal, lateral, la: laVolume(shown.la) };
}

/** A row of the numbers; `normal` holds [low, high] of those that have a normal range. */
export function createNumbers(normal) {
  const cells = Object.fromEntries(
    Object.entries(CELLS).map(([name, [words, , , hint]]) => {
      const [title, value, range] = [html("dt", {}, words), html("dd", { class: name }, "–"), html("dd", { class: "normal" })];
      return [name, { title, value, range, cell: html("div", { title: hint }, title, value, range) }];
    }),
  );
  const node = html("dl", { class: "numbers", "aria-label": "Measurements" }, ...Object.values(cells).map(({ cell }) => cell));

  /** `instant` is "ed", "es" or null. */
  function show(numbers, view, instant) {
    for (const [name, [words, unit, digits]] of Object.entries(CELLS)) {
      const { title, value, range, cell } = cells[name];
      const number = numbers[name];
      const known = Number.isFinite(number);
      const told = normal[name] && (AT[name] === null || AT[name] === instant);
      const [low, high] = told ? normal[name] : [];
      title.textContent = view === "A2C" ? (A2C[name] ?? words) : words;
      value.textContent = known ? `${number.toFixed(digits)} ${unit}` : "–";
      range.textContent = told ? `${low}–${high}` : "";
      cell.classList.toggle("unusual", Boolean(known && told && (number < low || number > high)));
    }
  }

  return { node, show };
}
