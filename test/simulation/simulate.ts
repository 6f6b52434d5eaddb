// The simulations by name: npm run simulate -- NAME [options]. Without a name it tells what there is.

const SIMULATIONS: Readonly<Record<string, { readonly about: string; readonly run: () => Promise<unknown> }>> = {
  autoscale: {
    about: 'a day of many applications under several settings of the autoscaler (docs/simulation.md)',
    run: () => import('./autoscale/main.ts'),
  },
  events: {
    about: 'producers, Triggers that fail and reply, crashes, clock jumps; no event that was acknowledged may be lost',
    run: () => import('./events/main.ts'),
  },
  rollout: {
    about:
      'control dies at every write of a rollout; the end must be the same, and no request may be lost (docs/simulation.md)',
    run: () => import('./rollout/main.ts'),
  },
  'scale-to-zero': {
    about: 'requests at every moment on the way to zero and back; none may be lost',
    run: () => import('./main.ts'),
  },
};

const [name] = process.argv.splice(2, 1);
const chosen = SIMULATIONS[name ?? ''];
if (chosen) await chosen.run();
else {
  const list = Object.entries(SIMULATIONS).map(([known, { about }]) => `  ${known.padEnd(14)} ${about}`);
  const asked = name ? [`There is no simulation ${JSON.stringify(name)}.`] : [];
  console.log([...asked, 'npm run simulate -- NAME, where NAME is one of', ...list].join('\n'));
  if (name) process.exitCode = 2;
}
