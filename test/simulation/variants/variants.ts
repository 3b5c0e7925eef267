import { HANDLING_VARIANTS } from './handling-variants.js';
import { MEMBERSHIP_VARIANTS } from './membership-variants.js';
import { OWNERSHIP_VARIANTS } from './ownership-variants.js';
import { POISON_VARIANTS } from './poison-variants.js';
import { PUBLISHING_VARIANTS } from './publishing-variants.js';
import type { Variant } from './variant.js';

/** Every rule that the broker cannot do without, each switched off alone. */
export const VARIANTS: readonly Variant[] = [
  ...PUBLISHING_VARIANTS,
  ...OWNERSHIP_VARIANTS,
  ...HANDLING_VARIANTS,
  ...MEMBERSHIP_VARIANTS,
  ...POISON_VARIANTS,
];
