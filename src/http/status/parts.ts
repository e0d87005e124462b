import { markup, type Html } from './markup.ts';
import type { Tone } from './words.ts';

/** A word with a colour and a mark of its own, so that the colour alone says nothing. */
export function chip(tone: Tone, word: string): Html {
  return markup`<span class="chip ${tone}">${word}</span>`;
}

/** A name of Kubernetes, kept apart from the words around it. */
export function name(text: string): Html {
  return markup`<bdi class="name">${text}</bdi>`;
}

/** Of AWS's own names, `ip-10-0-1-2.eu-central-1.compute.internal`, people read what is before the first dot. */
export function nodeName(node: string): Html {
  if (!/^ip?-/u.test(node)) return name(node);
  const [host = '', ...domain] = node.split('.');
  return markup`<bdi class="name">${host}${domain.length > 0 && markup`<span class="domain">.${domain.join('.')}</span>`}</bdi>`;
}

export function podName({ namespace, name }: { readonly namespace: string; readonly name: string }): Html {
  return markup`<bdi class="name"><span class="namespace">${namespace}/</span>${name}</bdi>`;
}

interface Share {
  readonly className: string;
  readonly count: number;
}

/** One bar of 100 %, as a picture of the counts that stand next to it in words. */
export function bar(shares: readonly Share[]): Html {
  const total = shares.reduce((sum, { count }) => sum + count, 0);
  let x = 0;
  const parts = shares
    .filter(({ count }) => count > 0)
    .map(({ className, count }) => {
      const width = (count / total) * 100;
      const part = markup`<rect
        class="${className}"
        x="${x.toFixed(2)}"
        width="${width.toFixed(2)}"
        height="1"
      />`;
      x += width;
      return part;
    });
  return markup`<svg class="bar" viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
    ${parts}
  </svg>`;
}

/** A table that may be wider than a phone: it scrolls by itself, and with the keyboard. */
export function table(label: string, headings: readonly Html[], rows: readonly Html[]): Html {
  return markup`<div class="scroll" role="region" aria-label="${label}" tabindex="0">
    <table>
      <thead>
        <tr>
          ${headings}
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
  </div>`;
}

export function heading(text: string, className = ''): Html {
  return markup`<th scope="col" class="${className}">${text}</th>`;
}
