/** Commands that the agent brings along; everything else goes to the shell. */
const COMMANDS = new Set([
  'open',
  'goto',
  'scroll_down',
  'scroll_up',
  'create',
  'edit',
  'insert',
  'append',
  'search_dir',
  'search_file',
  'find_file',
  'filemap',
  'str_replace_editor',
  'view_image',
  'submit',
  'submit_function',
  'submit_issue',
  'exit_cost',
  'exit_format',
  'exit_context',
  'exit_error',
  'skip',
  'exit_forfeit',
  'undo_edit',
  'connect_start',
  'connect_sendline',
  'connect_exec',
  'connect_stop',
  'debug_start',
  'debug_add_breakpoint',
  'debug_continue',
  'debug_step',
  'debug_exec',
  'debug_stop',
  'decompile',
  'disassemble',
  'open_site',
  'close_site',
  'screenshot_site',
  'click_mouse',
  'double_click_mouse',
  'move_mouse',
  'drag_mouse',
  'type_text',
  'scroll_on_page',
  'execute_script_on_page',
  'navigate_back',
  'navigate_forward',
  'reload_page',
  'wait_time',
  'press_keys_on_page',
  'set_browser_window_size',
  'get_console_output',
]);

export interface Action {
  readonly name: string;
  readonly arguments: Readonly<Record<string, string>>;
}

/** Which tool a step's action is; null: none, the answer held no action. */
export function actionOf(text: string): Action | null {
  const trimmed = text.trim();
  if (trimmed === '') return null;
  const [first = ''] = /^\S+/.exec(trimmed) ?? [];
  if (!COMMANDS.has(first)) return { name: 'bash', arguments: { command: trimmed } };
  const rest = trimmed.slice(first.length).trim();
  return { name: first, arguments: rest === '' ? {} : { command: rest } };
}

/**
 * How the program names in a step of its own why it goes no further, where no answer of a model could be had. Version 0 then does as if the
 * model had asked for a command called `exit_…`.
 */
export function isProgramsExit(answer: string, action: string): boolean {
  return /^exit(?:ing)? due to /i.test(answer) && /^\s*(?:exit_\w{1,40})?\s*$/.test(action);
}

/** What the agent itself, or the shell, says when an action failed: there is no exit code in these files. */
const FAILURES: readonly (readonly [RegExp, string | null])[] = [
  [
    /^\s*(?:EXECUTION TIMED OUT|The command '[\s\S]{0,2000}' was cancelled because it took more than|COMMAND TIMED OUT)/,
    'timeout',
  ],
  [/^\s*Your proposed edit has introduced new syntax error/, null],
  [/^\s*Your edit was not applied/, null],
  // The editor that takes the place of text.
  [/^\s*No replacement was performed/, null],
  [
    // A path in its place, where any other sentence has words.
    /^\s*The (?:path|parent directory) (?:\/[^\n]{0,1000}|\S{1,1000}) (?:does not exist|is not an absolute path|is a directory and only)/,
    null,
  ],
  [/^\s*File already exists at: [^\n]{1,1000} Cannot overwrite/, null],
  [/^\s*Invalid `[^`\n]{1,100}`(?: parameter)?[.:]/, null],
  [/^\s*Parameter `[^`\n]{1,100}` is required for command: /, null],
  [/^\s*usage: (\S{1,100}) [\s\S]{0,3000}\n\1: error: /, null],
  [/^\s*(?:Action|Operation) '[^']{0,200}' is not supported/, null],
  [/^\s*(?:\/\S*(?:bash|sh)|bash|sh|-bash): (?:line \d+: )?[^\n]{1,300}: command not found/, 'exit_code_127'],
  [/^\s*(?:Error|ERROR|error): /, null],
];

/** Whether an observation tells of a failure; null: it does not. */
export function failureOf(observation: string): { readonly type: string | null } | null {
  const beginning = observation.slice(0, 4096);
  const failure = FAILURES.find(([pattern]) => pattern.test(beginning));
  return failure ? { type: failure[1] } : null;
}
