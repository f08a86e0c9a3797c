// The clip that follows the drawing: one request at a time, the latest drawing wins, what is superseded is never asked for.

const SETTLED = 350; // ms without a change after which a better clip is worth its time
const RETRY = 400; // ms after which a busy device is asked again

/** `ask(request)` gives a clip or a reason; `show(clip)` puts it on screen. `want` is called with every change. */
export function createLive({ ask, show }) {
  let wanted = null;
  let asking = false;
  let settling = 0;
  let latest = null;

  async function run() {
    if (asking) return;
    asking = true;
    try {
      while (wanted) {
        const request = wanted;
        wanted = null;
        const answer = await ask(request).catch(() => null); // a server that is gone is asked with the next change
        if (latest === null) continue; // stopped meanwhile
        if (answer?.busy && !wanted) {
          wanted = request;
          await new Promise((done) => setTimeout(done, RETRY));
        } else if (answer?.clip) {
          show(answer.clip, request);
        }
      }
    } finally {
      asking = false;
    }
  }

  function want(request) {
    clearTimeout(settling);
    const what = JSON.stringify([request.model, request.drawing]);
    if (what !== latest) {
      latest = what; // letting go of what was dragged changes nothing more
      wanted = { ...request, draft: true };
      run();
    }
    settling = setTimeout(() => {
      wanted = { ...request, draft: false };
      run();
    }, SETTLED);
  }

  /** Nothing more is asked for. */
  function stop() {
    clearTimeout(settling);
    wanted = latest = null;
  }

  return { want, stop };
}
