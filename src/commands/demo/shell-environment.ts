import { optionNames, schema } from '../../config/schema.ts';
import { variablesOf } from '../../config/schema/definition.ts';
import { network } from '../../config/schema/network.ts';

/**
 * The shell's environment for a daemon on a real cluster: proxies and what credential plugins read, but none of the
 * daemon's own options, such as a webhook that a dry run has no business with.
 */
export function shellEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const options = optionNames.filter((name) => !Object.hasOwn(network.options, name));
  const ours = new Set(options.flatMap((name) => variablesOf(schema[name])));
  return Object.fromEntries(
    // Variables of the AWS tools configure those plugins too.
    Object.entries(env).filter(([variable]) => !ours.has(variable) || variable.startsWith('AWS_')),
  );
}
