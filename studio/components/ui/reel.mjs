// A clip's pictures in the browser: fetching and decoding its sheet of frames, and reading their grey levels.

import { address } from "./dom.mjs";

/** A sheet as a bitmap; throws where it cannot be fetched or decoded. */
export async function bitmap(picture) {
  // grey levels and overlay colours as they are in the file: no colour management, no premultiplied rounding
  return createImageBitmap(await blobOf(picture), { colorSpaceConversion: "none" });
}

/** The bytes of a picture. Those that came with the value are unpacked here, for the page's policy lets nothing connect to data. */
async function blobOf(picture) {
  const [head, coded] = typeof picture === "string" && picture.startsWith("data:") ? picture.split(",") : [];
  if (coded) return new Blob([Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0))], { type: head.slice(5, head.indexOf(";")) });
  const response = await fetch(address(picture));
  if (!response.ok) throw new Error(`answer ${response.status}`);
  return response.blob();
}

/** Where a frame lies on its sheet: [x, y] of its top left pixel. */
export const corner = (frame, { width, height, columns }) => [(frame % columns) * width, Math.floor(frame / columns) * height];

/** The grey levels of every frame, one after the other: frames x height x width bytes. */
export function greysOf(sheet, clip) {
  const { frames, width, height } = clip;
  const context = new OffscreenCanvas(sheet.width, sheet.height).getContext("2d", { willReadFrequently: true });
  context.drawImage(sheet, 0, 0);
  const greys = new Uint8ClampedArray(frames * height * width);
  for (let frame = 0; frame < frames; frame++) {
    const { data } = context.getImageData(...corner(frame, clip), width, height);
    for (let i = 0, at = frame * height * width; i < data.length; i += 4) greys[at++] = data[i];
  }
  return greys;
}
