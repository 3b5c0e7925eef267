import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { validateScenario } from '../../../../harness/scenario/validate-scenario.js';

const ROOT = new URL('../../../../', import.meta.url);

/** Every YAML block of a Markdown file that is a whole scenario. */
function scenariosIn(file: string): string[] {
  const blocks = readFileSync(new URL(file, ROOT), 'utf8').matchAll(/^```yaml\n(.*?)^```/gms);
  return [...blocks].flatMap(([, block = '']) => (block.startsWith('gauntlet:') ? [block] : []));
}

const guides = readdirSync(new URL('docs/guide/', ROOT)).map((name) => `docs/guide/${name}`);

describe('scenarios in the documentation', () => {
  const examples = ['README.md', 'docs/reference/driver.md', ...guides].flatMap((file) =>
    scenariosIn(file).map((text, index) => [`${file} #${index + 1}`, text] as const),
  );

  it('exist', () => expect(examples.length).toBeGreaterThan(0));

  it.each(examples)('%s can be run', (name, text) => {
    const { problems, warnings } = validateScenario(parseScenario(text, name));
    expect(problems).toEqual([]);
    expect(warnings).toEqual([]);
  });
});
