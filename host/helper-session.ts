/**
 * @module The helper of one host: started when it is first needed, and again after it died.
 */
import type { HelperClient } from "./helper/client.ts";
import { CniError } from "./spec/error.ts";

/** A helper, and what a host keeps beside it for as long as it lives. */
export interface HelperSession<Companion extends Disposable> {
  readonly client: HelperClient;
  readonly companion: Companion;
}

/** What sessions are made with. */
export interface SessionOptions<Companion extends Disposable> {
  readonly start: () => Promise<HelperClient>;
  /** Makes what lives as long as the helper: the pool of sandboxes. */
  readonly accompany: (client: HelperClient) => Companion;
  /** A helper that is starting already. */
  readonly early?: Promise<HelperClient> | undefined;
}

/** Gives the session of the moment. */
export interface HelperSessions<Companion extends Disposable> extends AsyncDisposable {
  /**
   * Gives the living session, or starts one; callers at the same time share it.
   * @throws {CniError} why the helper did not start; helperFailed after disposal.
   */
  readonly open: () => Promise<HelperSession<Companion>>;
}

/** Makes the holder. Nothing is started yet. */
export function createHelperSessions<Companion extends Disposable>(
  options: SessionOptions<Companion>,
): HelperSessions<Companion> {
  let early = options.early;
  let current: Promise<HelperSession<Companion>> | undefined;
  let isClosed = false;

  const begin = async (): Promise<HelperSession<Companion>> => {
    const starting = early ?? options.start();
    early = undefined;
    const client = await starting;
    return { client, companion: options.accompany(client) };
  };
  const forget = (session: Promise<HelperSession<Companion>>): void => {
    if (current === session) current = undefined;
  };
  const open = (): Promise<HelperSession<Companion>> => {
    if (isClosed) return Promise.reject(new CniError("helperFailed", "the host was closed"));
    if (current !== undefined) return current;
    const session = begin();
    current = session;
    session.then(
      ({ client, companion }) =>
        client.closed.then(async () => {
          forget(session);
          await end({ client, companion });
        }),
      () => forget(session),
    );
    return session;
  };
  return {
    open,
    [Symbol.asyncDispose]: async () => {
      isClosed = true;
      const session = current ?? early?.then((client) => ({ client, companion: undefined }));
      if (session === undefined) return;
      await session.then(end, () => undefined);
    },
  };
}

/**
 * Runs something on the session of the moment. Once more on a new one where the helper turns out to have died before it answered
 * anything: the first request is then as if it had not been made, since a helper undoes what a dead one began.
 * @throws whatever `body` throws, and as {@link HelperSessions.open} does.
 */
export async function withLivingHelper<Companion extends Disposable, T>(
  sessions: HelperSessions<Companion>,
  body: (session: HelperSession<Companion>) => Promise<T>,
): Promise<T> {
  const session = await sessions.open();
  let isAnswered = false;
  const request: HelperClient["request"] = async (method, params, onSent) => {
    const answer = await session.client.request(method, params, onSent);
    isAnswered = true;
    return answer;
  };
  try {
    return await body({ ...session, client: { ...session.client, request } });
  } catch (error) {
    if (isAnswered || !(await isOver(session.client))) throw error;
  }
  return body(await sessions.open());
}

/** Tells whether a helper is known to be gone. */
function isOver({ closed }: HelperClient): Promise<boolean> {
  return Promise.race([closed.then(() => true), new Promise<boolean>((resolve) => setImmediate(resolve, false))]);
}

/** Ends the sandboxes first: the helper has less to do. */
async function end({
  client,
  companion,
}: {
  readonly client: HelperClient;
  readonly companion: Disposable | undefined;
}): Promise<void> {
  companion?.[Symbol.dispose]();
  await client[Symbol.asyncDispose]();
}
