import type { SessionDocument } from '@tracepost/contracts';
import { DocumentMaker } from '../../sessions/make-document.ts';
import { NAMED_ERRORS } from './named-errors.ts';

/** Text that is full of the words of errors where no such error happened. */
export interface Talk {
  readonly what: string;
  readonly by: 'user' | 'assistant' | 'tool';
  readonly text: string;
  readonly command?: string;
  readonly tool?: string;
  /** Of the tool. `failed`: it did, but not for the reason that its text speaks of, so that nothing but `tool_error` may be said. */
  readonly status?: 'ok' | 'failed' | 'refused' | 'pending';
}

const user = (what: string, text: string): Talk => ({ what, by: 'user', text });
const assistant = (what: string, text: string): Talk => ({ what, by: 'assistant', text });
const ok = (what: string, command: string, text: string): Talk => ({
  what,
  by: 'tool',
  tool: 'Bash',
  command,
  text,
  status: 'ok',
});
const found = (what: string, tool: string, text: string): Talk => ({ what, by: 'tool', tool, text, status: 'ok' });
const refused = (what: string, text: string): Talk => ({
  what,
  by: 'tool',
  tool: 'Bash',
  command: 'rm -rf build',
  text,
  status: 'refused',
});
const failed = (what: string, command: string, text: string): Talk => ({
  what,
  by: 'tool',
  tool: 'Bash',
  command,
  text,
  status: 'failed',
});
const failedOwn = (what: string, tool: string, text: string): Talk => ({
  what,
  by: 'tool',
  tool,
  text,
  status: 'failed',
});

const SAID: readonly Talk[] = [
  user(
    'a question about 429',
    'Why does our gateway answer 429 Too Many Requests when the rate limit is 100 per minute?',
  ),
  user('a wish', 'Please add a timeout of 5 seconds and retry three times when the request timed out.'),
  user(
    'a pasted log',
    '2025-01-01 12:00:00 ERROR connect ECONNREFUSED 127.0.0.1:5432\n2025-01-01 12:00:01 ERROR Unauthorized (401)',
  ),
  user(
    'a pasted traceback',
    'Traceback (most recent call last):\n  File "a.py", line 1\nrequests.exceptions.ConnectionError: Connection refused',
  ),
  user('a pasted API error', 'I keep getting {"type":"error","error":{"type":"rate_limit_error"}}, what is that?'),
  user('a stern word', 'Error: that is not what I asked for. The invalid schema was in the other file!'),
  user('a bug report', 'Users report 403 Forbidden after login, and sometimes "connection reset by peer".'),
  user('curl, told', 'When I run it I see: curl: (28) Operation timed out after 5000 milliseconds'),
  assistant(
    'a code review',
    'This handler swallows the timeout: when the request timed out it returns an empty list. It should throw.',
  ),
  assistant('an explanation', 'A 401 means unauthorized, a 403 means forbidden; the rate limit answers 429.'),
  assistant('a plan', '1. Catch RateLimitError\n2. Back off\n3. Handle ECONNREFUSED and ETIMEDOUT as network errors'),
  assistant('a code block', "```ts\nif (error.code === 'ECONNRESET') throw new Error('connection refused');\n```"),
  assistant(
    'a line that looks like an API error',
    'The message was "API Error: 429 rate_limit_error", which the client shows when it is overloaded.',
  ),
  assistant('a guess', 'Perhaps the validation failed because the schema is invalid.'),
  assistant(
    'a summary',
    'Fixed: unauthorized requests no longer crash; invalid input gives a validation error; timeouts are retried.',
  ),
  assistant(
    'a table',
    '| status | meaning |\n| --- | --- |\n| 401 | unauthorized |\n| 429 | too many requests |\n| 504 | gateway timeout |',
  ),
  assistant('an error of its own', 'Error: I was wrong, the connection is not refused, the port was closed by me.'),
];

const READ: readonly Talk[] = [
  found(
    'a file that speaks of authorization',
    'Read',
    "     1→export function guard() {\n     2→  return reply.code(401).send({ error: 'unauthorized' });\n     3→}",
  ),
  found(
    'a test file',
    'Read',
    "1→test('answers 429 when the rate limit is exceeded', () => {\n2→  expect(status).toBe(429);",
  ),
  found(
    'documentation',
    'Read',
    '# Errors\n\n- `401 Unauthorized`: the token is invalid\n- `429 Too Many Requests`: rate limit exceeded\n- `504`: gateway timeout',
  ),
  found(
    'a log file',
    'Read',
    '12:00:01 ERROR Error: connect ECONNREFUSED 127.0.0.1:5432\n12:00:02 ERROR Request timed out',
  ),
  found(
    'results of a search',
    'Grep',
    "src/http.ts:12:  if (status === 429) throw new RateLimitError('too many requests');\nsrc/http.ts:15:  // connection refused",
  ),
  found(
    'a page about errors',
    'WebFetch',
    'HTTP 403 Forbidden explained. The server understood the request but refuses to authorize it.',
  ),
  found(
    'results of a web search',
    'WebSearch',
    'How to fix "429 Too Many Requests" - 10 ways to deal with rate limits',
  ),
  found(
    'an issue in a tracker',
    'mcp__jira__get_issue',
    '{"key":"A-1","summary":"Login fails with 401 unauthorized","description":"timed out after 30s"}',
  ),
  found('an answer with a field called error', 'get_status', '{"error":null,"status":"ok","timeout":30}'),
  found(
    'the result of a subagent',
    'Task',
    'I found that the service fails with ECONNREFUSED because the port is wrong, and that validation failed twice.',
  ),
  found(
    'a database row',
    'mcp__db__query',
    '[{"id":1,"level":"error","message":"401 unauthorized"},{"id":2,"message":"deadline exceeded"}]',
  ),
  found('a list of tasks', 'TodoWrite', '1. handle rate limit\n2. fix timeout\n3. invalid schema'),
  found(
    'an edit',
    'Edit',
    "The file has been updated: - throw new Error('unauthorized');\n+ throw new Error('forbidden');",
  ),
  ok('cat', 'cat errors.md', 'Error: connection refused\nError: invalid argument\n429 Too Many Requests'),
  ok(
    'grep',
    'grep -rn timeout src',
    "src/a.ts:3: const timeout = 5_000;\nsrc/a.ts:9: throw new TimeoutError('timed out');",
  ),
  ok(
    'a log that is shown',
    'tail -100 app.log',
    '{"level":"error","status":429,"error":{"type":"rate_limit_error"}}\n{"level":"error","code":"ECONNRESET"}',
  ),
  ok('docker logs', 'docker logs api', 'Error: connect ECONNREFUSED 172.17.0.2:5432\nretrying in 1s\nconnected'),
  ok(
    'git log',
    'git log --oneline',
    'a1b2c3 Fix timeout in login\nd4e5f6 Answer 401 when unauthorized\n778899 Rate limit by tenant',
  ),
  ok('git diff', 'git diff', "-  throw new Error('Connection refused');\n+  throw new Error('Request timed out');"),
  ok(
    'a passing suite',
    'npm test',
    ' ✓ answers 429 when the rate limit is exceeded\n ✓ times out after 5 s\n ✓ 401 when unauthorized\nTests  3 passed',
  ),
  ok(
    'a request that answers 401 as it should',
    'curl -si http://localhost/private',
    'HTTP/1.1 401 Unauthorized\ncontent-type: application/json\n\n{"error":"unauthorized"}',
  ),
  ok('a warning that was overcome', 'npm install', 'npm warn tarball retrying after ETIMEDOUT\nadded 3 packages in 4s'),
  ok(
    'a pipeline that hides its failure',
    'curl http://localhost:1 || true',
    'curl: (7) Failed to connect to localhost port 1: Connection refused',
  ),
  ok('printed words', 'echo "Error: unauthorized"', 'Error: unauthorized'),
  ok(
    'a manual page',
    'man curl',
    'EXIT CODES\n 6 Could not resolve host.\n 7 Failed to connect to host.\n 28 Operation timeout.',
  ),
];

const REFUSED: readonly Talk[] = [
  refused('the user says no', "The user doesn't want to proceed with this tool use. The tool use was rejected."),
  refused('the user says no and why', 'Rejected: this would be unauthorized (403), and it timed out the last time.'),
  { ...refused('the user interrupts', '[Request interrupted by user for tool use] Error: timed out'), tool: 'Edit' },
  { ...refused('nobody has answered yet', ''), status: 'pending' },
];

/** These did fail. What they printed besides, or were given, is not why. */
const FAILED_OTHERWISE: readonly Talk[] = [
  failed(
    'grep that found nothing in one file and is missing another',
    'grep -n "rate limit" docs/a.md docs/b.md',
    'docs/a.md:3:The rate limit is exceeded at 429 Too Many Requests\ngrep: docs/b.md: No such file or directory',
  ),
  failed(
    'grep without names of files',
    'grep -h timeout app.log missing.log',
    'Error: request timed out\nError: connect ECONNREFUSED\ngrep: missing.log: No such file or directory',
  ),
  failed(
    'cat of two files, one of which is missing',
    'cat errors.md nothing.md',
    'Error: connection refused\nHTTP/1.1 429 Too Many Requests\nUnauthorized: token expired\ncat: nothing.md: No such file or directory',
  ),
  failed(
    'a suite in which another test failed',
    'npm test',
    ' ✓ answers 429 when the rate limit is exceeded\n ✓ times out after 5 s\n ✗ adds two numbers\nAssertionError: expected 3 to be 4\nTests  1 failed | 2 passed',
  ),
  failed(
    'a failed test with a name full of errors',
    'vitest run',
    ' FAIL  src/http.test.ts > throws RateLimitError on 429\nAssertionError: expected 200 to be 429',
  ),
  failed(
    'pytest with such names',
    'pytest',
    'FAILED tests/test_http.py::test_unauthorized_401 - AssertionError: assert 200 == 401\nFAILED tests/test_http.py::test_timeout - assert False',
  ),
  failed(
    'go test with such names',
    'go test ./...',
    '--- FAIL: TestTimeout (0.00s)\n    http_test.go:12: got 200, want 504\nFAIL',
  ),
  failed(
    'jest with such names',
    'npx jest',
    '● retries › when the connection is refused\n\n    expect(received).toBe(expected)\n    Expected: 3\n    Received: 2',
  ),
  failed(
    'tap with such names',
    'node --test',
    'not ok 3 - answers 403 forbidden to strangers\n  ---\n  error: |-\n    Expected values to be strictly equal',
  ),
  failed(
    'a compiler that shows the line',
    'tsc --noEmit',
    "src/http.ts(12,5): error TS2304: Cannot find name 'RateLimitError'.\nsrc/timeout.ts(3,1): error TS2322: Type 'string' is not assignable to type 'number'.",
  ),
  failed(
    'rustc that shows the line',
    'cargo build',
    'error[E0308]: mismatched types\n --> src/timeout.rs:3:5\n  |\n3 |     Err("connection refused")\n  |     ^^^ expected struct',
  ),
  failed(
    'a linter',
    'eslint src',
    "/app/src/auth.ts\n  12:5  error  'unauthorized' is defined but never used  no-unused-vars",
  ),
  failed(
    'a module of such a name is missing',
    'node app.js',
    "Error: Cannot find module './rate-limit'\nRequire stack:\n- /app/timeout.js",
  ),
  failed(
    'a Python module of such a name',
    'python app.py',
    'Traceback (most recent call last):\n  File "app.py", line 1\nModuleNotFoundError: No module named \'timeout_decorator\'',
  ),
  failed('an import of such a name', 'python app.py', "ImportError: cannot import name 'RateLimitError' from 'openai'"),
  failed(
    'a file of such a name is missing',
    'cp timeout.log unauthorized.log backup/',
    "cp: cannot stat 'timeout.log': No such file or directory",
  ),
  failed('a command of such a name is missing', 'timeout-all 5', 'bash: timeout-all: command not found'),
  failed(
    'an address of such a name',
    'git clone https://git.example/rate-limit/unauthorized-429.git',
    "fatal: destination path 'unauthorized-429' already exists and is not an empty directory.",
  ),
  failed(
    'a branch of such a name',
    'git checkout fix-timeout-429',
    "error: pathspec 'fix-timeout-429' did not match any file(s) known to git",
  ),
  failed(
    'a merge of such a file',
    'git merge fix',
    'Auto-merging src/timeout.ts\nCONFLICT (content): Merge conflict in src/timeout.ts\nAutomatic merge failed; fix conflicts and then commit the result.',
  ),
  failed(
    'source code in a traceback',
    'python app.py',
    'Traceback (most recent call last):\n  File "app.py", line 3, in <module>\n    raise TimeoutError("timed out") if slow else KeyError("a")\nKeyError: \'a\'',
  ),
  failed(
    'source code that node shows',
    'node app.js',
    "/app/app.js:3\n  throw new Error('connection refused: ' + undefinedName);\n        ^\n\nReferenceError: undefinedName is not defined",
  ),
  failed(
    'a program that greets with its settings',
    './serve',
    'INFO starting with timeout=30s rate_limit=100\nINFO unauthorized requests answer 401\npanic: open config.yaml: no such file or directory',
  ),
  failed(
    'a warning before another failure',
    'npm run build',
    'WARN rate limit of the font service was exceeded, using the cache\nError: Build failed with 1 error',
  ),
  failed(
    'a diff with errors in it',
    'git diff --exit-code',
    "diff --git a/a.ts b/a.ts\n@@ -1,2 +1,2 @@\n-  throw new Error('unauthorized');\n+  throw new Error('Request timed out');",
  ),
  failed(
    'help with options of such names',
    'tool --nope',
    'Usage: tool [options]\n  --timeout <ms>   give up after so long (timed out: exit 2)\n  --rate-limit <n> at most n requests',
  ),
  failed('a search that stops with one', 'rg -n "401|403|unauthorized"', ''),
  failed('numbers that look like statuses', './count', 'Error: processed 429 of 1401 rows, 403 left'),
  failed('a port that looks like one', './serve', 'Error: listen EADDRINUSE: address already in use :::4290'),
  failed('a file mode', './deploy.sh', 'bash: ./deploy.sh: Permission denied'),
  failed('Python and a file', 'python write.py', "PermissionError: [Errno 13] Permission denied: '/etc/passwd'"),
  failed('Go and no pointer', './prog', 'panic: runtime error: invalid memory address or nil pointer dereference'),
  failed('a typing error', 'python a.py', '  File "a.py", line 1\n    x = = 1\nSyntaxError: invalid syntax'),
  failed('a typing error of JavaScript', 'node a.js', 'SyntaxError: Invalid or unexpected token'),
  failed('make', 'make test', 'make: *** [Makefile:12: test-timeout] Error 1'),
  failed('a checklist', './release.sh', '- [ ] rate limit\n- [ ] timeout\n- [x] unauthorized\nAborted.'),
  failed(
    'mypy',
    'mypy src',
    'src/timeout.py:3: error: Incompatible types in assignment (expression has type "RateLimitError", variable has type "str")\nFound 1 error in 1 file',
  ),
  failed(
    'a compiler without a place',
    'tsc',
    "error TS2339: Property 'timeout' does not exist on type 'Unauthorized'.",
  ),
  failed(
    'an attribute',
    'python a.py',
    "AttributeError: module 'socket' has no attribute 'timed_out'. Did you mean: 'timeout'?",
  ),
  failed('a key', 'python a.py', "KeyError: 'unauthorized'"),
  failed('a property', 'node a.js', "TypeError: Cannot read properties of undefined (reading 'timeout')"),
  failed(
    'a name that is taken',
    'docker run --name rate-limit x',
    'docker: Error response from daemon: Conflict. The container name "/rate-limit" is already in use by container "4290".',
  ),
  failed(
    'an assertion about an error',
    'pytest',
    "E       AssertionError: assert 'Connection refused' in 'ok'\nE         + where 'ok' = str()",
  ),
  failed(
    'an expected status',
    'npx playwright test',
    'Error: expect(received).toBe(expected)\n\nExpected: 401\nReceived: 200',
  ),
  failed(
    'a suite that logs what it provokes',
    'npm test',
    'Error: connect ECONNREFUSED 127.0.0.1:1\n    at tries again (retry.test.ts)\n ✓ tries again when the connection is refused\n ✗ adds\nAssertionError: expected 3 to equal 4',
  ),
  failed(
    'local changes',
    'git merge main',
    'error: Your local changes to the following files would be overwritten by merge:\n\tsrc/timeout.ts\nPlease commit your changes or stash them.',
  ),
  failed(
    'a panic in such a file',
    'cargo test',
    "thread 'tests::times_out' panicked at src/rate_limit.rs:3:5:\nindex out of bounds: the len is 3 but the index is 429",
  ),
  failed(
    'a table of such a name',
    'psql -c "select 1 from rate_limits"',
    'ERROR:  relation "rate_limits" does not exist\nLINE 1: select 1 from rate_limits',
  ),
  failed('a column of such a name', 'psql -c "select timeout from t"', 'ERROR:  column "timeout" does not exist'),
  failed('a package of such a name', 'apt-get install timeout', 'E: Unable to locate package timeout'),
  failed('as many tests', 'npm test', 'Error: 401 tests failed\nFAIL: 429 of 504 checks'),
  failed('as many rows', './load', 'Error: the query returned 422 rows, 400 were expected'),
  failed('a process that a test ends', './ci', '##[error]Process completed with exit code 1.'),
  failed(
    'a commit hook',
    'git commit -m "Fix 401 unauthorized and timeout"',
    '[main 1a2b] Fix 401 unauthorized and timeout\nhusky - pre-commit script failed (code 1)',
  ),
  failed(
    'a script that echoes its lines',
    'bash -x run.sh',
    "+ echo 'Error: timed out'\n+ curl --max-time 5 http://localhost\n+ exit 1",
  ),
  failed('jq', 'cat answer.json | jq .error', 'jq: error (at <stdin>:1): Cannot index number with "timeout"'),
  failed(
    'sed and a pattern',
    "sed -n '/unauthorized/p' nothing.log",
    "sed: can't read nothing.log: No such file or directory",
  ),
  failed('find', 'find / -name "*timeout*"', "find: '/root': Permission denied\n/usr/bin/timeout"),
  failed(
    'a memory that ran out',
    'node big.js',
    'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
  ),
  failed(
    'a coverage threshold',
    'vitest --coverage',
    'ERROR: Coverage for lines (42.9%) does not meet global threshold (50.4%)',
  ),
  failed(
    'gcc',
    'make',
    "main.c:3:5: error: 'timeout' undeclared (first use in this function)\nmake: *** [main.o] Error 1",
  ),
  failed(
    'rustc',
    'cargo check',
    'error[E0425]: cannot find value `timed_out` in this scope\nerror: could not compile `rate-limit` (bin "rate-limit") due to 1 previous error',
  ),
  failed('javac', 'javac Main.java', 'Main.java:3: error: cannot find symbol\n  symbol: class UnauthorizedException'),
  failed('kotlinc', './gradlew build', "e: file:///app/src/Timeout.kt:3:5 Unresolved reference 'connectionTimeout'."),
  failed(
    'webpack',
    'npx webpack',
    "ERROR in ./src/timeout.ts\nModule not found: Error: Can't resolve './unauthorized' in '/app/src'",
  ),
  failed('a script that is missing', 'npm run timeout', 'npm error Missing script: "timeout"'),
  failed(
    'a package that is missing',
    'npm install rate-limit-429',
    'npm error code E404\nnpm error 404 Not Found - GET https://registry.example/rate-limit-429',
  ),
  failed('no repository', 'git status', 'fatal: not a git repository (or any of the parent directories): .git'),
  failed(
    'logs of containers',
    'docker compose up --exit-code-from tests',
    'db-1   | ready\nweb-1  | Error: connect ECONNREFUSED 172.18.0.2:5432\nweb-1  | connected\ntests-1 exited with code 1',
  ),
  failed(
    'a deadlock',
    'psql -f a.sql',
    'ERROR:  deadlock detected\nDETAIL:  Process 401 waits for ShareLock on transaction 429',
  ),
  failed(
    'an interrupt',
    'python a.py',
    'Traceback (most recent call last):\n  File "a.py", line 3, in wait_until_timed_out\n    time.sleep(timeout)\nKeyboardInterrupt',
  ),
  failed(
    'a pod of such a name',
    'kubectl get pod rate-limit-429',
    'Error from server (NotFound): pods "rate-limit-429" not found',
  ),
  failed(
    'an exit code that another command may have given',
    'cd app && make && curl -s http://localhost/health | jq .',
    'make: *** [Makefile:3: timeout] Error 7',
  ),
  failed('a curl that is only looked for', 'which curl && grep -c "curl: (7)" install.log', '0'),
  failed(
    'source that is shown before the build',
    'cat src/error.rs && cargo build',
    'Error::Http(429) => "too many requests",\nError::Io(e) => "connection refused",\nerror[E0308]: mismatched types',
  ),
  failed(
    'a log that is shown before the build',
    'tail -3 app.log; make',
    'WARN: connection refused, trying again\nINFO: request timed out, trying again\nmake: *** [all] Error 2',
  ),
  failedOwn(
    'a note that is not there',
    'mcp__notes__get',
    'Note "how to handle 429 rate limit exceeded" was not found',
  ),
  failedOwn('a calendar that is full', 'create_event', 'Error: the room "Timeout" is already booked from 4:01 to 4:29'),
  failedOwn('a search without hits', 'Grep', 'No matches found for pattern "unauthorized|timed out|ECONNREFUSED"'),
  failedOwn(
    'an edit of a line about errors',
    'Edit',
    "<tool_use_error>String to replace not found in file.\nString:   if (status === 429) throw new Error('rate limit exceeded: too many requests');</tool_use_error>",
  ),
  failedOwn(
    'an edit that matches twice',
    'Edit',
    "Found 2 matches of the string to replace, but replace_all is false.\nString: throw new TimeoutError('timed out')",
  ),
  failedOwn(
    'a file of such a name',
    'Read',
    "ENOENT: no such file or directory, open '/app/src/errors/unauthorized-401-timeout.md'",
  ),
  failedOwn('a folder of such a name', 'Read', 'EISDIR: illegal operation on a directory, read /app/timeout'),
  failedOwn(
    'a page that is not there',
    'WebFetch',
    'Request failed with status code 404: https://docs.example/errors/429-too-many-requests',
  ),
  failedOwn(
    'amounts that look like statuses',
    'book_reservation',
    'Error: payment amount does not add up, total price is 429, but paid 403',
  ),
  failedOwn('a flight that is called so', 'book_reservation', 'Error: flight HAT401 not available on date 2024-05-13'),
  failedOwn(
    'an agent that tells of errors',
    'Task',
    'Agent stopped before it was done.\nOutput: the service is unreachable, connection refused, 401 unauthorized',
  ),
  failedOwn('somebody waits for a file', 'Write', 'File has not been read yet. Read it first before writing to it.'),
];

/** What a tool looked for, and says that it is not there, is there already, or is there twice. */
const SOUGHT: readonly Talk[] = [
  failedOwn('words that an edit looked for', 'Edit', 'Could not find "timed out" in src/net.ts'),
  failedOwn('a code that an edit looked for', 'Edit', 'String "ECONNREFUSED" not found in src/net.ts'),
  failedOwn('a heading that is gone', 'Edit', 'old_string "429 too many requests" was not found in README.md'),
  failedOwn(
    'words that stand there twice',
    'Edit',
    "The text 'connection reset by peer' is not unique in docs/network.md, give more of it",
  ),
  failedOwn(
    'words that stand there often',
    'str_replace_editor',
    'Cannot replace: `socket timed out` occurs 4 times in client.py',
  ),
  failedOwn(
    'a call that an edit looked for',
    'Edit',
    'Did not find the snippet: log.warn(too many requests) in src/limits.ts',
  ),
  failedOwn(
    'an answer that an edit looked for',
    'Edit',
    'No match for {"status": 429, "error": "slow down"} in fixtures/answers.json',
  ),
  failedOwn(
    'lines that an edit looked for',
    'Edit',
    'No occurrence of the old text was found:\nError: connection refused\nHTTP 401 Unauthorized',
  ),
  failedOwn('a quotation of two lines', 'Edit', 'Unable to locate "first try\nError: request timed out" in notes.md'),
  failedOwn('a curl that is quoted', 'Edit', "There is no line 'curl: (7) Failed to connect' in install.md"),
  failedOwn('a pattern without hits', 'Grep', 'Pattern fetch failed did not match anything below src'),
  failedOwn('a pattern in brackets', 'Grep', '0 results for [getaddrinfo ENOTFOUND]'),
  failedOwn('a symbol', 'find_symbol', 'ConnectionRefusedError: no such symbol in this workspace'),
  failedOwn('a search for words', 'search_docs', 'Nothing found for "too many requests"'),
  failedOwn('a query', 'search_docs', 'No document matches the query: connection refused'),
  failedOwn('a query of two sentences', 'search_docs', 'Not found: Fetch failed. Network error while loading.'),
  failedOwn(
    'an answer about a query',
    'search_docs',
    '{"ok":false,"error":"No document matches \'request timed out\'"}',
  ),
  failedOwn(
    'an answer about a query that is not quoted',
    'search_docs',
    '{"message":"Search returned no hits for: too many requests","hits":[]}',
  ),
  failedOwn('a page', 'WebFetch', '404 Not Found: no page about "connection refused"'),
  failedOwn('a forum', 'forum_search', 'No threads titled Login failed: invalid credentials exist in this forum'),
  failedOwn('a number that is no issue', 'get_issue', 'Error: 403 is not an issue of this repository'),
  failedOwn('an issue with a number', 'get_issue', 'Error: 401 does not exist in project PAY'),
  failedOwn('a ticket that is there', 'create_ticket', 'A ticket titled Fix invalid token error already exists'),
  failedOwn('a ticket with a colon', 'create_ticket', 'An issue called Unauthorized: retry once already exists (#77)'),
  failedOwn('a label that is there', 'add_label', 'Label rate limit exceeded is already in use'),
  failedOwn('a label that is not there', 'add_label', 'The project has no label named rate limited'),
  failedOwn('a channel', 'mcp__slack__post', 'Unknown channel: network error'),
  failedOwn('a key of a database', 'mcp__db__query', 'DETAIL: Key (title)=(Connection refused) already exists.'),
  failedOwn('rows of a database', 'mcp__db__query', 'No rows with message = Request timed out in table events'),
  failedOwn(
    'a button of a page',
    'browser_click',
    'Cannot find an element with the text “Session expired, please sign in”',
  ),
  failedOwn('a section', 'read_section', 'The document does not contain a section Permission denied (publickey)'),
  failedOwn('a search between dashes', 'search_web', 'Your search - connection refused - did not return anything.'),
  failedOwn('words that stand in two lines', 'Edit', 'Give more lines: "connection refused" stands in lines 3 and 9'),
  failedOwn('words of which there are more', 'Edit', 'Multiple matches for "ETIMEDOUT" in src/a.ts'),
  failedOwn('words that a page should have', 'browser_wait', 'The text "Too many requests" did not become visible'),
  failedOwn('a key of an index', 'lookup', 'key "connection refused" not in index'),
  failedOwn('a line of a patch', 'apply_patch', 'Hunk 2: the line `raise TimeoutError("timed out")` has changed'),
  failedOwn('a selector of a page', 'browser_click', 'The selector text=Too many requests matched 0 elements'),
  failedOwn('a query in the midst', 'search_docs', 'The query connection refused returned no documents'),
  failedOwn('a text of a document', 'Edit', 'Text not found in document: Request timed out. Please try again.'),
  failed('a key of such a name', 'python a.py', "Traceback (most recent call last):\nKeyError: 'connection refused'"),
  failed('a path that git looked for', 'git show HEAD:a', "fatal: path 'timed out.txt' does not exist in 'HEAD'"),
  failed('a program that looked for words', './find-line', 'Error: could not find "connection reset" in app.log'),
];

export const TALK_OF_ERRORS: readonly Talk[] = [
  ...SAID,
  ...READ,
  ...REFUSED,
  ...FAILED_OTHERWISE,
  ...SOUGHT,
  ...NAMED_ERRORS,
];

export function documentOf({ by, text, command, tool = 'Bash', status = 'ok' }: Talk): SessionDocument {
  const maker = new DocumentMaker();
  if (by === 'user') maker.message('user', { text });
  if (by !== 'tool') {
    maker.turn();
    if (by === 'assistant') maker.message('assistant', { text });
    return maker.document();
  }
  const call = maker.turn();
  const isOver = status === 'ok' || status === 'failed';
  maker.tool(tool, {
    callId: call.callId,
    status,
    arguments: JSON.stringify(command === undefined ? { file_path: '/app/errors/timeout.ts' } : { command }),
    result: isOver ? text : null,
    error: status === 'failed' ? { type: null, message: text } : null,
  });
  maker.message('tool', { text });
  return maker.document();
}
