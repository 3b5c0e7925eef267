/** The soak's result in markdown, with the bound that zero observed losses support: the rule of three, 3/n at 95 %. */
export function soakTable(runs) {
  const sum = (name) => runs.reduce((total, run) => total + run[name], 0);
  const episodes = runs.flatMap((run) => run.episodes);
  const kinds = [...new Set(episodes)].sort();
  const lines = [
    '# Failover soak',
    '',
    '`npm run soak`: seeded failovers on Sentinel with two replicas, durability `replicated`, 1,000 messages a second. One line of',
    '`runs.jsonl` a run; the same seed draws the same episodes.',
    '',
    `${episodes.length} episodes in ${runs.length} runs (${kinds.map((kind) => `${count(episodes, kind)} ${kind}`).join(', ')}).`,
    '',
    '| accepted | lost | reordered | overlapped | handled twice | without an excuse | indeterminate |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    `| ${['accepted', 'lost', 'reordered', 'overlapped', 'duplicated', 'unexcused', 'indeterminate'].map((name) => sum(name).toLocaleString('en-US')).join(' | ')} |`,
    '',
  ];
  const harmed = runs.filter((run) => run.lost > 0).length;
  if (harmed === 0 && episodes.length > 0) {
    const bound = (300 / episodes.length).toFixed(2);
    lines.push(`No episode lost a message: at most ${bound} % of such episodes do, at 95 % confidence (3/n).`);
  } else lines.push(`${harmed} runs lost messages.`);
  const verdicts = [...new Set(runs.map((run) => run.verdict))].sort();
  lines.push(
    '',
    `Verdicts of the runs: ${verdicts.map((verdict) => `${runs.filter((run) => run.verdict === verdict).length} ${verdict}`).join(', ')}.`,
    '',
  );
  return lines.join('\n');
}

function count(list, item) {
  return list.filter((one) => one === item).length;
}
