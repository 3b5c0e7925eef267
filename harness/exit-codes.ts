/** What `gauntlet` exits with: a contract with scripts and CI (`gauntlet run --help` prints it). */
export const EXIT = {
  pass: 0,
  gateFailed: 1,
  usage: 2,
  environment: 3,
  inconclusive: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
