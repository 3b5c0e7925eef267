import { describe, expect, it } from 'vitest';
import { membersProblem, refuseMembers } from '../../../../harness/drivers/member-check.js';
import { parsedScenario } from '../../../fixtures/parsed-scenario.js';

const driver = (severalMembers?: boolean) => ({
  name: 'mine',
  capabilities: severalMembers === undefined ? {} : { severalMembers },
});
const consumers = (members: number) => parsedScenario({ members }).consumers;

describe('members of one worker', () => {
  it('are several only where the driver can open several', () => {
    for (const one of [driver(), driver(false)]) {
      expect(membersProblem(consumers(25), one)).toMatch(
        /^25 members in one worker: driver mine opens one .* Use consumers.workers instead/,
      );
      expect(() => refuseMembers(consumers(2), one)).toThrow(
        expect.objectContaining({ code: 'single-member', message: expect.stringMatching(/^consumers.members: 2 /) }),
      );
    }
    expect(membersProblem(consumers(25), driver(true))).toBeUndefined();
    expect(() => refuseMembers(consumers(25), driver(true))).not.toThrow();
  });

  it('are one with any driver', () => {
    expect(membersProblem(consumers(1), driver())).toBeUndefined();
  });
});
