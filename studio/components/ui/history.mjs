// Undo and redo over states that are never changed in place.

const LIMIT = 200;

export const EMPTY = { past: [], future: [] };

/** Remembers the state before a change; what had been undone is forgotten. */
export const record = ({ past }, before) => ({ past: [...past, before].slice(-LIMIT), future: [] });

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
