import { CONTROL_WORDS, type ShellPart, shellParts } from './shell.ts';
import { endsInSought } from './without-sought.ts';

const MOST_CHARACTERS = 4_096;
const MOST_IN_A_LINE = 400;
const MOST_OWN_LINES = 3;

/**
 * The lines of a failed entry that are errors themselves. What a provider or a tool says of its own failure stands at the beginning,
 * before it quotes anything; what a program printed is mostly not about its failure, so a line has to have the form of an error.
 */
export function errorLines(text: string, command: string | null): readonly string[] {
  const lines = capped(text)
    .split('\n')
    .map((line) => cleaned(line.slice(0, MOST_IN_A_LINE)))
    .filter((line) => line !== '');
  if (command === null) return ownLines(lines);
  // What was checked and found otherwise failed for that reason, whatever the same run logged besides.
  if (lines.some((line) => IS_ASSERTION.test(line))) return [];
  const parts = shellParts(command);
  const programs = new Set(parts.map(({ program }) => program));
  const onlyReads = parts.length > 0 && parts.every(isReader);
  return lines.filter((line, at) => {
    if (isQuoted(line)) return false;
    const isAtAnEnd = at === 0 || at === lines.length - 1;
    if (saidBy(line, programs) || (isAtAnEnd && SAID_BY_SHELL.test(line))) return true;
    return !onlyReads && hasErrorForm(line);
  });
}

function ownLines(lines: readonly string[]): readonly string[] {
  // Where Python ended, the last line names what it ended for.
  if (TRACEBACK.test(lines[0] ?? '')) return lines.slice(-1).filter(hasErrorForm);
  const own: string[] = [];
  for (const line of lines) {
    if (own.length === MOST_OWN_LINES || line === LEFT_OUT || QUOTES_FROM_HERE.test(line)) break;
    own.push(line);
    if (endsInSought(line)) break;
  }
  // What follows the first line may be what it was given: code, or a difference.
  return own.filter((line, at) => !isNumbered(line) && (at === 0 || !(IS_CODE.test(line) || IS_CHANGED.test(line))));
}

function hasErrorForm(line: string): boolean {
  return ERROR_FORMS.some((form) => form.test(line));
}

const TRACEBACK = /^Traceback \(most recent call last\)/;

/** What follows is the end of a message that was too long to be kept whole. */
const LEFT_OUT = '…';

/** From here on a tool shows what it was given or what it found. */
const QUOTES_FROM_HERE =
  /^(?:string|old_string|new_string|content|contents|input|output|stdout|body|source|context|file|diff)\b(?!.{0,20}\b(?:errors?|failed|failure|invalid|exception|timed out|refused)\b).{0,20}(?::|$)|^(?:```|<<<<<<<|@@)/i;

/** A changed line keeps its indentation behind the sign; an entry of a list has none. */
const IS_CHANGED = /^[-+]\s{2,}\S/;

/** These print what others wrote: the only errors of their own begin with their name. */
const READERS = new Set([
  ...'cat head tail less more grep egrep fgrep rg ag ack sed awk find fd ls tree wc sort uniq cut tr nl bat diff comm jq yq'.split(
    ' ',
  ),
  ...'echo printf cd pwd strings xxd od file stat test true false history tac column fold journalctl dmesg zcat'.split(
    ' ',
  ),
  ...CONTROL_WORDS,
]);

/** Of git's commands those that show what is written already. */
const SHOWS = /^git (?:log|show|diff|blame|grep|status|cat-file|reflog)\b/;

function isReader({ program, words }: ShellPart): boolean {
  return READERS.has(program) || SHOWS.test(words.slice(0, 2).join(' '));
}

/** By whoever ran the line, whatever it ran. */
const SAID_BY_SHELL = /^(?:error: )?(?:the )?(?:command|process|execution) (?:has |was )?(?:timed out|killed after)\b/i;

/** `curl: (28) …`, `psql: error: …`; those of a shell begin with its name too, whatever the line ran. */
function saidBy(line: string, programs: ReadonlySet<string>): boolean {
  const name = /^([A-Za-z][\w.+-]{0,30}):\s/.exec(line)?.[1];
  return name !== undefined && programs.has(name);
}

const PROGRAMS =
  'kex_exchange_identification|curl|wget|ssh|scp|rsync|git|psql|pg_dump|mysql|redis-cli|mongosh?|fatal|remote|npm|docker|kubectl|aws|gcloud|az|gh|pip|apt|ping|telnet|nc|bash|sh|zsh|ftp|dig|nslookup|terraform|helm|make|go|cargo|rustup|conda|brew|yarn|pnpm|bun|deno|node|python3?|ruby|gem|bundler|composer|php|java|mvn|gradle|sqlite3|sudo|host|openssl|nginx|systemctl|hub|glab|heroku|vercel|flyctl|poetry|uv';

const ERROR_FORMS: readonly RegExp[] = [
  /^\[?(?:error|err|err!|fatal|failed|failure|exception|panic|critical|severe|e)\]?(?:[:!\s]|$)/i,
  /^(?:npm|yarn|pnpm|bun|pip|cargo|go|gradle|lerna)\s+(?:ERR!|error)\s/i,
  /^ERR_[A-Z]/,
  /^rpc error:|^code\s?[:=]\s?[A-Z]/i,
  // One that says where it is at home needs no `Error` in its name: `PG::ConnectionBad: …`.
  /^(?:[A-Za-z_$][\w$]*(?:\.|::)){1,8}[A-Z]\w+(?::\s|\s?\(|$)/,
  // An exception's class, with or without its module: `requests.exceptions.ConnectionError: …`.
  /^(?:[A-Za-z_$][\w$]*[.:]{1,2}){0,8}[\w$]*(?:Error|Exception|Timeout|timeout|TimeoutExpired|gaierror|Warning!|Fault|Failure|Refused)(?:\s\[[\w-]{1,60}\])?(?::|$|\s*\()/,
  new RegExp(`^(?:${PROGRAMS}):\\s`),
  /^(?:<\s*)?HTTP\/\d(?:\.\d)?\s[45]\d\d\b/,
  /^HTTP (?:error|request failed|[45]\d\d\b)/i,
  /^[\w.-]{1,60}: (?:fatal )?error: /,
  /^[\w.-]{1,60}@[\w.-]{1,80}: /,
  /^an error occurred\b/i,
  /^(?:the )?connection to\b/i,
  /^(?:test timeout of|thrown:|server can't find|PHP fatal error|Invoke-\w{1,40}\s?:)\s?/i,
  /\bdestination host unreachable\b/i,
  /^[45]\d\d\s(?:Client |Server )?(?:Error|Too Many|Unauthorized|Forbidden|Request Time|Gateway Time|Bad Request|Unprocessable)/i,
  /^(?:the )?(?:command|request|operation|connection|process|execution|query|tool|call|script|fetch|login|authentication|upload|download)\s(?:has |was |to \S{1,100} )?(?:timed|failed|refused|reset|aborted|closed|could not|denied)\b/i,
  /^(?:could not|couldn't|cannot|can't|unable to|failed to)\s(?:connect|resolve|reach|locate|authenticate|log ?in|fetch|open|access|get|download|transfer)/i,
  /^\{.{0,200}"(?:error|errors|status|statusCode|status_code|code|message|detail|fault)"\s*:/,
  /^\S{0,60}\s?(?:dial tcp|dial unix|getaddrinfo (?:ENOTFOUND|EAI_AGAIN)|connect (?:ECONN|ETIMEDOUT|EHOST|ENET))/,
  /^(?:get|post|put|delete|patch|head) "[^"]{1,200}":\s/i,
  /^permission denied \(/i,
  /^unknown (?:option|flag|shorthand flag|argument)\b/i,
  /^access denied\b/i,
  /^unauthorized(?:$|[:.,!])/i,
  /^the \S{1,60} "[^"]{1,200}" is invalid:/i,
  /^denied:\s/,
  /\bserver returned (?:http )?(?:response code|status|error)\b/i,
  // pip tells the reason of a failed download in a warning.
  /Retrying \(Retry\(total=\d.{0,120}connection broken by/,
];

/** Without colours, the time and level of a log line, and what test runners and debuggers put before an exception. */
function cleaned(line: string): string {
  return (
    line
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the colours of a terminal begin with one.
      .replace(/\u001b\[[0-9;]{0,20}[A-Za-z]/g, '')
      .replace(/^<tool_use_error>/, '')
      .trim()
      .replace(/^\[?\d{4}[-/]\d\d[-/]\d\d[T ,]\d\d:\d\d:\d\d[\d.,:+Z-]{0,14}\]?\s+(?:\[\w{1,12}\]\s+)?/, '')
      .replace(/^(?:;; |\*\* |> (?=Could not)|[Ss]tderr: |\S{1,200}\.rb:\d{1,6}:in [`'][^']{1,80}': )/, '')
      .replace(/^#\d{1,4} (?:\d{1,6}\.\d{1,4} )?/, '')
      .replace(
        /^(?:E\s{2,}|⎯*\s*(?:Caused by|\[cause\]|cause)[:\s]\s*(?:Error: )?|Uncaught\s+(?:\(in promise\)\s+)?|Unhandled (?:promise )?(?:rejection|exception)[.:]?\s+|\[\d{1,3}\]\s+|FAILED \S{1,200} - )/i,
        '',
      )
      .trim()
  );
}

function isQuoted(line: string): boolean {
  return isNumbered(line) || MARKS.test(line) || IS_CODE.test(line) || IS_LOG.test(line) || IS_ASSERTION.test(line);
}

/** A line of a file that is shown, or one that a search found: `src/a.ts:12: …`, `12→…`, `src/a.ts-12-…`. */
function isNumbered(line: string): boolean {
  return /^\d{1,6}\s*[→|│\t]/.test(line) || /^(?:\.{0,2}\/)?[\w@.+/\\-]{1,200}\.\w{1,8}[:(-]\d{1,6}[:,)-]/.test(line);
}

/** Of comments, differences, quotations, lists, and of test runners before the name of a test. */
const MARKS =
  /^(?:[>*|│┃`✓✔√✗✘✕×●○◯❯↓·•–]|\/\/|\/\*|#|--\s|[-+](?:\s|$)|@@|(?:not )?ok \d|(?:PASS|FAIL|PASSED|FAILED|SKIP|XFAIL)\b(?!:)|---|===|\d+\) )/;
const IS_CODE =
  /=>|\b(?:throw new|if \(|catch ?\(|const |def |function |expect\(|assert\w*[ (.])|^(?:raise|except|return|import|from|let|var|class|case|export)\s|^[^{"]*[;{]$/;
const IS_LOG = /^\[?(?:info|debug|trace|verbose|notice|warn|warning)\]?[:\s](?!.*Retrying \(Retry\(total=)/i;
const IS_ASSERTION =
  /\bAssert(?:ion)?(?:Error|Failed|Failure)\b|^(?:Error: )?(?:expect\(|assert\s|expected\b(?!.*\binvalid\b).{1,200}\b(?:to|but|got|received|actual|equal)\b)/i;

function capped(text: string): string {
  if (text.length <= MOST_CHARACTERS) return text;
  // Programs tell why they ended at the end.
  return `${text.slice(0, MOST_CHARACTERS / 2)}\n${text.slice(-MOST_CHARACTERS / 2)}`;
}
