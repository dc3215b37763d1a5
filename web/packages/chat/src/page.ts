/** What the browser knows of the network and of the page, for the driver. In Node there is nothing of it. */

/** Listens, until the function that comes back is called. */
export function watchPage(networkChanged: () => void, networkGone: () => void): () => void {
  if (typeof window === "undefined" || typeof document === "undefined") {
    return () => undefined;
  }
  const woken = () => {
    if (document.visibilityState === "visible") {
      networkChanged();
    }
  };
  window.addEventListener("online", networkChanged);
  window.addEventListener("offline", networkGone);
  window.addEventListener("pageshow", woken);
  document.addEventListener("visibilitychange", woken);
  document.addEventListener("resume", networkChanged);
  return () => {
    window.removeEventListener("online", networkChanged);
    window.removeEventListener("offline", networkGone);
    window.removeEventListener("pageshow", woken);
    document.removeEventListener("visibilitychange", woken);
    document.removeEventListener("resume", networkChanged);
  };
}
