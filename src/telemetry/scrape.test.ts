import { describe, expect, it } from 'vitest';
import { valueIn } from './scrape.ts';

const TEXT = `# HELP queue_depth Messages that wait.
# TYPE queue_depth gauge
queue_depth{queue="mail",vhost="/"} 12
queue_depth{queue="mail",vhost="other"} 3 1767312000000
queue_depth{queue="odd \\"{}\\" name"} 1e2
queue_depth_total 99
plain 7.5
endless +Inf
`;

describe('valueIn', () => {
  it.each<[metric: string | undefined, text: string, value: number]>([
    [undefined, '42\n', 42],
    [undefined, ' 0.5 ', 0.5],
    ['plain', TEXT, 7.5],
    ['queue_depth', TEXT, 115],
    ['queue_depth{queue="mail"}', TEXT, 15],
    ['queue_depth{queue="mail",vhost="/"}', TEXT, 12],
    ['queue_depth{vhost="other", queue="mail"}', TEXT, 3],
  ])('%s', (metric, text, value) => expect(valueIn(text, metric)).toBe(value));

  it.each<[metric: string | undefined, text: string, message: string]>([
    [undefined, '', 'expected a number for an answer, met 0 characters that are none'],
    [undefined, '<html>no</html>', 'expected a number for an answer, met 15 characters that are none'],
    ['queue_depth{queue="none"}', TEXT, 'the answer has no series queue_depth{queue="none"}'],
    ['queue', TEXT, 'the answer has no series queue'],
    ['endless', TEXT, 'endless is no number'],
  ])('%s fails', (metric, text, message) => expect(() => valueIn(text, metric)).toThrow(message));
});
