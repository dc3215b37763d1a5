/**
 * Tests the examples in the READMEs and the documentation that do not run in a browser: code for backends, shell
 * commands, and data.
 */

import { execFile } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Example, examples, pageOf } from "../src/examples.js";
import { plainEnvironment, program } from "../src/program.js";
import { Server } from "../src/server.js";

const run = promisify(execFile);

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** The UserSig generators that `cargo xtask test --only interop` installs. */
const GENERATORS = join(REPOSITORY, "target/interop/node_modules");

const all = examples();
const ofKind = (kind: string): Example[] => all.filter((example) => example.kind === kind);
const named = (some: Example[]): [string, Example][] => some.map((example) => [example.name, example]);

/** The app in the page of the documentation about moving from the cloud. */
const MOVED = 1_400_000_042;

describe("at a server", () => {
  let server: Server;
  let receiver: HttpServer;
  let folder: string;
  const requests: URL[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "lamplight-examples-"));
    receiver = createServer((request, response) => {
      requests.push(new URL(request.url ?? "/", "http://receiver"));
      request.resume();
      response.end();
    });
    await new Promise<void>((fulfil) => receiver.listen(0, "127.0.0.1", fulfil));
    const environment = { LAMPLIGHT_WEBHOOKS__ALLOW_NETWORKS: '["127.0.0.0/8"]' };
    server = await Server.start({ kind: "serve", environment });
    for (const user of ["alice", "bob"]) {
      await server.command("account", "create", user);
    }
    // A command `lamplight` that runs the program for this server.
    writeFileSync(join(folder, "lamplight"), `#!/bin/sh\nexec '${program()}' --data-dir '${server.data}' "$@"\n`);
    chmodSync(join(folder, "lamplight"), 0o700);
  });
  afterAll(async () => {
    await server.stop();
    receiver.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const inNode = all.filter(({ text }) => text.includes('from "tls-sig-api-v2"'));
  const checksOfSigns = ofKind("python").filter(({ text }) => text.includes("def is_ours("));
  test("there is an example for Node, for Python and for curl", () => {
    expect(inNode.map(pageOf)).toEqual(["docs/start/backend.md"]);
    expect(checksOfSigns.map(pageOf)).toEqual(["docs/webhooks.md"]);
    expect(withCurl.length).toBeGreaterThan(3);
  });

  test.each(named(inNode))("%s makes a UserSig that the server takes", async (_, { text }) => {
    expect(existsSync(GENERATORS), `${GENERATORS}: cargo xtask test --only interop`).toBe(true);
    symlinkSync(GENERATORS, join(folder, "node_modules"));
    const listed = await server.command("app", "key", "list", String(server.app), "--show", "--json");
    const [key] = /[0-9a-f]{64}/.exec(listed) ?? [];
    expect(key, listed).toBeDefined();
    writeFileSync(join(folder, "key.mjs"), `globalThis.secretKey = ${JSON.stringify(key)};`);
    writeFileSync(join(folder, "backend.mjs"), `${text}\nconsole.log(userSig);`);
    const { stdout } = await run(process.execPath, ["--import", "./key.mjs", "backend.mjs"], { cwd: folder });
    await server.command("sig", "verify", stdout.trim(), "--user", "alice");
    await expect(server.command("sig", "verify", stdout.trim(), "--user", "bob")).rejects.toThrow();
  });

  // These programs are only parsed. A test of the server runs the one that imports accounts, and the others need
  // third-party libraries.
  test.each(named(ofKind("python")))("%s is Python", async (_, { text }) => {
    await run("python3", ["-c", "import ast, sys; ast.parse(sys.argv[1])", text]);
  });

  test.each(named(checksOfSigns))("%s knows a webhook of ours from another", async (_, { text }) => {
    const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
    await server.command("app", "set", String(server.app), "--push-url", url, "--webhook-token", "secret");
    await server.command("webhook", "test", "push", "--app", String(server.app));
    const query = requests.at(-1)?.searchParams;
    const [sign, time] = [query?.get("Sign"), query?.get("RequestTime")];
    const asked = (token: string): string => `print(is_ours(${JSON.stringify([token, sign, time]).slice(1, -1)}))`;
    const { stdout } = await run("python3", ["-c", [text, asked("secret"), asked("other")].join("\n")]);
    expect(stdout.trim().split("\n")).toEqual(["True", "False"]);
  });

  const isOfMoved = ({ text }: Example): boolean => text.includes(String(MOVED));
  // `eJw…` stands for a UserSig that the reader has created. The page about moving assumes that its app is the
  // server's only one. That app is therefore created last, after the first app was deleted.
  const withCurl = ofKind("sh")
    .filter(({ text }) => text.includes("curl ") && !text.includes("eJw…"))
    .toSorted((one, other) => Number(isOfMoved(one)) - Number(isOfMoved(other)));
  test.each(named(withCurl))("%s is answered", async (_, example) => {
    const { text } = example;
    if (isOfMoved(example)) {
      await server.command("app", "create", "--id", String(MOVED), "--name", "moved");
      await server.command("app", "delete", String(server.app), "--yes");
      await server.command("account", "create", "alice");
    }
    const script = text.replaceAll("http://127.0.0.1:7401", server.pages);
    const env = { ...plainEnvironment(), PATH: `${folder}:${process.env["PATH"] ?? ""}` };
    const { stdout } = await run("bash", ["-ec", script], { cwd: folder, env });
    const answer = JSON.parse(stdout) as { ErrorCode: number; QueryResult: unknown; ErrorList: unknown };
    expect(answer, stdout).toMatchObject({ ActionStatus: "OK", ErrorCode: 0 });
  });
});

test("data is data", () => {
  const data = ofKind("json");
  expect(data.length).toBeGreaterThan(4);
  for (const { name, text } of data) {
    expect(() => JSON.parse(text) as unknown, name).not.toThrow();
  }
});

/** Returns the commands of a tool in the shell blocks, each with its place and its folder. */
function commandsOf(tool: string): { at: string; command: string; folder: string }[] {
  return ofKind("sh").flatMap(({ name, text }) =>
    text.split("\n").flatMap((line) => {
      let folder = "web";
      return (line.split(/\s#/)[0] ?? "")
        .split(/&&|[()]/)
        .map((part) => part.trim().replace(/^(?:[A-Z_]+=\S* )+/, ""))
        .flatMap((command) => {
          folder = /^cd (\S+)$/.exec(command)?.[1] ?? folder;
          return command.startsWith(`${tool} `) ? [{ at: `${name}: ${command}`, command, folder }] : [];
        });
    }),
  );
}

test("commands for npm name packages and scripts that there are", () => {
  const commands = commandsOf("npm");
  expect(commands.length).toBeGreaterThan(10);
  for (const { at, command, folder } of commands) {
    const installed = /^npm install \/path\/to\/lamplight\/(\S+)$/.exec(command)?.[1];
    if (installed !== undefined) {
      expect(existsSync(join(REPOSITORY, installed, "package.json")), at).toBe(true);
      continue;
    }
    // These commands are not run here: examples.test.ts installs the tarballs of `npm pack`, and the step `package`
    // checks those of the packages.
    if (/^npm install( (?:\.\/web|\/usr\/share\/lamplight\/npm)\/lamplight-\w+-[\d.]+\.tgz)+$/.test(command)) {
      continue;
    }
    expect(command, at).toMatch(/^npm (ci|run|test|pack)\b/);
    const packages = [...command.matchAll(/(?:-w|--workspace) @lamplight\/(\w+)/g)].map(({ 1: name = "" }) =>
      name === "e2e" ? "web/e2e" : `web/packages/${name}`,
    );
    const script = /^npm (?:run (\S+)|(test))/.exec(command);
    for (const home of packages.length > 0 ? packages : [folder]) {
      const manifest = join(REPOSITORY, home, "package.json");
      expect(existsSync(manifest), at).toBe(true);
      const { scripts } = JSON.parse(readFileSync(manifest, "utf8")) as { scripts: Record<string, string> };
      expect(script === null || (script[1] ?? script[2] ?? "") in scripts, at).toBe(true);
    }
  }
});

test("commands of the repository are those that there are", () => {
  const commands = commandsOf("cargo xtask");
  expect(commands.length).toBeGreaterThan(4);
  const known = readFileSync(join(REPOSITORY, "xtask/src/main.rs"), "utf8");
  for (const { at, command } of commands) {
    const [, , name = ""] = command.split(/\s+/);
    expect(known.includes(`name: "${name}"`), at).toBe(true);
  }
});
