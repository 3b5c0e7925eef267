import type { DriverCapabilities } from './driver.js';

/** Drivers that come with the harness, by the name that a scenario gives; loaded only where they are used. */
export const BUILT_IN_DRIVERS = {
  null: () => import('./null.js'),
  reference: () => import('./reference.js'),
} as const satisfies Record<string, () => Promise<object>>;

export function isBuiltInDriver(name: string): name is keyof typeof BUILT_IN_DRIVERS {
  return Object.hasOwn(BUILT_IN_DRIVERS, name);
}

/** What is wrong with `system.options` of a built-in driver, by option, before anything of it runs. */
export async function builtInOptionProblems(
  name: string,
  options: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, string>>> {
  if (name !== 'reference') return {};
  const { referenceOptionProblems } = await import('./reference-options.js');
  return referenceOptionProblems(options);
}

/** What a built-in driver is capable of with these options, which must be right. */
export async function builtInCapabilities(
  name: keyof typeof BUILT_IN_DRIVERS,
  options: Readonly<Record<string, unknown>>,
): Promise<DriverCapabilities> {
  switch (name) {
    case 'null': {
      const { createDriver } = await BUILT_IN_DRIVERS.null();
      return createDriver().capabilities;
    }
    case 'reference': {
      const { parseReferenceOptions, referenceCapabilities } = await import('./reference-options.js');
      return referenceCapabilities(parseReferenceOptions(options));
    }
    default:
      return name satisfies never;
  }
}
