import {
  AUDIT_STORE_PROPERTIES,
  DEAD_LETTER_STORE_PROPERTIES,
  INBOX_STORE_PROPERTIES,
  KEY_STORE_PROPERTIES,
  sampleEnded,
  TRACE_SUMMARY_STORE_PROPERTIES,
} from '../src/contract/index.ts';
import type { AuditStore, DeadLetter, DeadLetterStore, IdempotencyKeyStore, InboxStore } from '../src/index.ts';
import { BROKEN_TRACE_SUMMARIES } from './broken-trace-summaries.ts';
import { type Breaks, describeTeeth } from './describe-teeth.ts';

const later = () => new Promise((resolve) => setImmediate(resolve));

const CLAIMED = {
  status: 'claimed',
  generation: 1,
  isCancelRequested: false,
  attempt: 1,
  crashes: 0,
  lostAttempts: [],
} as const;

/** For each property one way to be wrong that it has to notice. */
const BROKEN_INBOXES: Breaks<InboxStore> = {
  'a task of which nothing is known can be claimed, and its message is kept as it came': (inbox) => ({
    async payloadOf(taskId) {
      const payload = await inbox.payloadOf(taskId);
      return payload && { ...payload, body: Buffer.from(payload.body.toString()) };
    },
  }),
  'of a hundred that claim a task at once one gets it, and the others hear until when it is busy': (inbox, data) => ({
    async claim(request) {
      const isKnown = data.inbox.has(request.taskId);
      await later();
      return isKnown ? inbox.claim(request) : CLAIMED;
    },
  }),
  'many tasks are claimed at once, each by itself': (inbox) => {
    let claims = 0;
    return {
      async claim(request) {
        if (++claims > 200) throw new Error('a batch takes 200 at most');
        return inbox.claim(request);
      },
    };
  },
  'a value that cannot be stored is refused alone, whatever is claimed beside it': (inbox) => {
    let isPoisoned = false;
    return {
      async claim(request) {
        isPoisoned ||= Number.isNaN(request.attempt + request.expiresAtMs);
        await later();
        return inbox.claim(isPoisoned ? { ...request, attempt: Number.NaN } : request);
      },
    };
  },
  'ids and words of the inbox are values, whatever they hold': (inbox) => ({
    async claim(request) {
      if (request.copy.includes('\0')) throw new Error('invalid byte sequence for encoding');
      return inbox.claim(request);
    },
  }),
  'a redelivery of the same copy takes over, and who held it before has lost it': (inbox) => ({
    end: (ending) => inbox.end({ ...ending, generation: null }),
  }),
  'a worker that takes over from itself lives: that is another attempt and no crash': (inbox) => ({
    async claim(request) {
      const outcome = await inbox.claim(request);
      return outcome.status === 'claimed' ? { ...outcome, crashes: outcome.generation - 1 } : outcome;
    },
  }),
  'what was released is the same attempt again, and what was taken over is a crash': () => ({
    async release() {
      return true;
    },
  }),
  'whoever takes over hears how each attempt began that was lost, and so do all after it': (inbox, data) => ({
    async release(claim) {
      const row = data.inbox.get(claim.taskId);
      if (row) data.inbox.set(claim.taskId, { ...row, lostAttempts: [] });
      return inbox.release(claim);
    },
  }),
  'the list of what was lost does not grow without end; the last of it is always there': (inbox) => ({
    async claim(request) {
      const outcome = await inbox.claim(request);
      return outcome.status === 'claimed' ? { ...outcome, lostAttempts: outcome.lostAttempts.slice(0, 10) } : outcome;
    },
  }),
  'another copy of a running task is held off until the claim has run out': (inbox) => ({
    claim: (request) => inbox.claim({ ...request, copy: '1:' }),
  }),
  'a retry is claimed by its own attempt, and older copies of the message are told that they are': (inbox) => ({
    claim: (request) => inbox.claim({ ...request, attempt: 9 }),
  }),
  'what is told of attempts that are tried again is kept once each, for old copies and with the ending': (
    inbox,
    data,
  ) => ({
    async awaitRetry(claim) {
      const row = data.inbox.get(claim.taskId);
      const isHeld = await inbox.awaitRetry(claim);
      const failedAttempts = [...(row?.failedAttempts ?? []), claim.event];
      if (row && isHeld)
        data.inbox.set(claim.taskId, { ...row, state: 'waiting', attempt: claim.nextAttempt, failedAttempts });
      return isHeld;
    },
  }),
  'the list of what failed does not grow without end; the last of it is always there': (inbox) => ({
    async claim(request) {
      const outcome = await inbox.claim(request);
      return outcome.status === 'superseded'
        ? { ...outcome, failedAttempts: outcome.failedAttempts.slice(0, 5) }
        : outcome;
    },
  }),
  'the message is the one that a worker saw first, through all retries': (inbox, data) => ({
    async claim(request) {
      const outcome = await inbox.claim(request);
      const row = data.inbox.get(request.taskId);
      if (row) data.inbox.set(request.taskId, { ...row, payload: request.payload });
      return outcome;
    },
  }),
  'what a worker has done stays done when its process dies': (inbox, data) => ({
    async claim(request) {
      if (request.isRedelivered) data.inbox.clear();
      return inbox.claim(request);
    },
  }),
  'the first ending holds, and whoever comes later is told of it': (inbox) => ({
    async end(ending) {
      const outcome = await inbox.end(ending);
      return outcome.status === 'ended' ? { ...outcome, event: ending.event } : outcome;
    },
  }),
  'who holds no claim can end a task that somebody holds, that waits, and that nobody has begun': (inbox, data) => ({
    end: async (ending) => (data.inbox.has(ending.taskId) ? inbox.end(ending) : { status: 'lost' }),
  }),
  'of many endings at once one holds, and all are told the same': (inbox, data) => ({
    async end(ending) {
      const row = data.inbox.get(ending.taskId);
      await later();
      return row?.ending ? inbox.end(ending) : sampleEnded(ending.event);
    },
  }),
  'a task that nobody works on is cancelled at once, and asked again it is said again': (inbox) => ({
    async cancel(request) {
      const outcome = await inbox.cancel(request);
      return outcome.status === 'cancelled' ? { ...outcome, event: request.event } : outcome;
    },
  }),
  'a running task is marked, and the mark stays until the task has ended': (inbox, data) => ({
    async awaitRetry(claim) {
      const row = data.inbox.get(claim.taskId);
      if (row) data.inbox.set(claim.taskId, { ...row, isCancelRequested: false });
      return inbox.awaitRetry(claim);
    },
  }),
  'the message of a task that was cancelled before any worker saw it is kept when it comes': (inbox, data) => ({
    payloadOf: async (taskId) => (data.inbox.get(taskId)?.ending ? null : inbox.payloadOf(taskId)),
  }),
  'payloads are forgotten after seven days, endings after ninety, and nothing before': (inbox) => ({
    purge: (nowMs) => inbox.purge(nowMs - 1),
  }),
  'of a hundred that begin an effect at once one may go ahead, and the others hear that it was begun': (
    inbox,
    data,
  ) => ({
    async beginEffect(effect) {
      const isKnown = data.effects.size > 0;
      await later();
      const outcome = await inbox.beginEffect(effect);
      return isKnown ? outcome : { status: 'begun' };
    },
  }),
  'an effect that happened is told with its first result, also to a store that is opened later': (inbox) => ({
    endEffect: ({ result, ...effect }) => inbox.endEffect({ ...effect, result: result || null }),
  }),
  'an effect that did not happen can be begun again, one that happened cannot be forgotten': (_, data) => ({
    async forgetEffect() {
      data.effects.clear();
    },
  }),
  'effects of other tenants, scopes and keys are others': (inbox) => ({
    beginEffect: (effect) => inbox.beginEffect({ ...effect, key: effect.key.toLowerCase() }),
  }),
  'effects are forgotten with the task records': (inbox, data) => ({
    async purge(nowMs) {
      const effects = [...data.effects];
      const gone = await inbox.purge(nowMs);
      for (const [key, effect] of effects) data.effects.set(key, effect);
      return gone;
    },
  }),
  'one after the other, calls do what the rules say, whatever their order and whoever makes them': (inbox) => ({
    async cancel(request) {
      await inbox.cancel(request);
      return { status: 'requested' };
    },
  }),
  'made at the same time, calls do what they would have done in one order of them': (inbox) => ({
    async claim(request) {
      const outcome = await inbox.claim(request);
      return outcome.status === 'busy' ? CLAIMED : outcome;
    },
  }),
};

const BROKEN_KEYS: Breaks<IdempotencyKeyStore> = {
  'a key is taken by the first request, and a second one hears under which task': (keys) => ({
    async claim(request) {
      const outcome = await keys.claim(request);
      return outcome.status === 'pending' ? { ...outcome, taskId: request.taskId } : outcome;
    },
  }),
  'of a hundred requests with one key at once one takes it': (keys, data) => ({
    async claim(request) {
      const isKnown = data.keys.size > 0;
      await later();
      const outcome = await keys.claim(request);
      return isKnown ? outcome : { status: 'mine' };
    },
  }),
  'an answered key gives the first answer again, also to a store that is opened later': (keys) => ({
    answer: ({ answer, ...key }) => keys.answer({ ...key, answer: answer || null }),
  }),
  'another body under the same key is a conflict, answered or not': (keys) => ({
    async claim(request) {
      const outcome = await keys.claim({ ...request, bodyHash: 'any' });
      return outcome;
    },
  }),
  'a key whose request was not accepted is free again, and only its own request can free it': (_, data) => ({
    async release() {
      data.keys.clear();
    },
  }),
  'the same key of another tenant or agent is another key': (keys) => ({
    claim: (request) => keys.claim({ ...request, tenantId: 'default' }),
  }),
  'a key stands for its task for a day': (keys) => ({ claim: (request) => keys.claim({ ...request, nowMs: 0 }) }),
  'a key that cannot be stored is refused alone': (keys) => ({
    claim: async (request) => (Number.isNaN(request.nowMs) ? { status: 'mine' } : keys.claim(request)),
  }),
  'keys are forgotten after a day, and not before': (keys) => ({ purge: (nowMs) => keys.purge(nowMs + 1) }),
  'past the limit no key is added, however many ask at once; those that are there go on answering': (keys, data) => ({
    async claim(request) {
      const isFull = data.keys.size >= 3;
      await later();
      return isFull ? { status: 'full' } : keys.claim(request);
    },
  }),
  'a key that is released or forgotten makes room for another, and one that has had its day for itself': (
    keys,
    data,
  ) => ({
    claim: async (request) => (data.keys.size >= 2 ? { status: 'full' } : keys.claim(request)),
  }),
  'a store that is opened full finds out that it is': (keys) => {
    let taken = 0;
    return {
      async claim(request) {
        const outcome = await keys.claim(request);
        return outcome.status === 'full' && taken++ < 10 ? { status: 'mine' } : outcome;
      },
    };
  },
};

const BROKEN_LETTERS: Breaks<DeadLetterStore> = {
  'a letter comes back as it was added, with every header and byte': (letters) => ({
    async get(queue, taskId) {
      const letter = await letters.get(queue, taskId);
      return letter && { ...letter, body: Buffer.from(letter.body.toString()) };
    },
  }),
  'a letter that is added twice is there once, as it was first': (_, data) => ({
    async add(added) {
      for (const letter of added) data.letters.set(JSON.stringify([letter.queue, letter.taskId]), letter);
    },
  }),
  'letters are listed by queue, newest first, page by page, each once': (letters) => ({
    async list(query) {
      const page = await letters.list(query);
      return { ...page, items: page.items.toReversed() };
    },
  }),
  'letters that come or go while somebody turns the pages move none of the others': (letters) => ({
    async list({ queue, limit, cursor }) {
      const skip = Number(cursor ?? 0);
      const { items } = await letters.list({ queue, limit: 1_000 });
      return { items: items.slice(skip, skip + limit), nextCursor: `${skip + limit}` };
    },
  }),
  'a page of large letters is shorter than was asked for, and its cursor leads on': (letters) => ({
    async list(query) {
      const { nextCursor: _, ...page } = await letters.list(query);
      return { ...page, nextCursor: null };
    },
  }),
  'of many that remove a letter at once one hears that it did': (letters) => ({
    async remove(queue, taskId) {
      const letter = await letters.get(queue, taskId);
      await letters.remove(queue, taskId);
      return letter !== null;
    },
  }),
  'a removed letter that is told again stays removed; one that died again since is back': (_, data) => ({
    remove: async (queue, taskId) => data.letters.delete(JSON.stringify([queue, taskId])),
  }),
  'one death is told from another by when each happened, whether the clock that saw them was ahead of the store or behind':
    (letters, data) => ({
      async add(added) {
        const isOlder = ({ deadAt }: DeadLetter) => Date.parse(deadAt) < Date.now();
        const isRemoved = ({ queue, taskId }: DeadLetter) =>
          data.letters.get(JSON.stringify([queue, taskId]))?.isRemoved === true;
        await letters.add(added.filter((letter) => !(isRemoved(letter) && isOlder(letter))));
      },
    }),
  'a letter that was forgotten before it came does not come; one that died after that does': (letters) => ({
    forget: async (queue, taskId) => void (await letters.remove(queue, taskId)),
  }),
  'letters are counted by queue, without the removed ones': (_, data) => ({
    async count() {
      const byQueue = Map.groupBy(data.letters.values(), ({ queue }) => queue);
      return new Map([...byQueue].map(([queue, all]) => [queue, all.length]));
    },
  }),
  'with a letter that cannot be stored nothing of the batch is': (letters) => ({
    async add(added) {
      for (const letter of added) await letters.add([letter]);
    },
  }),
  'letters are forgotten after thirty days, and not before': (letters) => ({
    purge: (nowMs) => letters.purge(nowMs + 1),
  }),
  'a cursor that no page of letters gave is refused': (letters) => ({
    list: ({ cursor: _, ...query }) => letters.list(query),
  }),
};

const BROKEN_AUDITS: Breaks<AuditStore> = {
  'an entry comes back as it was written, also from a store that is opened later': (audit) => ({
    add: (entries) => audit.add(entries.map((entry) => ({ ...entry, by: entry.by.replaceAll('\0', '') }))),
  }),
  'what is written stays: the same entry again, or another under its id, changes nothing': (_, data) => ({
    async add(entries) {
      for (const entry of entries) data.audit.set(entry.auditId, entry);
    },
  }),
  'entries are listed newest first, page by page, each once, whatever is written meanwhile': (audit) => ({
    async list({ cursor, limit, ...query }) {
      const skip = Number(cursor ?? 0);
      const { items } = await audit.list({ ...query, limit: 1_000 });
      const isLast = skip + limit >= items.length;
      return { items: items.slice(skip, skip + limit), nextCursor: isLast ? null : `${skip + limit}` };
    },
  }),
  'entries are found by task, action and time, the first instant included and the last not': (audit) => ({
    list: ({ to: _, ...query }) => audit.list(query),
  }),
  'entries are forgotten with the task records': (audit) => ({ purge: (nowMs) => audit.purge(nowMs - 1) }),
  'a cursor that no page of the audit trail gave is refused': (audit) => ({
    list: ({ cursor: _, ...query }) => audit.list(query),
  }),
};

describeTeeth('inbox', INBOX_STORE_PROPERTIES, BROKEN_INBOXES);
describeTeeth('keys', KEY_STORE_PROPERTIES, BROKEN_KEYS);
describeTeeth('deadLetters', DEAD_LETTER_STORE_PROPERTIES, BROKEN_LETTERS);
describeTeeth('audit', AUDIT_STORE_PROPERTIES, BROKEN_AUDITS);
describeTeeth('traceSummaries', TRACE_SUMMARY_STORE_PROPERTIES, BROKEN_TRACE_SUMMARIES);
