/** The section with the multi-device policy. */

import { css, html } from "lit";
import { customElement } from "lit/decorators.js";
import type { MultiDeviceMode } from "../api/shapes.js";
import { base, cards } from "../components/styles.js";
import { DEVICE_FIELDS } from "../settings/fields.js";
import { Section, sectionStyles } from "./section.js";

const MODES: readonly MultiDeviceMode[] = ["multi", "triple", "dual", "single"];

@customElement("lc-devices")
export class DevicesSection extends Section {
  static override styles = [
    base,
    cards,
    sectionStyles,
    css`
      .body {
        display: grid;
        gap: 1rem;
      }
    `,
  ];

  override render(): unknown {
    const { app, devices } = this.words;
    return html`<section class="card">
      <header>
        <h2>${app.tabs.devices}</h2>
        <p>${devices.lead}</p>
      </header>
      <div class="body">
        <fieldset>
          <legend>${devices.mode}</legend>
          <div class="choices">
            ${MODES.map(
              (mode) =>
                html`<label class="choice">
                  <input
                    type="radio"
                    name="mode"
                    value=${mode}
                    .checked=${mode === this.form.draft.multi_device.mode}
                    @change=${(): void => {
                      this.edit("multi_device.mode", mode);
                    }}
                  />
                  ${devices.modes[mode].name}
                  <span>${devices.modes[mode].text}</span>
                </label>`,
            )}
          </div>
        </fieldset>
        <div class="lines">${this.numbers(DEVICE_FIELDS)}</div>
      </div>
    </section>`;
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lc-devices": DevicesSection;
  }
}
