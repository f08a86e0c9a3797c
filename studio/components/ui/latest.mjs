// Asking one thing at a time, and of all that was wanted meanwhile the latest alone.

/** `work(request)` gives a promise; it is called with the latest request that was wanted, and with what it superseded never. */
export function oneAtATime(work) {
  let wanted = null;
  let working = false;

  async function want(request) {
    wanted = request;
    if (working) return;
    working = true;
    try {
      while (wanted !== null) {
        const next = wanted;
        wanted = null;
        await work(next);
      }
    } finally {
      working = false;
    }
  }

  return { want, isWaiting: () => wanted !== null, drop: () => (wanted = null) };
}
