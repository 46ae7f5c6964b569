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
/** Lists in lists, maps in maps. */
export const MAX_DEPTH = 32;
/** Of a request, inflated. */
export const MAX_REQUEST_BYTES = 20 * 1_024 * 1_024;

/** Set to true on what was cut to fit: attributes left out, a value shortened, events or links left out. */
export const TRUNCATED = 'tracepost.truncated';
