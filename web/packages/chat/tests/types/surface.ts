/** Checks that Lamplight's typings have every name of the cloud's typings. The file is never run. */

import type Cloud from "cloud-sdk";
import type { ChatSDK as CloudClient } from "cloud-sdk";
import type Ours from "chat-sdk";
import type { ChatSDK as OurClient } from "chat-sdk";

type Missing<Wanted, There> = Exclude<keyof Wanted, keyof There>;
type None<T extends never> = T;

export type Calls = None<Missing<CloudClient, OurClient>>;
export type Events = None<Missing<typeof Cloud.EVENT, typeof Ours.EVENT>>;
export type Values = None<Missing<typeof Cloud.TYPES, typeof Ours.TYPES>>;
export type Signals = None<Missing<typeof Cloud.TSignaling, typeof Ours.TSignaling>>;
export type Statics = None<Missing<typeof Cloud, typeof Ours>>;
