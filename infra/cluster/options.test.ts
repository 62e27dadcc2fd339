import assert from 'node:assert/strict';
import test from 'node:test';
import { layOut, peerPorts, serverPorts } from './layout.ts';
import { LaunchError, parseOptions } from './options.ts';

const parse = (...args: string[]) => parseOptions(args, '/project');

test('without flags it is three peers on the ports that the documentation names', () => {
  const layout = layOut(parse());
  assert.equal(layout.folder, '/project/.tributary/data/cluster-3');
  assert.deepEqual(
    layout.peers.map(({ httpPort, grpcPort, p2pPort }) => [httpPort, grpcPort, p2pPort]),
    [
      [6333, 6334, 6335],
      [6343, 6344, 6345],
      [6353, 6354, 6355],
    ],
  );
  assert.equal(layout.servers.length, 3);
});

test('no port and no folder is given twice', () => {
  const layout = layOut(parse('--port-base', '7000'));
  const ports = [...layout.peers.flatMap(peerPorts), ...layout.servers.flatMap(serverPorts)];
  assert.equal(new Set(ports.map(({ port }) => port)).size, 18);
  const folders = [...layout.peers, ...layout.servers].map(({ folder }) => folder);
  assert.equal(new Set(folders).size, 6);
});

test('clusters of one and of three keep their data apart', () => {
  assert.notEqual(layOut(parse('--peers', '1')).folder, layOut(parse('--peers', '3')).folder);
});

test('a wrong flag is named in one line', () => {
  const wrong: [string[], RegExp][] = [
    [['--peers', '2'], /--peers 2/],
    [['--port-base', '65530'], /--port-base 65530/],
    [['--port-base', 'x'], /--port-base x/],
    [['--pears', '3'], /--pears/],
    [['stray'], /stray/],
  ];
  for (const [args, pattern] of wrong) {
    assert.throws(
      () => parse(...args),
      (error) =>
        error instanceof LaunchError &&
        pattern.test(error.message) &&
        !error.message.includes('\n'),
    );
  }
});
