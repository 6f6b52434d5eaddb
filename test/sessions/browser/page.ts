// A page of a browser: where it is led, what it is answered with on the way, and what the browser makes of it.

import { X509Certificate } from 'node:crypto';
import type { DevTools } from './devtools.ts';
import type { Page } from './renewal.ts';
import type { Answer, Visit } from './visit.ts';

/** Of the protocol's messages, what is looked at here: https://chromedevtools.github.io/devtools-protocol/ */
interface Response {
  readonly url: string;
  readonly status: number;
  readonly protocol: string;
  readonly connectionId: number;
  readonly securityDetails?: {
    readonly protocol: string;
    readonly sanList: readonly string[];
    readonly issuer: string;
  };
}
interface Request {
  readonly type: string;
  readonly frameId: string;
  readonly redirectResponse?: Response;
}
interface Received {
  readonly type: string;
  readonly frameId: string;
  readonly response: Response;
}
interface SecurityState {
  readonly visibleSecurityState: {
    readonly securityState: string;
    readonly certificateSecurityState?: { readonly certificate: readonly string[] };
  };
}

export interface BrowserPage extends Page {
  /** What it looks like, as PNG. */
  screenshot(): Promise<Buffer>;
}

/** Opens one in a context of its own, with no cache and no connection that others have. */
export async function openPage(devtools: DevTools): Promise<BrowserPage> {
  const { browserContextId } = await devtools.call<{ browserContextId: string }>('Target.createBrowserContext');
  const { targetId } = await devtools.call<{ targetId: string }>('Target.createTarget', {
    url: 'about:blank',
    browserContextId,
  });
  const { sessionId } = await devtools.call<{ sessionId: string }>('Target.attachToTarget', {
    targetId,
    flatten: true,
  });
  const call = <Result>(method: string, params: object = {}) => devtools.call<Result>(method, params, sessionId);
  await call('Page.enable');
  await call('Network.enable');
  await call('Network.setCacheDisabled', { cacheDisabled: true });

  return {
    async visit(url) {
      const heard = hearAnswers(devtools, sessionId, targetId);
      const [, { errorText }] = await Promise.all([
        devtools.once('Page.loadEventFired', sessionId),
        call<{ errorText?: string }>('Page.navigate', { url }),
      ]);
      heard.end();
      const security = await securityState(devtools, sessionId);
      const text = await call<{ result: { value: string } }>('Runtime.evaluate', {
        expression: 'document.body.innerText',
      });
      return {
        answers: heard.answers,
        ...(errorText ? { error: errorText } : {}),
        ...security,
        text: text.result.value,
      };
    },
    async screenshot() {
      const { data } = await call<{ data: string }>('Page.captureScreenshot', { format: 'png' });
      return Buffer.from(data, 'base64');
    },
    async close() {
      await devtools.call('Target.disposeBrowserContext', { browserContextId });
    },
  };
}

/** What the page itself is answered with, not what it loads. The main frame has its target's id. */
function hearAnswers(devtools: DevTools, session: string, mainFrame: string): { answers: Answer[]; end(): void } {
  const answers: Answer[] = [];
  const isPage = ({ type, frameId }: { type: string; frameId: string }) => type === 'Document' && frameId === mainFrame;
  const offs = [
    devtools.on<Request>('Network.requestWillBeSent', session, (sent) => {
      if (isPage(sent) && sent.redirectResponse) answers.push(answerOf(sent.redirectResponse));
    }),
    devtools.on<Received>('Network.responseReceived', session, (received) => {
      if (isPage(received)) answers.push(answerOf(received.response));
    }),
  ];
  return { answers, end: () => offs.forEach((off) => off()) };
}

function answerOf({ url, status, protocol, connectionId, securityDetails }: Response): Answer {
  const answer = { url, status, protocol, connection: connectionId };
  if (!securityDetails) return answer;
  const { protocol: tls, sanList, issuer } = securityDetails;
  return { ...answer, certificate: { tls, names: sanList, issuer } };
}

/** The browser tells it once when one begins to ask. */
async function securityState(devtools: DevTools, session: string): Promise<Pick<Visit, 'state' | 'serial'>> {
  const [{ visibleSecurityState }] = await Promise.all([
    devtools.once<SecurityState>('Security.visibleSecurityStateChanged', session),
    devtools.call('Security.enable', {}, session),
  ]);
  const { securityState: state, certificateSecurityState } = visibleSecurityState;
  await devtools.call('Security.disable', {}, session);
  const [leaf] = certificateSecurityState?.certificate ?? [];
  return leaf ? { state, serial: new X509Certificate(Buffer.from(leaf, 'base64')).serialNumber } : { state };
}
