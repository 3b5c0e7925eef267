import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { html, type Markup, trusted } from './markup.js';

const require = createRequire(import.meta.url);

export interface Page {
  readonly title: string;
  readonly body: Markup;
  /** With the live timeline: uPlot and the script that drives it. */
  readonly live: boolean;
}

/**
 * A whole page in one file: nothing is fetched. The policy allows these very styles and scripts by their hash and
 * nothing else, so that even markup that slipped in could not run.
 */
export function renderPage({ title, body, live }: Page): string {
  const styles = [asset('page.css'), ...(live ? [vendored('uplot/dist/uPlot.min.css')] : [])];
  const scripts = live
    ? [vendored('uplot/dist/uPlot.iife.min.js'), asset('timeline-paint.mjs'), asset('timeline.mjs')]
    : [];
  const policy = [
    "default-src 'none'",
    `style-src ${styles.map(hash).join(' ')}`,
    `script-src ${scripts.length > 0 ? scripts.map(hash).join(' ') : "'none'"}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
${styles.map((style) => html`<style>${trusted(style)}</style>`)}
</head>
<body>
<a class="skip" href="#main">To the results</a>
${body}
${scripts.map((script) => html`<script>${trusted(script)}</script>`)}
</body>
</html>
`;
  return page.text;
}

function asset(name: string): string {
  return readFileSync(new URL(`./${name}`, import.meta.url), 'utf8');
}

function vendored(path: string): string {
  return readFileSync(require.resolve(path), 'utf8');
}

/** Browsers hash the element's text with its line ends normalised. */
function hash(text: string): string {
  return `'sha256-${createHash('sha256').update(text.replace(/\r\n?/g, '\n')).digest('base64')}'`;
}
