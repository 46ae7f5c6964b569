/** Of a span, event, link, log record, resource or data point. */
export const MAX_ATTRIBUTES = 128;
/** Of one attribute's value, in bytes of UTF-8. */
export const MAX_VALUE_BYTES = 4_096;
export const MAX_KEY_CHARACTERS = 256;
export const MAX_BODY_BYTES = 16_384;
export const MAX_NAME_BYTES = 1_024;
/** Events and links of one span, each. */
export const MAX_EVENTS = 128;
/** Upper bounds of one histogram. */
export const MAX_BOUNDS = 256;
/** Of a list or map: more cannot fit into what a body may hold. */
export const MAX_ENTRIES = MAX_BODY_BYTES / 8;
/** Lists in lists, maps in maps. */
export const MAX_DEPTH = 32;
/** Longer strings are cut while they are read; the rules for each kind of value cut shorter still. */
export const MAX_STRING_BYTES = 65_536;
/** Of one span, log record or data point, of a resource and of a scope's name, as sent: what takes longer to read holds up everybody. */
export const MAX_RECORD_BYTES = 4 * 1_024 * 1_024;
/** Buckets of one exponential histogram, both sides together, and quantiles of a summary. */
export const MAX_BUCKETS = 1_024;
/** Of a request, inflated. */
export const MAX_REQUEST_BYTES = 20 * 1_024 * 1_024;
/** Of a request in JSON, inflated: it is read in one go, and weighs ten times as much in memory. */
export const MAX_JSON_BYTES = 4 * 1_024 * 1_024;

/** Set to true on what was cut to fit: attributes left out, a value shortened, events or links left out. */
export const TRUNCATED = 'tracepost.truncated';
