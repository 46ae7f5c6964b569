import type { ErrorPattern } from '@tracepost/contracts';
import { shellParts } from './shell.ts';

/** What a status code, an error type or an exit code says by itself; null: it names no cause. */
export function patternOfType(type: string, command: string | null): ErrorPattern | null {
  const name = type.trim().slice(0, 120);
  const status = /^(?:http[\s_-]?)?(?:status[\s_-]?)?([1-5]\d\d)$/i.exec(name)?.[1];
  if (status) return patternOfStatus(Number(status));
  const exitCode = /^exit[\s_-]?(?:code[\s_-]?)?(\d{1,3})$/i.exec(name)?.[1];
  if (exitCode) return patternOfExitCode(Number(exitCode), command);
  // Python's PermissionError is about files; this one is a provider's.
  if (name === 'permission_error') return 'auth_failure';
  return TYPES.get(plain(name)) ?? null;
}

export function patternOfStatus(status: number): ErrorPattern | null {
  return STATUSES.get(status) ?? null;
}

/** By curl's own number of an error, as it stands in its messages. */
export function patternOfCurl(code: string | undefined): ErrorPattern | null {
  return code === undefined ? null : (EXIT_CODES.curl?.[Number(code)] ?? null);
}

/** Only programs that give their codes a meaning, and only where nothing else on the line could have ended so. */
function patternOfExitCode(code: number, command: string | null): ErrorPattern | null {
  const parts = shellParts(command ?? '').filter(({ program }) => program !== 'cd' && program !== 'export');
  const first = parts[0]?.program;
  if (code === 124 && /(?:^|[\s;&|(])timeout\s/.test(command ?? '')) return 'timeout';
  if (parts.length !== 1 || first === undefined) return null;
  return EXIT_CODES[first]?.[code] ?? null;
}

const STATUSES = new Map<number, ErrorPattern>([
  [429, 'rate_limit'],
  [408, 'timeout'],
  [504, 'timeout'],
  [524, 'timeout'],
  [401, 'auth_failure'],
  [403, 'auth_failure'],
  [407, 'auth_failure'],
  [400, 'validation'],
  [422, 'validation'],
]);

/** From the manuals: curl(1) EXIT CODES, wget(1) EXIT STATUS. */
const EXIT_CODES: Readonly<Record<string, Readonly<Record<number, ErrorPattern>>>> = {
  curl: {
    3: 'validation',
    5: 'network',
    6: 'network',
    7: 'network',
    28: 'timeout',
    52: 'network',
    55: 'network',
    56: 'network',
    67: 'auth_failure',
  },
  wget: { 4: 'network', 6: 'auth_failure' },
};

/** Names of the providers, of HTTP clients, of gRPC and of the operating system, in lower case without separators and endings. */
const NAMES: Readonly<Partial<Record<ErrorPattern, string>>> = {
  rate_limit: `ratelimit ratelimited ratelimitexceeded ratelimitreached toomanyrequests throttling throttled throttle
    throttlingexception resourceexhausted quotaexceeded insufficientquota modelthrottled requestlimitexceeded slowdown e429
    provisionedthroughputexceeded tokensperminuteexceeded`,
  timeout: `timeout timedout apitimeout apiconnectiontimeout requesttimeout connecttimeout readtimeout writetimeout pooltimeout
    connectiontimeout gatewaytimeout deadlineexceeded deadline etimedout esockettimedout econnaborted errorsocketconnectiontimeout
    underrconnecttimeout underrheaderstimeout underrbodytimeout modeltimeout sockettimeout asynciotimeout tasktimeout tooltimeout
    querytimeout locktimeout timeoutexpired`,
  auth_failure: `authentication auth authfailure authenticationfailed unauthenticated unauthorized unauthorised permissiondenied
    forbidden accessdenied invalidapikey incorrectapikey invalidtoken expiredtoken tokenexpired expiredsignature invalidclienttokenid notauthenticated unrecognizedclient
    invalidcredentials invalidaccesskeyid signaturedoesnotmatch credentials invalidclient invalidgrant insufficientscope e401 e403 eneedauth notauthorized`,
  network: `apiconnection connection connectionrefused connectionreset connectionaborted connect econnrefused econnreset enotfound
    eaiagain ehostunreach enetunreach ehostdown network networkunreachable hostunreachable dns newconnection maxretry
    underrsocket nameresolution remotedisconnected sockethangup fetch endpointconnection unknownhost noroutetohost gaierror`,
  validation: `invalidrequest badrequest invalidargument invalidarguments validation inputvalidation schemavalidation invalidparams
    invalidparameter invalidparameters invalidinput invalidtoolinput invalidtoolarguments aiinvalidtoolarguments
    aitypevalidation typevalidation zod unprocessableentity jsonschemavalidation schema invalidvalue missingparameter 32602
    missingrequiredparameter pydanticcorevalidation invalidtype invalidformat`,
};

const TYPES = new Map<string, ErrorPattern>(
  Object.entries(NAMES).flatMap(([pattern, names]) =>
    names.split(/\s+/).map((name) => [name, pattern as ErrorPattern]),
  ),
);

function plain(name: string): string {
  const last = name.slice(name.lastIndexOf('.') + 1);
  return last
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/(?:error|exception)$/, '');
}
