/** Reads the part of Markdown that the comments use: paragraphs, code in backticks, and fenced examples. */

/** Splits a comment into its text and its examples. */
export function split(comment: string): { readonly text: string; readonly examples: readonly string[] } {
  const examples: string[] = [];
  const text = comment.replace(/```html\n([\s\S]*?)```/g, (_fence, source: string) => {
    examples.push(source.trim());
    return "";
  });
  return { text: text.trim(), examples };
}

export function prose(text: string): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (const paragraph of text.split(/\n\s*\n/).filter((one) => one.trim() !== "")) {
    const element = document.createElement("p");
    paragraph.split(/`([^`]+)`/).forEach((piece, index) => {
      element.append(index % 2 === 1 ? Object.assign(document.createElement("code"), { textContent: piece }) : piece);
    });
    fragment.append(element);
  }
  return fragment;
}
