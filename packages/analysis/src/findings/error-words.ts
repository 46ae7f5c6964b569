import type { ErrorPattern } from '@tracepost/contracts';
import { AnyOf } from './any-of.ts';
import { patternOfCurl, patternOfStatus, patternOfType } from './error-types.ts';
import { withoutSought } from './without-sought.ts';

/** What a line that is an error says of its cause; null: nothing that is known. Linear in its length, which the caller has capped. */
export function patternOfLine(whole: string): ErrorPattern | null {
  const line = withoutSought(whole);
  const told = patternOfBody(line);
  if (told) return told;
  const thrown = patternOfType(/^([\w$.:]{3,120}?)(?:\s\[|:|$|\s*\()/.exec(line)?.[1] ?? '', null);
  const plain = NO_CAUSE.test(whole) ? '' : withoutNames(line);
  const curl = patternOfCurl(/\bcurl:? \(?(\d{1,3})\)?(?!\d)/.exec(line)?.[1]);
  if (curl) return curl;
  // Some services answer 403 to those who ask too often, and say so.
  if (RATE_LIMIT.test(plain)) return 'rate_limit';
  if (TOLD_TO_LOG_IN.test(line)) return 'auth_failure';
  const status = statusIn(plain) ?? namedIn(plain);
  if (status) return status;
  for (const [pattern, words] of WORDS) if (words.test(plain)) return pattern;
  return thrown;
}

/** A provider's answer in JSON tells more than its words: the type, the status or the code of the error. */
function patternOfBody(line: string): ErrorPattern | null {
  const code = line.includes('<') ? /<code>([\w.:#-]{3,60})<\/code>/i.exec(line)?.[1] : undefined;
  if (code !== undefined) return patternOfType(code, null);
  const from = line.indexOf('{');
  if (from < 0) return null;
  for (const found of line.slice(from).matchAll(BODY_FIELDS)) {
    const pattern = patternOfType((found[1] ?? found[2] ?? '').replace(/^.*#/, ''), null);
    if (pattern) return pattern;
  }
  return null;
}

/** What names an error in the bodies of answers; `error` where that is one word and no sentence. */
const BODY_FIELDS =
  /["'](?:(?:type|status|code|statusCode|status_code|error_?code|http_?status|reason|__type)["']\s*:\s*["']?([\w.#-]{3,60})|error["']\s*:\s*["']([\w.-]{3,60})["'])/gi;

function statusIn(line: string): ErrorPattern | null {
  for (const expression of STATUS) {
    const pattern = patternOfStatus(Number(expression.exec(line)?.[1]));
    if (pattern) return pattern;
  }
  return null;
}

/** `An error occurred (ExpiredToken) …`, `Error from server (Forbidden): …`, `rpc error: code = Unauthenticated …` */
function namedIn(line: string): ErrorPattern | null {
  const name = /^(?:an )?error (?:occurred|from server) \((\w{3,60})\)|^(?:rpc error: )?code\s?[:=]\s?(\w{3,60})/i.exec(
    line,
  );
  const type = name?.[1] ?? name?.[2];
  return type === undefined ? null : patternOfType(type, null);
}

const STATUS: readonly RegExp[] = [
  /^(?:(?:[Aa][Pp][Ii] |[Hh][Tt][Tt][Pp] )?[Ee]rror(?: code)?:?\s+)?([45]\d\d)(?=$|\s?[:{,.-]|\s[A-Z"'{])/,
  /\b(?:status|code|http|error|err!|returned|responded with|response)(?:\s(?:code|status|error))?[\s:=(]{1,3}([45]\d\d)\b(?!\.\d|\s(?:of|rows?|files?|tests?|items?|records?|lines?|ms|bytes|results?|errors?|warnings?|problems?)\b)/i,
  /\bHTTP\/\d(?:\.\d)?\s([45]\d\d)\b/,
  /\bE(4\d\d)\b/,
  /\bERR_PNPM_FETCH_(4\d\d)\b/,
  /\(([45]\d\d)\)/,
  /^(?!.*\b(?:expected|want)\b).{0,200}\b(?:[Gg]ot|[Rr]eceived)(?: an?)?(?: HTTP)? ([45]\d\d)(?=$|[:.,;]|\s(?:from|for|by|while|when|[A-Z(]))/,
  /\b(?:request|call|fetch|download|upload|log ?in|query|api|http)\b(?: \S+){0,3} failed(?::| with)?(?: an?)?(?: http)? ([45]\d\d)\b(?! of\b)/i,
  /\b([45]\d\d)\s(?:client error|server error|too many requests|unauthorized|forbidden|gateway time-?out|request time-?out|unprocessable|bad request)/i,
];

const RATE_LIMIT = new AnyOf([
  /\btoo many requests\b/i,
  /\brate[ _-]?limit(?:s|ed|ing)?\b(?: \w+){0,3} (?:exceeded|reached|hit|error)|\b(?:exceed(?:ed|s)?|reached|hit|over)\b(?: \S+){0,5} rate[ _-]?limit/i,
  /\brate[ -]limited\b(?![-@])|\brate_limit_(?:error|exceeded)\b|\brate limit(?:$|[:.,;])/i,
  /\b(?:quota|request limit|usage limit)\b(?: \S+){0,4} (?:exceeded|reached|exhausted)|\bexceeded your(?: \S+){0,3} quota|\binsufficient_quota\b/i,
  /\b(?:hit|reached) your (?:\S+ ){0,2}limit\b|\b\d+-hour limit reached\b|(?:^|: )rate exceeded\b|\bexhausted your (?:\S+ ){0,2}(?:capacity|quota|limit)\b/i,
  /\bThrottlingException\b|\bthrottled\b|\bRESOURCE_EXHAUSTED\b|\bRateLimitError\b|\btoomanyrequests\b/,
]);

/** In this order: what is refused for one reason often says `invalid` too, and a wait for the network that ran out is a timeout. */
const WORDS: readonly (readonly [ErrorPattern, AnyOf])[] = groups([
  [
    'auth_failure',
    [
      /\bunauthori[sz]ed\b|\bunauthenticated\b|\bnot (?:authori[sz]ed|authenticated)\b|\bUNAUTHENTICATED\b|\bPERMISSION_DENIED\b|\bENEEDAUTH\b/i,
      /\bauthentication\b(?: \S+){0,3} (?:failed|failure|required|error|unsuccessful)|\bauthenticationexception\b|\bfailed to authenticate\b|\bauth(?:orization)? failed\b/i,
      /\b(?:invalid|incorrect|bad|expired|missing|wrong)(?: \S+){0,2} (?:api[ -]?key|credentials?|access token|auth token|token|password|username or password|login)\b/i,
      /\b(?:token|credentials?|api key|session)\b(?: \S+){0,5} (?:expired|revoked|has expired|is invalid|not valid)\b|\bsignature has expired\b|\bcredentials were not provided\b|\bno valid credential/i,
      /^(?:error:?\s*|http \S+ )?forbidden\b|\b403\b.{0,10}\bforbidden\b|\bis forbidden\b/i,
      /\baccess denied\b(?! .{0,40}(?:file|directory|folder))|\baccessdenied\b|\blogin failed\b|\blog[io]n denied\b|\bnot logged in\b|\bplease (?:log ?in|sign in)\b|\bmust be logged in\b/i,
      /\bpermission denied(?: \(| for (?:table|relation|schema|database|function|sequence|user)|, please try again)/i,
      /\bno (?:authentication |auth |access |bearer )?(?:api[ -]?keys?|credentials?|tokens?)\b(?: (?:was|were|is|has been))? (?:provided|found|given|set|configured|supplied|available)\b|\brequires authentication\b/i,
      /\b(?:do(?:es)? not|don['’]t|doesn['’]t) have (?:the )?(?:required |necessary |sufficient )?permissions?\b(?!.{0,40}(?:file|directory|folder|path))|\binsufficient[ _](?:permissions?|privileges?|scopes?)\b/i,
      /\binvalid username-password\b|\bno pg_hba\.conf entry\b|\ba password is required\b/i,
      /\bcould not read (?:username|password) for\b|\bno (?:basic )?auth(?:entication)? credentials\b|\brequested access to the resource is denied\b|\bunable to locate credentials\b|\binvalid_auth\b|\bnot_authed\b|\btoken_(?:expired|revoked)\b/i,
    ],
  ],
  [
    'validation',
    [
      /\b(?:invalid|unknown|unsupported|unrecognized|unexpected|bad|missing)\b(?: \S+){0,2} time-?out\b|\btime-?out\b(?: \S+){0,2} must be\b/i,
    ],
  ],
  [
    'timeout',
    [
      /\bERR_\w{0,30}TIMED_OUT\b/,
      /\btimed[ -]?out\b|\bETIMEDOUT\b|\bESOCKETTIMEDOUT\b|\bUND_ERR_\w{0,10}_?TIMEOUT\b|\bDEADLINE_EXCEEDED\b/i,
      /\bdeadline(?: \S+){0,2} (?:exceeded|passed|expired|elapsed)\b|\bexceeded(?: \S+){0,3} time limit\b|\btime limit(?: \S+){0,2} exceeded\b|\bi\/o timeout\b|\bexceeded (?:its|the)(?: \S+){0,2} (?:deadline|time-?out)\b/i,
      /\btook too long to (?:respond|answer|reply|complete|finish|start|load)\b|\b(?:no (?:response|answer|reply)(?: \S+){0,2}|(?:did not|didn['’]t|failed to) (?:respond|answer|reply|complete|finish|start)) (?:with)?in \d/i,
      /\btime-?out(?: of)? [>]?\d|\bexceeded timeout of\b|\b\d+ ?(?:ms|s|sec|seconds|milliseconds) time-?out\b|\btime-?out(?: \S+){0,4} (?:exceeded|expired|reached|elapsed|occurred)\b/i,
      /\b(?:connection|connect|request|read|write|gateway|operation|statement|lock wait|socket|network|idle|navigation|response|query|handshake) ?time-?out\b/i,
      /\bdue to (?:\S+ ){0,2}time-?out\b|^(?:\w+: )?time-?out\b(?![/.@]|: (?:is|not|no|permission|cannot|can't)\b|:\s*$)|\b(?:ReadTimeout|ConnectTimeout|TimeoutError|TimeoutException)\b|\btime-?out (?:while|waiting|awaiting|after|error)\b/i,
    ],
  ],
  [
    'network',
    [
      /\bECONNREFUSED\b|\bERR_ADDRESS_UNREACHABLE\b|\bECONNRESET\b|\bENOTFOUND\b|\bEAI_AGAIN\b|\bEHOSTUNREACH\b|\bENETUNREACH\b|\bENETDOWN\b|\bERR_(?:CONNECTION|NAME_NOT|INTERNET|NETWORK)_?\w{0,30}\b/,
      /\bconnection (?:was |is |has been |unexpectedly )?(?:refused|reset|aborted|broken|lost|dropped|closed|terminated|failed|failure)\b(?! (?:attempts|tests))|\blost connection\b|\b(?:server|peer|host|client|remote) (?:closed the connection|has gone away|disconnected)\b/i,
      /\bsocket disconnected\b|\bconnection to (?:URL|QUOTED|\S+) failed\b|\bconnection to\b(?: \S+){1,4} (?:was refused|closed|lost)|\bconnection closed\b|\bconnection error\b/i,
      /\b(?:could not|couldn't|cannot|can't|unable to|failed to) (?:resolve host|resolve hostname|connect to|reach|establish a (?:new )?connection|lookup)/i,
      /\b(?:network|host|cluster|server|service|api|database)(?: is)? unreachable\b|\bNXDOMAIN\b|\bno route to host\b/i,
      /\bname (?:or service )?not (?:known|resolved)\b|\bname resolution\b|\bnodename nor servname\b|\bno such host\b|\bunknown host\b|\bgetaddrinfo\b/i,
      /\bsocket hang up\b|\bfetch failed\b|\bfailed to fetch\b|\bempty reply from server\b|\bunexpected eof while reading\b|\bthe remote end hung up\b|\bnetwork error\b(?!\.\w)|\bother side closed\b|\bstream disconnected\b|\berror sending request for url\b/i,
      /\bNewConnectionError\b|\bConnectError\b|\bRemoteDisconnected\b|\bConnectionRefusedError\b|\bConnectionResetError\b|\bno internet\b/,
    ],
  ],
  [
    'validation',
    [
      /\b(?:input|schema|data|request|form|parameter|argument|type)[ -]?validation (?:error|failed|failure)\b|\bvalidation (?:error|failed|failure)|\bfailed validation\b|\b\w*ValidationError\b|\bZodError\b/i,
      /\binvalid (?:\S+ ){0,2}(?:arguments?|values?|inputs?|parameters?|params?|options?|requests?|types?|formats?|dates?|e-?mails?|ids?|names?|urls?|uris?|json|yaml|literals?|references?|fields?|property|properties|keys?|data|payload|body|choices?|paths?|config\w*|schema|enum|uuid|syntax|identifier|method|amount|number|range|command|flags?|status|state|location|address)\b/i,
      /^(?:error:?\s*)?invalid\b(?! or unexpected)|\binvalid (?:queries|query)\b|\bunprocessable (?:entity|content)\b|\bbad request\b/i,
      /\b(?:can['’]t|cannot|can not|must not|may not|should not) be (?:empty|blank|null|negative|undefined)\b|\bmissing (?:field|parameter|argument|property)\b|\b(?:field|parameter|argument|property)(?: \S+)? is missing\b/i,
      /\b(?:is|are|was|were) (?:not (?:an? )?valid|invalid)\b|\bis (?:a )?required(?: (?:property|parameter|field|argument))?\b|\bmust have required property\b|\brequired (?:property|parameter|field|argument|option)\b/i,
      /\bmissing (?:\d+ )?(?:required|positional)\b|\bmissing required\b|\bthe following arguments are required\b/i,
      /\b(?:unrecognized|unknown|unexpected|illegal|unsupported) (?:\S+ )?(?:arguments?|options?|parameters?|property|properties|keyword|field|flag|switch)\b/i,
      /\b(?:does not|doesn't|did not) (?:match|conform|satisfy|validate)(?: \S+){0,3} (?:schema|pattern|format|type)\b|\bviolates (?:\S+[ -])?(?:\S+ )?constraint\b/i,
      /\bmust be (?:an? |one of |either |less|greater|at (?:least|most)|between|positive|non-?\w+|valid|string|number|integer|boolean|array|object|equal|>|<)/i,
      /\bmalformed\b|\bINVALID_ARGUMENT\b|\bschema (?:mismatch|violation|error)\b|\bexpected (?:string|number|boolean|object|array|integer)\b/i,
    ],
  ],
]);

/** What to run stands in quotation marks, mostly. */
const TOLD_TO_LOG_IN = /\bplease run:?\s+["'`]?(?:[\w-]+\s){1,2}login\b/i;

function groups(listed: readonly (readonly [ErrorPattern, readonly RegExp[]])[]): (readonly [ErrorPattern, AnyOf])[] {
  return listed.map(([pattern, words]) => [pattern, new AnyOf(words)]);
}

/** Names of files, addresses and options say what was worked on, not what went wrong. */
function withoutNames(line: string): string {
  // Each is tried only where the sign is that it needs: most lines have none of them.
  let plain = line;
  if (plain.includes('://')) plain = plain.replace(/\b[a-z][a-z+]{1,10}:\/\/[^\s'")>]+/gi, 'URL');
  if (plain.includes('-')) plain = plain.replace(/(^|[\s'"`(=[])--?[A-Za-z][\w-]*/g, '$1OPTION');
  // What a field of an answer says of its error is its own word.
  if (plain.includes(':')) plain = plain.replace(OWN_WORDS, ' $1 ');
  for (const quotation of [/`[^`]{0,200}`/g, QUOTATION]) plain = plain.replace(quotation, keptIfTold);
  if (plain.includes('/')) plain = plain.replace(/(^|[\s'"`(:=])[\w@.~-]*\/[\w@./~-]{2,}/g, '$1PATH');
  if (!plain.includes('.')) return plain;
  return plain.replace(
    /\b[\w-]{1,80}\.(?:tsx?|jsx?|mjs|cjs|py|go|rs|java|rb|php|md|txt|json|ya?ml|toml|html|css|sh|sql|lock|log|cfg|ini|xml|csv)\b/gi,
    'FILE',
  );
}

/** Words in quotation marks are those of another error where the sentence gives them as such, not where they are its subject or object. */
function keptIfTold(quoted: string, ...matched: readonly unknown[]): string {
  const [offset, whole] = matched.slice(-2) as [number, string];
  if (!SURE.test(quoted)) return 'QUOTED';
  const [before, after] = [whole.slice(0, offset), whole.slice(offset + quoted.length)];
  const isTold = TELLS.test(before) || (IS_GIVEN.test(before) && !/^\s+(?!while|when|after|from)\w/.test(after));
  return isTold ? quoted : 'QUOTED';
}

/** What an apostrophe leaves out (`can't`) begins none. */
const QUOTATION = /(?!(?<=\w)'(?:t|s|re|ve|ll|d|m)\b)(["'`])[^"'`]{0,200}\1/g;

/** The last is what MCP wraps them into. */
const OWN_WORDS =
  /(?:"(?:error|message|msg|detail|reason|error_?messages?|error_description|status_?text)"|"type"\s*:\s*"text"\s*,\s*"text")\s*:\s*\[?\s*"([^"'`]{1,200})"/gi;

/** Not by a program that was given the words: `getByText('…')`. */
const IS_GIVEN = /(?:^|[:=,[\]{<>-]|(?:^|[\s:=,[{]|Error|Exception|Failure|Timeout)\()\s*$/;

const TELLS =
  /\b(?:with|by|error|reason|cause|message|exception|failure|returned|answered|got|said|says|saying|was|is|raised|threw|thrown)\s*$|\b(?:error|err|reason|cause|msg|message)["']?\s?[=:]\s?$/i;

/** A program that is itself wrong, or a file that is not there, whatever it is called. */
const NO_CAUSE =
  /\bSyntaxError\b|\bModuleNotFoundError\b|\bImportError\b|\bcannot find (?:module|name|package)|\bno such file\b|\bcommand not found\b|\bNameError\b|\bAttributeError\b|\bReferenceError\b|\bis not defined\b|\bis not (?:a function|a constructor|iterable|callable)\b|\bNoMethodError\b|\bundefined (?:local variable or )?method\b|\bfile exists\b|\bregex parse error\b|^make(?:\[\d+\])?: \*\*\* \[|\bcould not apply [0-9a-f]{4,40}\b|^\S+: \S+: not found$|\bno module named\b|\binvalid memory address\b|\bTS\d{4}\b/i;

/** Words that stand in quotation marks because another error is quoted with them. */
const SURE =
  /\b(?:ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|NewConnectionError|connection (?:refused|reset|aborted)|timed out|exceeded timeout|too many requests|name resolution|errno)\b/i;
