/** A message's constant part: tokens, of which `<*>` stands for any. */
export interface Template {
  /** Of the first message that it was made from: stays while the template grows more general. */
  readonly id: number;
  readonly tokens: readonly string[];
  readonly count: number;
}

interface MutableTemplate {
  readonly id: number;
  tokens: string[];
  count: number;
  readonly leaf: Leaf;
}

interface Leaf {
  readonly path: string;
  /** Nodes on the way to it, each with the child that was taken. */
  readonly steps: readonly (readonly [node: string, child: string])[];
  readonly templates: Set<MutableTemplate>;
}

export interface TemplateMinerOptions {
  /** Levels of the tree: two, and one for each leading token that has to be equal (default 4). */
  readonly depth?: number;
  /** Share of equal tokens, of those behind the leading ones, from which on a message belongs to a template (default 0.4). */
  readonly similarity?: number;
  /** Of a node; what comes later shares one child (default 100). */
  readonly maxChildren?: number;
  /** Most templates that are kept (default 1,024): the one that was seen longest ago goes. */
  readonly maxTemplates?: number;
}

const WILDCARD = '<*>';
/** What is behind it tells no causes apart that differ in nothing before. */
const MAX_TOKENS = 64;

/**
 * Finds the constant parts of messages online: Drain (He, Zhu, Zheng, Lyu: "Drain: An Online Log Parsing Approach with Fixed
 * Depth Tree", ICWS 2017), with the paper's parameters. A message's number of tokens and its leading ones lead to a leaf of
 * the tree; within it the template with the largest share of equal tokens takes the message in, and what differs becomes a
 * wildcard.
 */
export class TemplateMiner {
  readonly #leading: number;
  readonly #similarity: number;
  readonly #maxChildren: number;
  readonly #maxTemplates: number;
  readonly #leaves = new Map<string, Leaf>();
  /** Leaves below each node that has any. */
  readonly #children = new Map<string, Map<string, number>>();
  /** In the order in which they were seen last. */
  readonly #recent = new Set<MutableTemplate>();
  #nextId = 1;

  constructor({ depth = 4, similarity = 0.4, maxChildren = 100, maxTemplates = 1_024 }: TemplateMinerOptions = {}) {
    this.#leading = depth - 2;
    this.#similarity = similarity;
    this.#maxChildren = maxChildren;
    this.#maxTemplates = maxTemplates;
  }

  get size(): number {
    return this.#recent.size;
  }

  /** The template of a message whose variable parts are masked as far as they are known; `scope` keeps some apart. */
  learn(message: string, scope = ''): Template {
    const tokens = message.split(' ', MAX_TOKENS);
    const leaf = this.#leafOf(tokens, scope);
    const found = best(leaf, tokens, this.#leading, this.#similarity) ?? this.#add(leaf, tokens);
    if (found.count > 0 && found.tokens.some((token, i) => token !== tokens[i] && token !== WILDCARD)) {
      found.tokens = found.tokens.map((token, i) => (token === tokens[i] ? token : WILDCARD));
    }
    found.count++;
    this.#recent.delete(found);
    this.#recent.add(found);
    return found;
  }

  #leafOf(tokens: readonly string[], scope: string): Leaf {
    const steps: [node: string, child: string][] = [];
    let path = `${scope}\n${tokens.length}`;
    for (const token of tokens.slice(0, this.#leading)) {
      const child = this.#childOf(path, token);
      steps.push([path, child]);
      path = `${path}\n${child}`;
    }
    return this.#leaves.get(path) ?? { path, steps, templates: new Set() };
  }

  /** A masked token leads nowhere in particular, nor does one more than a node may have. */
  #childOf(path: string, token: string): string {
    if (token.startsWith('<')) return WILDCARD;
    const children = this.#children.get(path);
    return children === undefined || children.has(token) || children.size < this.#maxChildren ? token : WILDCARD;
  }

  #add(leaf: Leaf, tokens: readonly string[]): MutableTemplate {
    const template = { id: this.#nextId++, tokens: [...tokens], count: 0, leaf };
    if (leaf.templates.size === 0) this.#grow(leaf, 1);
    leaf.templates.add(template);
    this.#recent.add(template);
    if (this.#recent.size > this.#maxTemplates) this.#forgetOldest();
    // A leaf in which everything differs would be looked through for each message.
    else if (leaf.templates.size > this.#maxChildren) this.#forget(leaf.templates.values().next().value!);
    return template;
  }

  #forgetOldest(): void {
    for (const oldest of this.#recent) {
      this.#forget(oldest);
      return;
    }
  }

  #forget(template: MutableTemplate): void {
    const { leaf } = template;
    this.#recent.delete(template);
    leaf.templates.delete(template);
    if (leaf.templates.size === 0) this.#grow(leaf, -1);
  }

  /** Takes a leaf into the tree, or out of it with all nodes that nothing else is below. */
  #grow(leaf: Leaf, by: 1 | -1): void {
    if (by === 1) this.#leaves.set(leaf.path, leaf);
    else this.#leaves.delete(leaf.path);
    for (const [node, child] of leaf.steps) {
      const children = this.#children.get(node) ?? new Map<string, number>();
      const below = (children.get(child) ?? 0) + by;
      if (below > 0) children.set(child, below);
      else children.delete(child);
      if (children.size > 0) this.#children.set(node, children);
      else this.#children.delete(node);
    }
  }
}

function best(
  { templates }: Leaf,
  tokens: readonly string[],
  leading: number,
  similarity: number,
): MutableTemplate | undefined {
  let found: MutableTemplate | undefined;
  // The tree has compared the leading ones: to count them would make all short messages of one leaf alike.
  let least = similarity * (tokens.length - leading);
  for (const template of templates) {
    let equal = 0;
    for (let i = leading; i < tokens.length; i++) if (template.tokens[i] === tokens[i]) equal++;
    if (equal < least || (equal === least && found !== undefined)) continue;
    found = template;
    least = equal;
  }
  return found;
}
