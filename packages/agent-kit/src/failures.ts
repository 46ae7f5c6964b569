/** The task ends as `failed` with this code (lower_snake) and sentence. */
export class TaskFailure extends Error {
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TaskFailure';
    this.code = code;
  }
}

/** A tool could not do its work: unreachable, slow, or an answer that makes no sense. Never an invented result. */
export class ToolError extends TaskFailure {
  constructor(message: string, options?: ErrorOptions) {
    super('tool_error', message, options);
    this.name = 'ToolError';
  }
}
