/** What a handler's error says besides that it failed. */
export interface ErrorHints {
  /** Not before so many ms have passed. */
  readonly retryAfterMs: number;
  /** What it failed at: a name of the application's. */
  readonly dependency: string | undefined;
}

const NONE: ErrorHints = { retryAfterMs: 0, dependency: undefined };
const DEPENDENCY_CHARACTERS = 100;

/**
 * `retryAfterMs` in ms; or `retryAfter` as the header of HTTP has it: seconds, or a date (RFC 9110, 10.2.3). `dependency`: a
 * name. What is malformed, or throws where it is looked at, says nothing.
 */
export function hintsOf(error: unknown, wallMs: number): ErrorHints {
  if (typeof error !== 'object' || error === null) return NONE;
  try {
    const { retryAfterMs, retryAfter, dependency } = error as Record<string, unknown>;
    return {
      retryAfterMs: positive(retryAfterMs) ?? headerMs(retryAfter, wallMs) ?? 0,
      dependency: isName(dependency) ? dependency : undefined,
    };
  } catch {
    return NONE;
  }
}

function headerMs(value: unknown, wallMs: number): number | undefined {
  if (typeof value === 'number') return positive(value * 1_000);
  if (value instanceof Date) return positive(value.getTime() - wallMs);
  if (typeof value !== 'string') return undefined;
  if (/^\d+$/.test(value)) return positive(Number(value) * 1_000);
  return positive(Date.parse(value) - wallMs);
}

function positive(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= DEPENDENCY_CHARACTERS;
}
