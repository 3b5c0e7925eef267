import { describe, expect, it } from 'vitest';
import { reproducibleCommand } from '../../../../harness/run/reproducible-command.js';

describe('the command that a report shows', () => {
  it('is what was typed', () => {
    expect(reproducibleCommand(['run', 'a.yaml', '--seed', '7', '--set', 'load.message.size=4KiB'])).toBe(
      'gauntlet run a.yaml --seed 7 --set load.message.size=4KiB',
    );
  });

  it('is quoted for a shell', () => {
    expect(reproducibleCommand(['run', "it's here.yaml"])).toBe("gauntlet run 'it'\\''s here.yaml'");
  });

  it('holds no password', () => {
    const command = reproducibleCommand(['run', '--redis', 'redis://me:secret@host:6379', '--redis=redis://:s3cr3t@h']);
    expect(command).toContain('me:');
    expect(command).not.toMatch(/secret|s3cr3t/);
  });
});
