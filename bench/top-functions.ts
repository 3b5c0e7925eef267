/** Self time by function of CPU profiles, as Markdown tables: tsx bench/top-functions.ts [--rows N] <file.cpuprofile ...> */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { parseArgs } from 'node:util';

interface Profile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

const IDLE = '(idle)';

const { values, positionals } = parseArgs({
  options: { rows: { type: 'string', default: '10' } },
  allowPositionals: true,
});
for (const path of positionals) process.stdout.write(`${tableOf(path, Number(values.rows))}\n`);

function tableOf(path: string, rows: number): string {
  const { nodes, samples, timeDeltas } = JSON.parse(readFileSync(path, 'utf8')) as Profile;
  const nameOf = new Map(nodes.map(({ id, callFrame }) => [id, describe(callFrame)]));
  const selfUs = new Map<string, number>();
  let busyUs = 0;
  for (const [at, id] of samples.entries()) {
    const name = nameOf.get(id)!;
    // A sample lasts until the next one.
    const us = timeDeltas[at + 1] ?? 0;
    selfUs.set(name, (selfUs.get(name) ?? 0) + us);
    if (name !== IDLE) busyUs += us;
  }
  const top = [...selfUs].filter(([name]) => name !== IDLE).sort((a, b) => b[1] - a[1]);
  return [
    `${basename(path)}: ${(busyUs / 1e6).toFixed(2)} s of JavaScript, garbage collection and native calls`,
    '',
    '| self time | function |',
    '| ---: | --- |',
    ...top.slice(0, rows).map(([name, us]) => `| ${((us / busyUs) * 100).toFixed(1)} % | ${name} |`),
    '',
  ].join('\n');
}

function describe({ functionName, url, lineNumber }: Profile['nodes'][number]['callFrame']): string {
  const file = url.replace(/^.*\/(?=(broker|bench|harness|node_modules)\/)/, '').replace(/\?.*$/, '');
  return file === '' ? functionName : `${functionName || '(anonymous)'} ${file}:${lineNumber + 1}`;
}
