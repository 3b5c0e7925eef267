import type { Results } from '../reports/results.js';

export interface Conditions extends Pick<Results['run'], 'versions' | 'machine'> {
  readonly commit: string | null;
}

/** One paragraph: with what, and on what machine runs were made; how many of them, where that differs. */
export function conditionsOf(runs: readonly Conditions[]): string {
  const told = runs.map(describe);
  const kinds = [...new Set(told)];
  if (kinds.length === 1) return `Made with ${kinds[0]}.`;
  const counted = kinds.map((kind) => `${told.filter((other) => other === kind).length} with ${kind}`);
  return `Of ${runs.length} runs ${counted.join('; ')}.`;
}

function describe({ versions, machine, commit }: Conditions): string {
  const { gauntlet, redis, toxiproxy, node } = versions;
  const at = commit === null ? '' : ` (commit ${commit.slice(0, 12)})`;
  const memory = `${Math.round(machine.memoryBytes / 2 ** 30)} GiB`;
  return `Gauntlet ${gauntlet}${at}, Redis ${redis}, Toxiproxy ${toxiproxy}, Node ${node}; ${machine.cores} cores (${machine.cpu}), ${memory}, ${machine.os}`;
}
