import type { Talk } from './talk-of-errors.ts';

const run = (command: string, text: string): Talk => ({
  ...{ what: `${command}: ${text}`, by: 'tool', tool: 'Bash', status: 'failed' },
  ...{ command, text },
});
const own = (tool: string, text: string): Talk => ({
  what: `${tool}: ${text}`,
  by: 'tool',
  tool,
  text,
  status: 'failed',
});

/** Calls that failed over something whose name, text, test or log speaks of an error of another kind. */
export const NAMED_ERRORS: readonly Talk[] = [
  own('Skill', 'Unknown skill: timeout-helper'),
  own(
    'Edit',
    "SearchReplaceNoExactMatch: This SEARCH block failed to exactly match lines in src/a.ts\n<<<<<<< SEARCH\nthrow new Error('timed out')",
  ),
  own('apply_patch', "Hunk #2 failed to apply:\n-    raise TimeoutError('timed out')\n+    raise RetryLater()"),
  own('create_issue', 'Title is too long (max 20): "Connection refused when saving"'),
  own('create_issue', 'Duplicate of #12: Request timed out when uploading'),
  own('create_issue', 'Duplicate issue: Request timed out when uploading'),
  run(
    'npm test',
    'npm error Lifecycle script `test` failed with error:\nnpm error code 1\nnpm error workspace rate-limited-client@1.0.0',
  ),
  run('grep -rn x timeout', 'grep: timeout: Is a directory'),
  run('cat timeout', 'cat: timeout: Is a directory'),
  run('docker inspect unauthorized:latest', 'Error: No such image: unauthorized:latest'),
  run('node a.js', 'TypeError: res.unauthorized is not a function\n    at a.js:3:5'),
  run('node a.js', 'TypeError: createError.Unauthorized is not a constructor'),
  run('ruby a.rb', "NoMethodError: undefined method `unauthorized' for #<Api:0x1>"),
  run('cat app.log; exit 1', 'Error: connect ECONNREFUSED 127.0.0.1:5432\nError: Request timed out'),
  run('for f in *.log; do cat $f; done; false', 'Error: connect ECONNREFUSED 127.0.0.1:5432'),
  run('git show HEAD:app.log; exit 1', 'Error: connect ECONNREFUSED 127.0.0.1:5432'),
  run('if [ -f a.log ]; then tail -5 a.log; exit 1; fi', 'Error: Request timed out'),
  run('while read l; do echo "$l"; done < a.log; exit 2', 'Error: 429 Too Many Requests'),
  run(
    'python a.py',
    'Traceback (most recent call last):\n  File "a.py", line 3\nFileExistsError: [Errno 17] File exists: \'timed out\'',
  ),
  own('Grep', 'ripgrep error: regex parse error: (?:connection refused( ) unclosed group'),
  own('linear_search', 'Could not find issue: Connection refused on start'),
  own('run_tests', '2 of 40 tests failed: rejects unauthorized users, answers 429'),
  run(
    'git rebase main',
    'CONFLICT (modify/delete): src/rate-limit.ts deleted in HEAD\nerror: could not apply 1a2b3c4... handle connection refused',
  ),
  run('git cherry-pick abc', 'error: could not apply abc1234... Fix 401 Unauthorized on login'),
  run('make deploy', 'make: *** [Makefile:10: check-unauthorized] Error 2'),
  run('cat notes.md && exit 3', 'Error: rate limit exceeded, says the provider'),
  run('head -20 server.log; echo done; exit 1', 'error: connect ETIMEDOUT\ndone'),
  own('browser_click', "strict mode violation: getByText('Too many requests') resolved to 3 elements"),
  own('read_file', 'Cannot read binary file: network error.png'),
];
