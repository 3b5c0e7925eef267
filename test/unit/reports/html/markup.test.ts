import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { embeddedJson, html, trusted } from '../../../../reports/html/markup.js';

describe('html', () => {
  test('escapes what is interpolated, in lists too', () => {
    const hostile = `<script>"'&`;
    expect(html`<p title="${hostile}">${[hostile, [hostile]]}</p>`.text).toBe(
      '<p title="&lt;script&gt;&quot;&#39;&amp;">&lt;script&gt;&quot;&#39;&amp;&lt;script&gt;&quot;&#39;&amp;</p>',
    );
  });

  test('keeps markup as it is, and drops what is absent', () => {
    expect(html`${trusted('<b>')}${html`<i>${1}</i>`}${null}${undefined}${false}${0}`.text).toBe('<b><i>1</i>0');
  });

  test('no text leaves an attribute or opens a tag', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(html`${text}`.text).not.toMatch(/[<>"'\0]/);
      }),
    );
  });
});

test('embedded JSON reads back, and cannot close its element', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--', ']]>', '\u2028'), (value, hostile) => {
      const text = embeddedJson([value, hostile]).text;
      expect(text).not.toMatch(/[<>&\u2028\u2029]/);
      expect(JSON.stringify(JSON.parse(text))).toBe(JSON.stringify([value, hostile]));
    }),
  );
});
