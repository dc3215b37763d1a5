/** What the browser knows of the network and of the page, for the driver. In Node there is nothing of it. */

/** What there is to be told of. */
export interface PageWatch {
  /** The network has changed, or the page has woken. */
  networkChanged(): void;
  /** The browser says that there is no network. */
  networkGone(): void;
  /** The page is left: it may be kept as it is, without its connections, and be come back to. */
  left(): void;
  /** The page was come back to. */
  back(): void;
}

/** Listens, until the function that comes back is called. */
export function watchPage(watch: PageWatch): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") {
    return () => undefined;
  }
  const changed = () => {
    watch.networkChanged();
  };
  const heard: [EventTarget, string, () => void][] = [
    [window, "online", changed],
    [
      window,
      "offline",
      () => {
        watch.networkGone();
      },
    ],
    [
      window,
      "pagehide",
      () => {
        watch.left();
      },
    ],
    [
      window,
      "pageshow",
      () => {
        watch.back();
      },
    ],
    [
      document,
      "visibilitychange",
      () => {
        if (document.visibilityState === "visible") {
          changed();
        }
      },
    ],
    [document, "resume", changed],
  ];
  heard.forEach(([target, name, handler]) => {
    target.addEventListener(name, handler);
  });
  return () => {
    heard.forEach(([target, name, handler]) => {
      target.removeEventListener(name, handler);
    });
  };
}
