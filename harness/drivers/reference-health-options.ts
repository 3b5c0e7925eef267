import { resolveHealthOptions } from '../../broker/groups/health/health-options.js';
import { BrokerError, type HealthOptions } from '../../broker/index.js';

/** Options of the broker's health monitor, which a scenario states as the broker takes them. */
export const HEALTH_OPTIONS = [
  'healthPolicy',
  'stuckHandlerMs',
  'stalledLoopMs',
  'slowFactor',
  'phiThreshold',
  'drainMs',
] as const satisfies readonly (keyof HealthOptions)[];

export function isHealthOption(name: string): name is keyof HealthOptions {
  return (HEALTH_OPTIONS as readonly string[]).includes(name);
}

/** What the broker itself says against it; undefined: nothing. */
export function healthOptionProblem(name: keyof HealthOptions, value: unknown): string | undefined {
  if (name === 'healthPolicy' && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return `healthPolicy ${JSON.stringify(value)}: a mapping such as { slow: drain, stuck: replace }`;
  }
  return refusalOf(() => resolveHealthOptions({ [name]: value }));
}

/** What the broker says when it refuses; undefined: it does not. */
export function refusalOf(resolve: () => void): string | undefined {
  try {
    resolve();
    return undefined;
  } catch (error) {
    if (error instanceof BrokerError) return error.message;
    throw error;
  }
}

/** Those that are stated, for the broker to fill in the others. */
export function statedHealthOptions(given: HealthOptions): HealthOptions {
  return Object.fromEntries(HEALTH_OPTIONS.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}
