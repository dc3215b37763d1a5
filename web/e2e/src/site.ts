/** An HTTP server for a folder. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
};

export class Site {
  private constructor(private readonly http: Server) {}

  /** Starts the server. `change` may change a text file before it is served. */
  static async start(
    folder: string,
    change: (path: string, text: string) => string = (_, text) => text,
  ): Promise<Site> {
    const http = createServer((request, response) => {
      const path = normalize(new URL(request.url ?? "/", "http://page").pathname);
      const file = join(folder, path === "/" ? "index.html" : path);
      if (!existsSync(file) || !statSync(file).isFile()) {
        response.writeHead(404).end();
        return;
      }
      const type = TYPES[extname(file)] ?? "application/octet-stream";
      const isText = type.startsWith("text/");
      const content = readFileSync(file);
      response.setHeader("content-type", type);
      response.end(isText ? change(path, content.toString("utf8")) : content);
    });
    await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening));
    return new Site(http);
  }

  get address(): string {
    return `http://127.0.0.1:${(this.http.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.http.closeAllConnections();
    await new Promise((closed) => this.http.close(closed));
  }
}
