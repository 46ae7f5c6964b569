import { type CallEntry, isByPlace } from '../entries/session-entries.ts';

/**
 * An answer of words alone has no id in its event, but one where the program counted its calls: there it is the next that no event is of.
 * Such a call and what was counted of it become one, so that it counts once. `counted` are ids, in the order of their calls.
 */
export function named(calls: readonly CallEntry[], counted: readonly string[]): readonly CallEntry[] {
  const told = new Map(calls.map((call) => [call.callId, call]));
  const unheard = counted.map((id) => (told.get(id)?.sequence === 0 ? id : null));
  if (unheard.every((id) => id === null)) return calls;
  let before = -1;
  for (const call of calls.filter(({ sequence }) => sequence > 0).sort((one, other) => one.sequence - other.sequence)) {
    const isNameless = isByPlace(call.callId) && !call.usage;
    const at = isNameless ? nextOf(unheard, before) : counted.indexOf(call.callId);
    if (at < 0) continue;
    before = at;
    const own = isNameless ? told.get(unheard[at] ?? '') : undefined;
    if (!own) continue;
    told.delete(own.callId);
    told.set(call.callId, { ...own, ...known(call), callId: call.callId });
    unheard[at] = null;
  }
  return [...told.values()];
}

/** Behind that place, else the first there is. */
function nextOf(unheard: readonly (string | null)[], before: number): number {
  const next = unheard.findIndex((id, at) => id !== null && at > before);
  return next >= 0 ? next : unheard.findIndex((id) => id !== null);
}

function known(call: CallEntry): Partial<CallEntry> {
  return Object.fromEntries(Object.entries(call).filter(([, value]) => value !== null && value !== undefined));
}
