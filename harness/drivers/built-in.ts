/** Drivers that come with the harness, by the name that a scenario gives; loaded only where they are used. */
export const BUILT_IN_DRIVERS = {
  null: () => import('./null.js'),
  reference: () => import('./reference.js'),
} as const satisfies Record<string, () => Promise<object>>;

export function isBuiltInDriver(name: string): name is keyof typeof BUILT_IN_DRIVERS {
  return Object.hasOwn(BUILT_IN_DRIVERS, name);
}
