/** Owns the making of elements. Text goes in as text nodes only; there is no way to pass markup. */

type Child = Node | string | number | null | undefined | false;

export interface Props {
  class?: string;
  id?: string;
  title?: string;
  role?: string;
  tabIndex?: number;
  hidden?: boolean;
  type?: string;
  disabled?: boolean;
  /** `aria-…`, `data-…` and other attributes; null leaves one out, true is the empty attribute. */
  attrs?: Readonly<Record<string, string | number | boolean | null>>;
  on?: { readonly [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => void };
}

/** An element with properties, listeners and children. */
export function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, props: Props = {}, ...children: Child[]): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  const { class: className, attrs, on, role, type, ...rest } = props;
  if (className) element.className = className;
  if (role) element.setAttribute("role", role);
  if (type) element.setAttribute("type", type);
  Object.assign(element, rest);
  setAttributes(element, attrs ?? {});
  for (const [name, listener] of Object.entries(on ?? {})) element.addEventListener(name, listener as EventListener);
  append(element, children);
  return element;
}

export function setAttributes(element: Element, attrs: Readonly<Record<string, string | number | boolean | null>>): void {
  for (const [name, value] of Object.entries(attrs)) {
    if (value === null || value === false) element.removeAttribute(name);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
}

export function append(parent: Node, children: readonly Child[]): void {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
  }
}

/** Put `children` in place of what is in `parent`. */
export function replaceChildren(parent: Element, ...children: Child[]): void {
  parent.replaceChildren();
  append(parent, children);
}

let nextId = 0;

/** An id that is unique in this page, for labels and descriptions. */
export function uniqueId(prefix: string): string {
  nextId += 1;
  return `${prefix}-${nextId}`;
}

/** The nonce of this page's policy for style elements that a library makes (`EditorView.cspNonce`). */
export function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[name="style-nonce"]')?.nonce ?? "";
}
