import { html, type Markup } from './markup.js';

export type AnyVerdict = 'pass' | 'fail' | 'inconclusive' | 'error' | 'interrupted';

const SIGNS: Record<AnyVerdict, string> = { pass: '✓', fail: '✕', inconclusive: '?', error: '!', interrupted: '■' };
const CLASSES: Record<AnyVerdict, string> = {
  pass: 'pass',
  fail: 'fail',
  inconclusive: 'unsure',
  error: 'unsure',
  interrupted: 'unsure',
};

/** A verdict as sign, word and colour: never colour alone. */
export function verdictBadge(verdict: AnyVerdict): Markup {
  return html`<span class="badge ${CLASSES[verdict]}"><span aria-hidden="true">${SIGNS[verdict]}</span> ${verdict}</span>`;
}

export function verdictClass(verdict: AnyVerdict): string {
  return CLASSES[verdict];
}

export function verdictSign(verdict: AnyVerdict): string {
  return SIGNS[verdict];
}
