import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterNodesFile } from '../../../../harness/environment/cluster-config.js';
import { readClusterNodes } from '../../../../harness/environment/cluster-state.js';

const members = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    id: String(index).padStart(40, '0'),
    port: 20_001 + index,
    busPort: 30_001 + index,
  }));

describe('nodes.conf', () => {
  it('makes the first nodes masters and the others their replicas in turn', () => {
    const [one, two, three, four] = members(4).map(({ id }) => id);
    expect(clusterNodesFile(members(4), 2, 2)).toBe(
      `${one} 127.0.0.1:20001@30001 master - 0 0 1 connected 0-8191
${two} 127.0.0.1:20002@30002 master - 0 0 2 connected 8192-16383
${three} 127.0.0.1:20003@30003 myself,slave ${one} 0 0 1 connected
${four} 127.0.0.1:20004@30004 slave ${two} 0 0 2 connected
vars currentEpoch 2 lastVoteEpoch 0
`,
    );
  });

  it('gives every slot to exactly one master', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 16 }), fc.integer({ min: 0, max: 2 }), (masters, replicas) => {
        const text = clusterNodesFile(members(masters * (1 + replicas)), 0, masters);
        const ranges = [...text.matchAll(/connected (\d+)-(\d+)$/gm)].map(([, from, to]) => [Number(from), Number(to)]);
        expect(ranges).toHaveLength(masters);
        expect(ranges[0]![0]).toBe(0);
        expect(ranges.at(-1)![1]).toBe(16_383);
        for (const [index, range] of ranges.slice(1).entries()) expect(range[0]).toBe(ranges[index]![1]! + 1);
      }),
    );
  });
});

describe('CLUSTER NODES', () => {
  it('tells the masters with slots by their first slot, and the newest epoch', () => {
    const text = `aa 127.0.0.1:23@33,host myself,master - 0 0 7 connected 12 8192-10000 [93-<-bb]
bb 127.0.0.1:21@31 master,fail - 0 0 9 disconnected
cc 127.0.0.1:22@32 master - 0 5 3 connected 5 100-200
dd 127.0.0.1:24@34 slave aa 0 0 7 connected
`;
    expect(readClusterNodes(text)).toEqual({
      epoch: 7,
      masters: [
        { port: 22, firstSlot: 5 },
        { port: 23, firstSlot: 12 },
      ],
    });
  });

  it('is read from what was written', () => {
    expect(readClusterNodes(clusterNodesFile(members(6), 0, 3))).toEqual({
      epoch: 3,
      masters: [
        { port: 20_001, firstSlot: 0 },
        { port: 20_002, firstSlot: 5461 },
        { port: 20_003, firstSlot: 10_922 },
      ],
    });
  });
});
