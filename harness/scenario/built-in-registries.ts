import { BUILT_IN_DRIVERS } from '../drivers/built-in.js';
import { FAULT_KINDS } from '../faults/registry.js';
import { findMetric, METRICS } from '../gates/registry.js';
import type { Registries } from './registries.js';

export const builtInRegistries: Registries = {
  faults: FAULT_KINDS,
  metrics: METRICS,
  findMetric,
  drivers: Object.keys(BUILT_IN_DRIVERS),
};
