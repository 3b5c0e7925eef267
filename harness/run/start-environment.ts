import type { Clock } from '../clock.js';
import type { Binaries } from '../environment/binaries/binary.js';
import type { Environment } from '../environment/environment.js';
import { startExternalEnvironment } from '../environment/external.js';
import { startNativeEnvironment } from '../environment/native.js';
import type { RunRegistry } from '../environment/run-registry.js';
import type { Scenario } from '../scenario/scenario.js';

/** Where a run's servers come from. */
export type RunTarget =
  | { readonly kind: 'native'; readonly binaries: Binaries }
  | {
      readonly kind: 'external';
      readonly redisUrl: string;
      readonly toxiproxyUrl: string;
      readonly redisUpstream: string | undefined;
    };

export interface EnvironmentRequest {
  readonly target: RunTarget;
  readonly scenario: Scenario;
  readonly registry: RunRegistry;
  readonly logDir: string;
  readonly clock: Clock;
  readonly log: (message: string) => void;
}

/** Starts, or attaches to, what the scenario asks for. Throws EnvironmentError. */
export function startEnvironment(request: EnvironmentRequest, signal: AbortSignal): Promise<Environment> {
  const { target, scenario, registry, logDir, clock, log } = request;
  const shared = { redis: scenario.environment.redis, registry, logDir, clock, log, signal };
  switch (target.kind) {
    case 'native':
      return startNativeEnvironment({ ...shared, binaries: target.binaries });
    case 'external':
      return startExternalEnvironment({ ...shared, ...target });
    default:
      return target satisfies never;
  }
}
