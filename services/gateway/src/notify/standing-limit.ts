/** How many may wait, learned from how they come and go. */
export interface StandingLimit {
  /** The limit now, with so many waiting. */
  at(nowMs: number, waiting: number): number;
  /** One has gone; so many still wait. */
  left(waiting: number): void;
  /** One was turned away because of the limit. */
  refused(): void;
}

const WINDOW_MS = 100;
/** The rate at which they go is that of so many windows in which there was always one to go: a broker pauses for some tens of milliseconds. */
const WINDOWS = 10;
/** Who is let in while others keep coming too fast waits about so long. */
const TARGET_MS = 120;
/** So many may wait while none goes: a second or two without a broker shall not turn away what little comes. */
const WHILE_NONE_GOES = 64;
/** So many may always wait, however slowly they go. */
const LEAST = 8;
const GROWTH = 1.1;
/** A full room of the right size is never quite full: only where clearly fewer waited there is place for more. */
const SLACK = 0.5;
/** The flood is over when nobody was turned away for so long, or only from a queue that was gone within a window. */
const CALM_MS = 3_000;

/**
 * A burst may fill the whole room: it is gone in a moment. A queue that stands, because requests come faster than they go, makes
 * everybody wait for all of it and helps nobody. It stands when a whole window through more waited than go within the target (the
 * least in the window, as CoDel, RFC 8289, has it for the least time); then no more are let in than go within the target (Little's
 * law). The limit grows when somebody was turned away although no queue stands, and is given up when for three seconds nobody was turned
 * away from one that stood: bursts that are gone at once shall not keep it alive by being turned away.
 */
export function createStandingLimit({ max, nowMs }: { readonly max: number; readonly nowMs: number }): StandingLimit {
  const goneBefore: number[] = [];
  let limit = max;
  let beganAtMs = nowMs;
  let gone = 0;
  let fewest = 0;
  let hasRefused = false;
  let floodedAtMs = nowMs;

  function endWindow(lastedMs: number): void {
    // Nobody waited at some time: they went as they came. None went: the broker was away. Neither says how fast they can go.
    if (fewest > 0 && gone > 0) goneBefore.push(gone / lastedMs);
    if (goneBefore.length > WINDOWS) goneBefore.shift();
    const perMs = goneBefore.reduce((sum, one) => sum + one, 0) / Math.max(1, goneBefore.length);
    const inTarget = perMs * TARGET_MS;
    // What was learned in a slower time makes no queue of a burst that goes within the target now.
    const inTargetNow = (gone / lastedMs) * TARGET_MS;
    const standing = Math.max(gone > 0 ? LEAST : WHILE_NONE_GOES, Math.floor(inTarget));
    if (fewest > Math.max(standing, inTargetNow)) limit = Math.min(limit, standing);
    else if (hasRefused && fewest < SLACK * inTarget) limit = Math.min(max, Math.ceil(limit * GROWTH));
  }

  return {
    at(atMs, waiting) {
      const lastedMs = atMs - beganAtMs;
      if (lastedMs < WINDOW_MS) return limit;
      const before = limit;
      endWindow(lastedMs);
      if ((hasRefused && fewest > 0) || limit < before) floodedAtMs = atMs;
      else if (atMs - floodedAtMs > CALM_MS) limit = max;
      beganAtMs = atMs;
      gone = 0;
      fewest = waiting;
      hasRefused = false;
      return limit;
    },
    left(waiting) {
      gone += 1;
      fewest = Math.min(fewest, waiting);
    },
    refused() {
      hasRefused = true;
    },
  };
}
