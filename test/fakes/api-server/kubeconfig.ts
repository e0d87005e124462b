/** A kubeconfig file's text: JSON, which is YAML as well. */
export function kubeconfigText(cluster: { url: string; ca: string; token: string }): string {
  const authorityData = Buffer.from(cluster.ca).toString('base64');
  return JSON.stringify(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        { name: 'fake', cluster: { server: cluster.url, 'certificate-authority-data': authorityData } },
      ],
      users: [{ name: 'fake', user: { token: cluster.token } }],
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
      'current-context': 'fake',
    },
    undefined,
    2,
  );
}
