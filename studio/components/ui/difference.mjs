// How the frame of one clip differs from that of another, in colours that every eye tells apart.

const DARKER = [72, 149, 255];
const LIGHTER = [255, 147, 41];
const DIMMED = 0.45; // of the clip's grey where both are equal
const FULL = 72; // grey levels of difference that take the whole colour

/**
 * Paints `grey - factual` (bytes of one frame each) over the dimmed clip into the RGBA bytes of an ImageData of the same frame:
 * blue where the clip is darker, orange where it is lighter, neutral grey where both are equal.
 */
export function paintDifference(grey, factual, rgba) {
  for (let i = 0; i < grey.length; i++) {
    const by = grey[i] - factual[i];
    const share = Math.min(Math.abs(by) / FULL, 1);
    const colour = by < 0 ? DARKER : LIGHTER;
    for (let channel = 0; channel < 3; channel++) {
      rgba[4 * i + channel] = (1 - share) * DIMMED * grey[i] + share * colour[channel];
    }
    rgba[4 * i + 3] = 255;
  }
}
