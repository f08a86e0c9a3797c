// The clip that follows the drawing: a draft of the latest drawing at once, and a better one when it has settled.

import { oneAtATime } from "./latest.mjs";

const SETTLED = 350; // ms without a change after which a better clip is worth its time
const RETRY = 400; // ms after which a busy device is asked again

const nameOf = ({ model, drawing }) => JSON.stringify([model, drawing]);

/**
 * `ask(request)` gives {clip}, {clip, final: true} where there is no better one, {busy} or a reason; `show(clip)` puts it on
 * screen. `want` is called with every change.
 */
export function createLive({ ask, show }) {
  let settling = 0;
  let latest = null; // names what is wanted; null: nothing
  let finished = null; // names that of which the final clip was shown

  const queue = oneAtATime(async (request) => {
    if (!request.draft && nameOf(request) === finished) return;
    const answer = await ask(request).catch(() => null); // a server that is gone is asked with the next change
    if (latest === null) return; // stopped meanwhile
    if (answer?.clip) {
      if (answer.final) finished = nameOf(request);
      show(answer.clip, request);
    } else if (answer?.busy && !queue.isWaiting()) {
      await new Promise((done) => setTimeout(done, RETRY));
      if (latest !== null && !queue.isWaiting()) queue.want(request);
    }
  });

  function want(request) {
    clearTimeout(settling);
    const what = nameOf(request);
    if (what !== latest) {
      latest = what; // letting go of what was dragged changes nothing more
      queue.want({ ...request, draft: true });
    }
    settling = setTimeout(() => queue.want({ ...request, draft: false }), SETTLED);
  }

  /** Nothing more is asked for. */
  function stop() {
    clearTimeout(settling);
    latest = null;
    queue.drop();
  }

  return { want, stop };
}
