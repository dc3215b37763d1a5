/**
 * Tests `useUserStatus` of React and Vue in a page: it shows the status of one user, then of another, and ends its
 * subscriptions.
 */

import { LamplightProvider, useUserStatus as useInReact } from "@lamplight/chat/react";
import { type StatusClient, statusStore } from "@lamplight/chat/store";
import { lamplight, useUserStatus as useInVue } from "@lamplight/chat/vue";
import { createElement, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, expect, test } from "vitest";
import { createApp, h } from "vue";
import { SCENE } from "../../stage/people.js";
import { Stage } from "../../stage/stage.js";
import { until } from "./support.js";

const stages: Stage[] = [];

function client(): { stage: Stage; chat: StatusClient } {
  const stage = new Stage({ ...SCENE });
  stages.push(stage);
  return { stage, chat: stage as unknown as StatusClient };
}

afterEach(async () => {
  for (const stage of stages.splice(0)) {
    await statusStore(stage as unknown as StatusClient).destroy();
  }
});

/** Adds an element to the page, in which a framework draws. */
function box(): HTMLElement {
  const element = document.createElement("div");
  document.body.append(element);
  return element;
}

/** The status of a user, drawn by a framework. `draw` changes the user, and `stop` removes the drawing. */
interface Drawn {
  draw(user: string | undefined): void;
  stop(): void;
}

function inReact(element: HTMLElement, chat: StatusClient): Drawn {
  const Status = ({ user }: { user: string | undefined }) => String(useInReact(user)?.statusType);
  const root = createRoot(element);
  return {
    draw: (user) => {
      const inside = createElement(LamplightProvider, { chat }, createElement(Status, { user }));
      root.render(createElement(StrictMode, null, inside));
    },
    stop: () => {
      root.unmount();
    },
  };
}

function inVue(element: HTMLElement, chat: StatusClient): Drawn {
  let app = createApp({});
  return {
    draw: (user) => {
      app.unmount();
      app = createApp({
        setup() {
          const status = useInVue(() => user);
          return () => h("i", String(status.value?.statusType));
        },
      });
      app.use(lamplight, { chat }).mount(element);
    },
    stop: () => {
      app.unmount();
    },
  };
}

test.each([
  ["React", inReact],
  ["Vue", inVue],
] as const)("in %s", async (_, framework) => {
  const { stage, chat } = client();
  const element = box();
  const drawn = framework(element, chat);
  drawn.draw("maya");
  await until(() => {
    expect(element.textContent).toBe("1");
  });
  expect(stage.subscriptions).toEqual(["maya"]);
  stage.becomes("maya", 2, "");
  await until(() => {
    expect(element.textContent).toBe("2");
  });
  drawn.draw("noah");
  await until(() => {
    expect(element.textContent).toBe("3");
    expect(stage.subscriptions).toEqual(["noah"]);
  });
  drawn.draw(undefined);
  await until(() => {
    expect(element.textContent).toBe("undefined");
  });
  drawn.stop();
  await until(() => {
    expect(stage.subscriptions).toEqual([]);
  });
});
