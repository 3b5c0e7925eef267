import { describe, expect, it } from 'vitest';
import { coloursOf } from '../../../harness/colours.js';

const terminal = { isTTY: true };
const pipe = {};
const coloured = (stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = {}) => coloursOf(stream, env).isColorSupported;

describe('colours', () => {
  it('are for terminals, each stream for itself', () => {
    expect(coloured(terminal)).toBe(true);
    expect(coloured(pipe)).toBe(false);
    expect(coloured(terminal, { TERM: 'dumb' })).toBe(false);
    expect(coloursOf(terminal, {}).red('x')).toBe('\x1b[31mx\x1b[39m');
  });

  it('are not for a CI system’s pipe', () => {
    expect(coloured(pipe, { CI: '1' })).toBe(false);
    expect(coloured(pipe, { CI: 'true', GITHUB_ACTIONS: 'true' })).toBe(false);
  });

  it('can be refused and asked for, and refusal wins', () => {
    expect(coloured(terminal, { NO_COLOR: '1' })).toBe(false);
    expect(coloured(terminal, { NO_COLOR: '' })).toBe(true);
    expect(coloured(pipe, { FORCE_COLOR: '1' })).toBe(true);
    expect(coloured(terminal, { FORCE_COLOR: '0' })).toBe(false);
    expect(coloured(terminal, { FORCE_COLOR: '1', NO_COLOR: '1' })).toBe(false);
  });
});
