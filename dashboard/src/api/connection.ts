/** Whether the server answers. When it stops, it is asked again, ever more slowly, until it does. */

import { useSyncExternalStore } from "react";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15_000;

type Listener = () => void;

class Connection {
  private up = true;
  private listeners = new Set<Listener>();
  private retry: ReturnType<typeof setTimeout> | null = null;
  private wait = FIRST_RETRY_MS;

  constructor() {
    window.addEventListener("offline", () => this.lost());
    window.addEventListener("online", () => void this.probe());
  }

  readonly subscribe = (listener: Listener) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  readonly isUp = () => this.up;

  reached() {
    this.wait = FIRST_RETRY_MS;
    if (this.retry !== null) clearTimeout(this.retry);
    this.retry = null;
    this.set(true);
  }

  lost() {
    this.set(false);
    this.retry ??= setTimeout(() => void this.probe(), this.wait);
  }

  /** Asks now. */
  readonly probe = async () => {
    this.retry = null;
    this.wait = Math.min(this.wait * 2, LAST_RETRY_MS);
    try {
      await fetch("/healthz", { cache: "no-store" });
      this.reached();
    } catch {
      this.lost();
    }
  };

  private set(up: boolean) {
    if (this.up === up) return;
    this.up = up;
    this.listeners.forEach((listener) => listener());
  }
}

export const connection = new Connection();

export const useConnected = () => useSyncExternalStore(connection.subscribe, connection.isUp);
