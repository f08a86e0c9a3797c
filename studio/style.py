"""The theme, and the layout that gradio's rows cannot express."""

import gradio as gr

_FONT = ["ui-sans-serif", "system-ui", "Segoe UI", "Roboto", "sans-serif"]

THEME = gr.themes.Base(
    primary_hue="teal",
    neutral_hue="slate",
    font=_FONT,
    font_mono=["ui-monospace", "Consolas", "monospace"],
    spacing_size="sm",
    radius_size="sm",
    text_size="sm",
).set(
    body_text_color_subdued="*neutral_600",
    button_primary_background_fill="*primary_700",
    button_primary_background_fill_hover="*primary_800",
    button_primary_background_fill_dark="*primary_700",
    button_primary_background_fill_hover_dark="*primary_600",
)

CSS = """
.gradio-container { max-width: none !important; padding: 0 !important; overflow: clip !important; }
.gradio-container .main { padding: 6px 14px !important; }
.html-container { padding: 0 !important; }
#notice { position: absolute; right: 0; top: 6px; width: auto; z-index: 1; }
#notice .html-container > div > div { display: flex; align-items: baseline; gap: 12px; }
#notice h1 { white-space: nowrap; font-size: 17px; margin: 0; font-weight: 650; }
#notice span { color: var(--body-text-color-subdued); font-size: 12px; }
#workbench {
  display: grid; gap: 12px; align-items: start;
  grid-template: "draw watch settings" auto / minmax(0, 1fr) minmax(0, 1fr) 272px;
}
#workbench > * { min-width: 0 !important; }
#draw { grid-area: draw; }
#watch { grid-area: watch; }
#settings { grid-area: settings; }
@media (max-width: 1100px) {
  #workbench { grid-template: "draw settings" auto "watch settings" 1fr / minmax(0, 1fr) 264px; }
  #settings { position: sticky; top: 8px; }
}
#counterfactual { display: grid; gap: 12px; align-items: start; grid-template-columns: 288px minmax(0, 1fr); }
#counterfactual > * { min-width: 0 !important; }
#ask .form { display: grid; grid-template-columns: 1fr 1fr; }
#ask .form > #still-frame, #ask-more .form > * { grid-column: 1 / -1; }
#ask .form > .block { min-width: 0; padding: 6px 10px; }
#ask .form .min_value, #ask .form .max_value { display: none; }
#still { min-height: 132px; border-radius: 6px; background: #000; color: #cbd5e1; display: grid; place-items: center; }
#still img { height: 176px; }
#still p { margin: 0; padding: 12px; font-size: 13px; }
#still-drawing, #still-clip, #still-file { flex: 1 1 0; }
#ask-new-seed { align-self: end; flex: none; margin-bottom: 10px; }
.tools { flex-wrap: nowrap !important; gap: 6px !important; align-items: center; }
.tools > * { min-width: 0 !important; }
.tools > .form { display: flex; flex: 1 1 0 !important; flex-wrap: nowrap; gap: 6px; border: 0; background: none; }
#view .wrap { flex-wrap: nowrap; gap: 4px; }
#view label { padding: 3px 6px; }
#view { flex: none; width: auto; padding: 0; }
#open-file { margin-left: auto; }
#open-file, #save-drawing { flex: none; width: auto; }
.gradio-container .block:has(input[type="number"]:placeholder-shown) input[type="range"] { opacity: 0.25; filter: grayscale(1); }
#new-seed { align-self: end; flex: none; margin-bottom: 10px; }
.tools button, .tools .lg, .tools .sm { white-space: nowrap; padding-inline: 8px; min-height: 32px; }
@media (max-width: 640px) {
  #notice, #settings { position: static; }
  #workbench { grid-template: "draw" auto "settings" auto "watch" auto / minmax(0, 1fr); }
  #draw .tools { flex-wrap: wrap !important; }
  #counterfactual { grid-template-columns: minmax(0, 1fr); }
}
/* The clip that follows the drawing is none to save. */
#watch:has(.player-root[data-live="true"]) > .tools > * { visibility: hidden; }
#watch:has(.player-root[data-live="true"]) > .tools::after {
  content:
    "This clip follows the drawing. Generate makes one to keep; 'Live: off' shows the last one again.";
  position: absolute; left: 0; font-size: 13px; opacity: 0.8;
}
#watch > .tools { position: relative; }
.status-line {
  font-size: 13px; line-height: 1.4; min-height: 2.8em; padding: 6px 8px; overflow-wrap: anywhere;
  border-left: 3px solid var(--border-color-primary); background: var(--background-fill-secondary);
}
.status-line[data-kind="busy"], .status-line[data-kind="done"] { border-color: var(--color-accent); }
.status-line[data-kind="error"] { border-color: #dc2626; }
#models p { margin: 0 0 10px; max-width: 90ch; }
.cards { display: grid; gap: 12px; grid-template-columns: repeat(auto-fill, minmax(min(100%, 420px), 1fr)); }
.card { border: 1px solid var(--border-color-primary); border-radius: 8px; padding: 12px 16px; }
.card h2 { font-size: 15px; font-weight: 650; margin: 0 0 4px; }
.card dl { display: grid; grid-template-columns: 9em 1fr; gap: 4px 12px; margin: 8px 0 0; font-size: 13px; }
.card dt { color: var(--body-text-color-subdued); }
.card dd { margin: 0; overflow-wrap: anywhere; }
footer { display: none !important; }
"""
