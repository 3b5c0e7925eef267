import { readFileSync } from 'node:fs';

export interface ScriptSession {
  readonly name: string;
  readonly steps: readonly (readonly string[])[];
  /** Compared at the end. */
  readonly keys: readonly string[];
}
export const SCRIPT_SESSIONS: readonly ScriptSession[] = [];
void readFileSync;
