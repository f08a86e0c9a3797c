// Undo and redo over states that are never changed in place.

const LIMIT = 200;
const PAUSE = 800; // ms after which a change of the same kind is another step

export const EMPTY = { past: [], future: [] };

/**
 * Remembers the state before a change; what had been undone is forgotten. Changes of one `kind` (a slider's, a held key's) in
 * quick succession are one step; `at` is when, in ms.
 */
export function record({ past, latest }, before, { kind, at } = {}) {
  if (kind === undefined) return { past: [...past, before].slice(-LIMIT), future: [] };
  const goesOn = latest?.kind === kind && at - latest.at < PAUSE;
  return { past: goesOn ? past : [...past, before].slice(-LIMIT), future: [], latest: { kind, at } };
}

/** {history, state} one change back, or null when there is none. */
export function undo({ past, future }, now) {
  if (!past.length) return null;
  return { history: { past: past.slice(0, -1), future: [now, ...future] }, state: past.at(-1) };
}

/** {history, state} one change forth, or null when there is none. */
export function redo({ past, future }, now) {
  if (!future.length) return null;
  return { history: { past: [...past, now], future: future.slice(1) }, state: future[0] };
}
