/** A small group of people for examples and pictures. Their portraits are drawn by the program, without requests. */

import type { Message } from "../src/client.js";
import { messageOf, type Person, type Scene, type Talk } from "./stage.js";

/** A Tuesday afternoon in Shanghai. */
export const NOON = Date.UTC(2026, 10, 24, 7, 30);

const MINUTE = 1;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const maya: Person = {
  id: "maya",
  nick: "Maya Lindqvist",
  avatar: portrait("#f2b880", "#8a4b2a", "#2f6f8f"),
  status: 1,
  says: "In the studio until six",
};
const chen: Person = {
  id: "chenxiao",
  nick: "陈晓",
  avatar: portrait("#f5c9a6", "#2a2430", "#b3446c"),
  status: 1,
  says: "",
};
const bruno: Person = { id: "bruno", nick: "Bruno Okafor", status: 2 };
const lin: Person = { id: "linyue", nick: "林月", remark: "林月（设计）", status: 1, says: "专注中，稍后回复" };
const sofia: Person = {
  id: "sofia",
  nick: "Sofía Romero",
  avatar: portrait("#d9a07a", "#5a2d1d", "#4f7f52"),
  status: 3,
};
const amir: Person = { id: "amir", nick: "Amir Haddad", status: 1 };
const ines: Person = {
  id: "ines",
  nick: "Inès Moreau",
  avatar: portrait("#eab99a", "#c98a3c", "#5b5ea6"),
  status: 2,
  says: "",
};
const noah: Person = { id: "noah", nick: "Noah Weber", status: 3 };
const zhao: Person = { id: "zhaolei", nick: "赵磊", status: 2 };
const priya: Person = {
  id: "priya",
  nick: "Priya Nair",
  avatar: portrait("#b97a56", "#1f1a1a", "#c9793b"),
  status: 1,
  says: "Travelling, back on Monday",
};
const anna: Person = { id: "anna", nick: "Anna Kowalska", status: 1 };
const wang: Person = { id: "wangfang", nick: "王芳", avatar: portrait("#f1c7a5", "#3a2a24", "#3f6fb0"), status: 1 };

const liu: Person = { id: "liuyang", nick: "刘洋", status: 3 };
const bea: Person = {
  id: "bea",
  nick: "Bea Schäfer",
  avatar: portrait("#f0c3a0", "#7d3b22", "#8b5fbf"),
  status: 1,
  says: "Lunch until one",
};
const chloe: Person = { id: "chloe", nick: "Chloe Tan", status: 1 };

export const FRIENDS: readonly Person[] = [
  maya,
  chen,
  bruno,
  lin,
  sofia,
  amir,
  ines,
  noah,
  zhao,
  priya,
  anna,
  wang,
  liu,
  bea,
  chloe,
];

export const TALKS: readonly Talk[] = [
  { with: lin, text: "新版首页的图标已经放到共享文件夹了", ago: 26, pinned: true },
  { with: maya, text: "The lamp is on, come in whenever you like", ago: 0, unread: 3 },
  { with: chen, text: "下午三点的会议改到四点，可以吗？", ago: 12, unread: 1 },
  { with: bruno, text: "I will send the figures tonight", ago: 3 * HOUR },
  { with: priya, text: "Landed! Photos follow", ago: 5 * HOUR, unread: 128 },
  { with: sofia, text: "Gracias, hasta mañana", ago: DAY + 2 * HOUR },
  { with: amir, text: "", ago: 2 * DAY, draft: "About the second draft: I would" },
  { with: ines, text: "Parfait, merci beaucoup", ago: 4 * DAY },
  { with: noah, text: "See you in spring", ago: 40 * DAY },
];

export const MESSAGES: Readonly<Record<string, readonly Message[]>> = {
  maya: conversation("maya", [
    ["in", "Are you still at your desk?", DAY + 40],
    ["out", "Yes, until seven", DAY + 38],
    ["in", "Good morning!", 190],
    ["in", "Did the proofs arrive?", 189],
    ["out", "They did, and they look wonderful. The green is exactly what we wanted.", 120],
    ["out", "I will bring them over", 119],
    ["in", "Perfect", 3],
    ["in", "The lamp is on, come in whenever you like", 0],
  ]),
};

/** The scene with all people at the time `NOON`. */
export const SCENE: Scene = { self: "me", friends: FRIENDS, talks: TALKS, messages: MESSAGES, now: NOON };

function conversation(user: string, lines: readonly (readonly ["in" | "out", string, number])[]): Message[] {
  return lines.map(([flow, text, ago], index) =>
    messageOf({ id: `${user}-${index}`, user, text, flow, at: NOON - ago * 60_000 }),
  );
}

/** Returns a portrait in three colours: skin, hair and clothes. */
function portrait(skin: string, hair: string, wear: string): string {
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 96 96">
    <defs><linearGradient id="g" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${wear}" stop-opacity=".28"/>
    <stop offset="1" stop-color="${wear}" stop-opacity=".55"/></linearGradient></defs>
    <rect width="96" height="96" fill="#fff"/><rect width="96" height="96" fill="url(#g)"/>
    <path d="M26 52c-4-26 8-38 22-38s26 12 22 38l-6 18H32z" fill="${hair}"/>
    <path d="M40 58h16v16H40z" fill="${skin}"/>
    <ellipse cx="48" cy="45" rx="15.5" ry="18.5" fill="${skin}"/>
    <path d="M31 42c2-14 12-19 21-17 8 1 12 8 13 17-9-1-17-5-20-11-2 6-8 10-14 11z" fill="${hair}"/>
    <path d="M12 96c2-18 16-25 28-26 3 5 13 5 16 0 12 1 26 8 28 26z" fill="${wear}"/>
  </svg>`;
  return `data:image/svg+xml,${encodeURIComponent(drawing.replace(/\s+/g, " "))}`;
}
