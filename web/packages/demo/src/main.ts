/** The demo: one page of one element. */

import { html, LitElement } from "lit";

class LamplightDemo extends LitElement {
  override render() {
    return html`<h1>Lamplight</h1>`;
  }
}

customElements.define("lamplight-demo", LamplightDemo);
