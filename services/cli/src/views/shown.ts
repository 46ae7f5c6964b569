import type { SessionAnalysis, SessionModelCall, SessionView } from '@tracepost/contracts';

/** What the contract says of an analysis, as the API shows it: an instant is text, under its name without `Ms`. */
export type Shown<T> = T extends readonly (infer Entry)[]
  ? readonly Shown<Entry>[]
  : T extends object
    ? { readonly [Key in keyof T as ShownName<Key>]: Key extends Instant ? string | null : Shown<T[Key]> }
    : T;

type Instant = 'atMs' | 'askedAtMs' | 'beganAtMs' | 'replacedAtMs' | 'fromMs' | 'toMs' | 'startMs';
type ShownName<Key> = Key extends Instant ? (Key extends `${infer Name}Ms` ? Name : never) : Key;

type Figures = Shown<
  Pick<
    SessionAnalysis,
    | 'models'
    | 'tools'
    | 'sequences'
    | 'repeated'
    | 'patterns'
    | 'complexity'
    | 'times'
    | 'anomalies'
    | 'recommendations'
    | 'costs'
  >
> & {
  readonly calls: readonly Shown<Pick<SessionModelCall, 'callId' | 'atMs' | 'model'>>[];
  readonly previousCosts: readonly { readonly replacedAt: string | null; readonly costUsd: number | null }[];
};

/** `GET /api/v1/sessions/{id}`, with the fields that its schema leaves to the analysis. */
export type ShownSession = Omit<SessionView, keyof Figures> & Figures;
export type ShownEvidence = ShownSession['patterns'][number]['evidence'][number];
export type ShownCost = ShownSession['costs'][number];
export type ShownRecommendation = ShownSession['recommendations'][number];
