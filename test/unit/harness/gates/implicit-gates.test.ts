import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../harness/scenario/parse-scenario.js';
import { MINIMAL, withMore } from '../../../fixtures/scenario-texts.js';

describe('implicit gates', () => {
  const texts = (text: string) => parseScenario(text, 'x').gates.flatMap((gate) => (gate.implicit ? [gate.text] : []));

  it('are in every scenario', () => {
    expect(texts(MINIMAL)).toEqual([
      'stranded == 0',
      'unsettled == 0',
      'crashed == 0',
      'unexpected == 0',
      'contract == 0',
      'unanswered == 0',
      'collateral == 0',
      'misjudged == 0',
      'overlapped == 0',
      'availability == 100% outside faults',
    ]);
  });

  it('give way to the scenario’s own, over the same scope or more', () => {
    expect(texts(withMore('gates: [stranded <= 5, availability >= 99%]'))).not.toContain('stranded == 0');
    expect(texts(withMore('gates: [stranded <= 5, availability >= 99%]')).join()).not.toContain('availability');
    const narrow = texts(withMore('gates: [unexpected <= 5 during steady, availability >= 99% during steady]'));
    expect(narrow).toContain('unexpected == 0');
    expect(narrow).toContain('availability == 100% outside faults');
  });

  it('expect no order where there are no keys', () => {
    expect(texts(MINIMAL.replace('load:\n', 'load:\n  message: { keys: none }\n'))).not.toContain('overlapped == 0');
  });
});
