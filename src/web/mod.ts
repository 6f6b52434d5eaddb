// web: the console's pages and the metrics port.

export * from './overview.ts';
export * from './page.ts';
export { openScrape } from './scrape.ts';
export * from './server.ts';
