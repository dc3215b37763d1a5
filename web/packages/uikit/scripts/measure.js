/**
 * Measures how smoothly a list of ten thousand rows scrolls in a real browser: `npm run measure -w packages/uikit`.
 *
 * Fails if a frame takes more than 8 ms of the main thread, or if the document grows with the list. The times between
 * frames are only printed, because they depend on the load of the machine.
 */
import { chromium } from "playwright";
import { createServer } from "vite";

/**
 * The maximum time of the main thread for a frame, in milliseconds. It is half of a frame at 60 frames per second.
 */
const MOST_WORK = 8;
/** The time between two frames, in milliseconds, above which the second frame is late. */
const LATE = 25;
const MOST_ELEMENTS = 1_000;

const server = await createServer({
  root: new URL("..", import.meta.url).pathname,
  server: { host: "127.0.0.1", port: 0 },
});
await server.listen();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"],
});
try {
  const page = await browser.newPage({ viewport: { width: 360, height: 640 } });
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  /** The CPU time of the main thread in milliseconds, which other processes do not affect. */
  const cpu = async () => {
    const { metrics } = await session.send("Performance.getMetrics");
    return 1000 * metrics.find(({ name }) => name === "TaskDuration").value;
  };
  await page.goto(`${server.resolvedUrls.local[0]}scripts/measure.html`);
  await page.waitForFunction("window.measure !== undefined");
  for (const tag of ["tuikit-conversation", "tuikit-contact"]) {
    for (const [name, step] of [
      ["a finger, 20 px a frame", 20],
      ["a fling, 120 px a frame", 120],
      ["a thrown bar, 2,000 px a frame", 2000],
    ]) {
      const before = await cpu();
      const { frames, elements, first } = await page.evaluate(`window.measure("${tag}", ${step})`);
      const work = ((await cpu()) - before) / frames.length;
      const [median, most, longest] = [at(frames, 0.5), at(frames, 0.95), at(frames, 1)];
      const late = frames.filter((frame) => frame > LATE).length;
      console.log(
        `${tag}, ${name}: median ${median.toFixed(1)} ms, 95 % ${most.toFixed(1)} ms, longest ${longest.toFixed(1)} ms, ` +
          `${late} of ${frames.length} late; ${work.toFixed(2)} ms of the main thread a frame; ` +
          `at most ${elements} elements; first rows after ${first.toFixed(0)} ms`,
      );
      if (work > MOST_WORK || elements > MOST_ELEMENTS) {
        process.exitCode = 1;
      }
    }
  }
} finally {
  await browser.close();
  await server.close();
}

function at(values, share) {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}
