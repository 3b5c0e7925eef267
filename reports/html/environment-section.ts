import { formatBytes, formatMs, formatTime } from '../format.js';
import type { Results } from '../results.js';
import { type Content, html, type Markup } from './markup.js';

const MAX_SOURCE = 200_000;

/** All that it takes to run it again: command, seed, versions, machine, and the scenario as it was read. */
export function environmentSection(results: Results): Markup {
  const { run } = results;
  const { environment, driver, machine, versions, scenario } = run;
  return html`<h3>Reproduce</h3>
<div class="command"><pre tabindex="0"><code id="reproduce-command">${run.command}</code></pre><button type="button" data-copy="reproduce-command" hidden>Copy</button></div>
<dl class="facts">
${fact('Run', run.repetition > 1 ? `${run.id} (repetition ${run.repetition})` : run.id)}
${fact('Started', formatTime(run.startedAt))}
${fact('Seed', String(run.seed))}
${fact('Git commit', run.gitCommit ?? 'not in a repository')}
${fact('Driver', `${driver.name} ${driver.version}`)}
${fact('Driver options', pairs(driver.options))}
${fact('Durability', driver.durability ?? '')}
${fact('Environment', servers(environment))}
${fact('redis.conf', pairs(environment.redisConfig))}
${fact('Versions', `Gauntlet ${versions.gauntlet}, Redis ${versions.redis}, Toxiproxy ${versions.toxiproxy}, Node ${versions.node}`)}
${fact('Machine', `${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${machine.os}${machine.governor === null ? '' : `, governor ${machine.governor}`}`)}
${fact(
  'Stages',
  Object.entries(run.stagesMs)
    .map(([stage, ms]) => `${stage} ${formatMs(ms)}`)
    .join(', '),
)}
${fact('Message nonce', run.nonce)}
${fact('Scenario file', `${scenario.path} (sha256 ${scenario.sha256.slice(0, 16)})`)}
</dl>
<details><summary>The scenario, as it was read</summary><pre tabindex="0"><code>${scenario.source.slice(0, MAX_SOURCE)}</code></pre></details>
<p class="files">Files beside this page: ${FILES.map((file, i) => [i > 0 && ' · ', html`<a href="${file}">${file}</a>`])}${logs(results)}</p>`;
}

function servers({ kind, topology, replicas, masters, sentinels }: Results['run']['environment']): string {
  const counts = [
    masters !== undefined && `${masters} masters`,
    replicas > 0 && `${replicas} ${replicas === 1 ? 'replica' : 'replicas'}${masters === undefined ? '' : ' each'}`,
    sentinels !== undefined && `${sentinels} Sentinels`,
  ];
  return [kind, topology, ...counts.filter((count) => count !== false)].join(', ');
}

const FILES = ['results.json', 'metrics.txt', 'e2e.hlog', 'e2e.hgrm', 'publish.hlog', 'publish.hgrm'];

function fact(name: string, value: string): Content {
  return value !== '' && html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
}

function pairs(record: Readonly<Record<string, unknown>>): string {
  return Object.entries(record)
    .map(([key, value]) => `${key}: ${typeof value === 'string' ? value || '""' : JSON.stringify(value)}`)
    .join(', ');
}

function logs({ logs: paths }: Results): Content {
  if (paths.length === 0) return null;
  return html`<br>Logs: ${paths.slice(0, 100).map((path, i) => [i > 0 && ' · ', logLink(path)])}`;
}

/** Only paths below this folder become links: a document can name anything. */
function logLink(path: string): Content {
  const segments = path.split('/');
  const below = !path.startsWith('/') && !path.includes('\\') && !segments.includes('..');
  if (!below) return path;
  const href = segments.map((segment) => encodeURIComponent(segment.replace(/\p{Cs}/gu, ''))).join('/');
  return html`<a href="./${href}">${path}</a>`;
}
