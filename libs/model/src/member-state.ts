// Where a peer of the cluster is between joining and leaving; libs/metadata has the rules.

export type MemberState = 'joining' | 'normal' | 'draining';
