import { expect, test } from 'vitest';
import { kafkaContract, Listener } from '../../test/contracts/kafka.ts';
import { memoryKafka } from './memory.ts';

const access = { servers: ['127.0.0.1:9092'] };
const made = () => memoryKafka({ now: Date.now, later: (run) => void setImmediate(run) });

kafkaContract(() => ({ kafka: made(), access, prefix: 'p' }));

test('a cluster that goes down ends memberships, and refuses', async () => {
  const kafka = made();
  await kafka.createTopic(access, { topic: 't', partitions: 1, replicationFactor: 1 });
  const heard = new Listener();
  const options = { group: 'g', topics: ['t'], from: 'latest' } as const;
  const member = await kafka.join(access, options, heard);
  kafka.setDown(true);
  await heard.until(() => heard.why !== undefined);
  await expect(member.commit([{ topic: 't', partition: 0, next: 1 }])).rejects.toMatchObject({
    trouble: 'unreachable',
  });
  await expect(kafka.join(access, options, heard)).rejects.toMatchObject({ trouble: 'unreachable' });
});
