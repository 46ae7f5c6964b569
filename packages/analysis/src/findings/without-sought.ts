/**
 * A line without what it says is not there, is there already or is there twice: an edit, a search or a tracker names what it was asked for,
 * and the words of that are no cause, be they quoted or not. What stands beside it, such as a status before or a reason after, stays.
 */
export function withoutSought(line: string): string {
  // An answer in JSON says so within a string.
  const outer = line.replace(QUOTED, (quoted) =>
    IS_MISSING.test(quoted) ? `"${withoutSought(quoted.slice(1, -1).replaceAll('\\"', '"'))}"` : quoted,
  );
  const plain = outer.replace(QUOTED, '"…"').replace(OPEN_QUOTE, '$1"…"');
  if (!IS_MISSING.test(plain)) return IS_OF_A_VALUE.test(plain) ? plain : outer;
  return sentencesOf(plain.replace(NAMED, '').replace(BODY, '$1"…"')).join('. ');
}

/** What such a line names goes on in the lines below it. */
export function endsInSought(line: string): boolean {
  const plain = line.replace(QUOTED, '"…"');
  return IS_MISSING.test(plain) && (plain.endsWith(':') || OPEN_QUOTE.test(plain));
}

function sentencesOf(line: string): readonly string[] {
  const kept: string[] = [];
  for (const sentence of line.split(/(?<=[.!?;])\s+/)) {
    for (const part of sentence.split(REASONS)) {
      const { text, goesOn } = keptOf(part);
      kept.push(text);
      if (goesOn === 'for this sentence') break;
      if (goesOn === 'to the end') return kept;
    }
  }
  return kept;
}

/** What is left of `a: b: c`, and how far the name of what was looked for goes on after it. */
interface Kept {
  readonly text: string;
  readonly goesOn: 'no' | 'for this sentence' | 'to the end';
}

function keptOf(part: string): Kept {
  const kept: string[] = [];
  const clauses = part.split(/:\s+|\s[-–—]\s/);
  for (const [at, clause] of clauses.entries()) {
    const found = IS_MISSING.exec(clause);
    if (!found) {
      kept.push(clause);
      continue;
    }
    // `ECONNREFUSED: no such symbol`: its subject stands before the colon.
    if (NEEDS_SUBJECT.test(clause)) kept.pop();
    const rest = clause.slice(found.index + found[0].length);
    kept.push(/^\s*(\(.{1,100}\))/.exec(rest)?.[1] ?? '');
    if (ENDS_IN_NAME.test(clause)) return { text: kept.join(': '), goesOn: 'for this sentence' };
    const isTold = (IS_MACHINE.test(clause) && !IS_NO_SUCH.test(clause)) || IS_MEASURED.test(clauses[at + 1] ?? '');
    const isNamedNext = (IS_BARE.test(rest) && !isTold) || ENDS_BEFORE_NAME.test(clause);
    if (isNamedNext && at < clauses.length - 1) return { text: kept.join(': '), goesOn: 'to the end' };
  }
  return { text: kept.join(': '), goesOn: 'no' };
}

/** An answer or an object that stands after the words of what is missing. */
const BODY = /(\b(?:for|find|found|match\w*|locate|contains?|query|string|text|snippet)\b[^{]{0,60})\{.{0,400}\}/i;

/** An apostrophe within a word opens and closes nothing. */
const QUOTED =
  /"(?:[^"\\]|\\.){0,400}"|(?<!\w)'(?:[^']|(?<=\w)'(?=\w)){0,400}'(?!\w)|`[^`]{0,400}`|“[^”]{0,400}”|‘[^’]{0,400}’|«[^»]{0,400}»/g;

const OPEN_QUOTE = /(^|[\s(:=])["'`“«](?!…")[^"'`”»]{1,400}$/;

/** What is not there for the network or for a login to work is a cause, not a name. */
const NO_NAME = String.raw`(?!(?:\S+\s){0,2}(?:credentials?|auth\w*|tokens?|api[ -]?keys?|passwords?|permissions?|access|hosts?|route|address\w*|internet|network|connections?|response|answer|pg_hba\S*)\b)`;
const NO = String.raw`\b(?:no|zero)\s${NO_NAME}`;
const NOT = String.raw`(?:\snot|n['’]t)`;

/** `session not found or expired` is about a login. */
const NOT_OR_REFUSED = '(?! or (?:is |has )?(?:expired|invalid|revoked|wrong))';

const IS_MISSING = new RegExp(
  [
    String.raw`\b(?:not|never)(?: be)? (?:found|located)\b${NOT_OR_REFUSED}`,
    String.raw`\b(?:(?:can|could|did|does|do)${NOT}|cannot|unable to|failed to) (?:find|locate)\b(?!\s(?:\S+\s)?(?:credentials?|token|api[ -]?key)\b)`,
    String.raw`${NO}(?:[^\s:]+\s){0,5}?(?:found|match\w*|exists?|results?|hits?|occurrences?|contains?|named|called|titled|entitled|about|for|with|like)\b`,
    String.raw`\b(?:returned|yielded|gave) ${NO}|\bKeyError\b`,
    String.raw`\bno such (?!host\b)\w+`,
    String.raw`\b(?:there (?:is|are|was|were)|has|have|had|contains?) ${NO}`,
    String.raw`\bnothing (?:was |is )?(?:found|match\w*|named|called|titled|about|for|like)\b|\b(?:found|match(?:es|ed)|returned) nothing\b`,
    String.raw`(?<![\d.,])0 (?:\w+ )?(?:results?|match\w*|hits?|rows?|occurrences?|documents?|pages?|issues?|elements?|entries|lines|files?)\b`,
    String.raw`\b(?:do|does|did)${NOT} (?:exist|match(?!(?: \S+){0,3} (?:schema|pattern|format|type)\b)|contain|occur|appear|include|(?:return|yield|find) any\w*)\b${NOT_OR_REFUSED}`,
    String.raw`\bno longer (?:exists?|there)\b|\bis missing (?:from|in)\b`,
    String.raw`\balready (?:exists?|there|present|done|taken|(?:in )?used?|booked|defined|registered|open|closed|resolved|assigned|contains?|has|added|created|named|called|titled)\b`,
    String.raw`\b(?:is|are)${NOT} (?:unique|in|on|among|present|there|listed|part|(?:an?|the|one) (?!valid\b)\w+ (?:of|in|on|from))\b`,
    String.raw`\bambiguous\b|\b(?:occurs?|appears?) (?:\d+|several|many|multiple|more than)\b|\b(?:found|match(?:es|ed)?) (?:\d+|several|many|multiple|more than one) (?:times|match\w*|occurrences?|places|lines)\b`,
    String.raw`\bduplicates? (?:of|issue|ticket|task|page|entry|title|name|record)\b(?: #?\w+)?`,
    // What failed is told by the names of tests.
    String.raw`\b\d+ (?:of \d+ )?(?:tests?|specs?|checks?|cases|suites?|scenarios?) failed\b`,
    String.raw`\bunknown (?:issue|ticket|page|topic|label|project|channel|document|section|symbol|tag|task|note|skill|agent|tool|function|model|branch)\b`,
  ].join('|'),
  'i',
);

/** A value that is refused is quoted, too; that it is refused is the cause. */
const IS_OF_A_VALUE =
  /\b(?:invalid|illegal|unsupported|unexpected) (?:\w+ ){1,3}"…"|\b(?:invalid|illegal|unsupported) (?!(?:\w+ ){0,6}?(?:errors?|responses?|reply|answers?|results?)\b)(?:\w+ ){0,6}\w+:? "…"|\b(?:is|are|was) too (?:long|short|large)\b|"…" (?:is|are) (?:not (?:an? )?(?:valid|allowed|one of)|invalid)\b|"…" (?:does not|doesn['’]t) (?:match|satisfy)\b/i;

/** What comes after these is said besides, unless it is within a name. */
const REASONS =
  /,\s(?=(?:and |so )?(?:no|nothing|0)\b)|,? because (?:of )?|,? due to |,? but |\s(?:or|and)\s(?=(?:you|your|access|permission|not auth|unauth|insufficient|invalid|wrong|incorrect|expired)\w*\b)/;

/** `A ticket titled … already exists`: a name may hold colons and whole sentences. */
const NAMED =
  /\b(?:titled|entitled|named|called|labell?ed)\s(?!"…").{1,300}?(?=\b(?:already|exists?|(?:was|is|does|could|can)(?: not|n['’]t)|cannot|not found)\b)/i;

const NEEDS_SUBJECT =
  /^[\s(]*(?:no such \w+|(?:do|does|did|is|are|was|were)(?: not|n['’]t)|(?:it )?already|(?:(?:was|is) )?not found (?:in|on|at|among|within))\b/i;

/** What the name of something to look for comes after. */
const ENDS_BEFORE_NAME =
  /\b(?:query|search|strings?|patterns?|text|titles?|names?|terms?|phrases?|keywords?|words?|regex|expression|snippet|lines?|content|needle|criteria|filter|match(?:es|ing)?|for|named|called|titled|about|containing|like|old_str(?:ing)?|key|issue|ticket|page|task|note|document|section|symbol|label|channel|thread|topic|element|heading)\W*$/i;

/** Nothing but where it was looked for. */
const IS_BARE = /^\W*(?:(?:in|within|among|on|at)\s.{1,200})?$/i;

/** It began within this clause, unquoted, and may go on beyond a colon. */
const ENDS_IN_NAME =
  /\b(?:titled|entitled|named|called|about|containing|matching|(?:no|nothing|0) (?:\S+ ){0,3}for)\s+(?!(?:the |this |your )?(?:query|search|strings?|patterns?|text|title|name|terms?|filter)\b)(?!"…")\w/i;

/** `No primary found: connect ECONNREFUSED …`: of these, a colon tells the reason. */
const IS_MACHINE =
  /\b(?:hosts?|servers?|primary|nodes?|brokers?|replicas?|index|clusters?|databases?|endpoints?|services?|leader|peers?|gateway|proxy|registry|modules?|packages?|images?)\b/i;

/** `No such image: name` */
const IS_NO_SUCH = /\bno such \w+\W*$/i;

/** `Element not found: timed out after 30 s`: somebody waited for it. */
const IS_MEASURED = /\b(?:after|in|of) \d+(?:\.\d+)? ?(?:ms|s|sec\w*|min\w*)\b/i;
