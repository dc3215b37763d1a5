/** Creates an app in the form of the server's answers. */

import type { Tagged } from "../src/api/client.js";
import type { App, Bounds } from "../src/api/shapes.js";

export function anApp(change: (app: App) => void = () => undefined, tag = '"1"'): Tagged<App> {
  const value: App = {
    id: 1_400_000_001,
    settings: {
      name: "first app",
      edition: "flagship",
      switches: { user_status: true, friend_notification: false },
      multi_device: { mode: "multi", web_instances: 1, native_instances: 1 },
      limits: { subscriptions: 200, rate: { calls: 20, window_ms: 5_000 } },
      timing: { linger_web_ms: 0 },
      webhooks: { state_change_url: "", push_url: "", token_set: true },
      jwt: {
        jwks_url: "",
        jwks_file: "",
        keys: "",
        secret_set: true,
        issuer: "",
        audience: "",
        user_claim: "sub",
        leeway_s: 30,
      },
    },
    keys: [{ id: 1, signs: true }],
    admins: ["administrator"],
  };
  change(value);
  return { value, tag };
}

export const BOUNDS: Bounds = {
  name: [0, 200],
  "multi_device.web_instances": [1, 10],
  "multi_device.native_instances": [1, 3],
  "limits.subscriptions": [1, 10_000],
  "limits.rate.calls": [1, 1_000],
  "limits.rate.window_ms": [1, 3_600_000],
  "timing.linger_web_ms": [0, 600_000],
  "jwt.leeway_s": [0, 300],
};
