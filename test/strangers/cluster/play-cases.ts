// Set up before each test file of this stage: cases of controllers are played against the cluster.

import { playIn } from '../../cases/check.ts';
import { clusterOfEnvironment } from './environment.ts';
import { etcdAt } from './etcd.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { worldsIn } from './world.ts';

const { access, etcd } = clusterOfEnvironment();
playIn(worldsIn(access, etcdAt(etcd)), EXCEPTIONS.cases);
