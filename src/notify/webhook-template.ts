import type { ReadFile } from '../boot-time.ts';
import { Template, type TemplateModules } from './template/template.ts';
import { webhookDataType } from './webhook-types.ts';
import { zeroOf } from './template/zero.ts';

/** Larger than any message. */
const largestFileBytes = 256 * 1024;

/**
 * NTH's default, whose output is no JSON since its description ends in a newline; and the same text, fit for JSON.
 */
const nthDefault =
  '{"text":"[NTH][Instance Interruption] EventID: {{ .EventID }} - Kind: {{ .Kind }} - Instance: {{ .InstanceID }} - ' +
  'Node: {{ .NodeName }} - Description: {{ .Description }} - Start Time: {{ .StartTime }}"}';
const fitDefault =
  '{"text":{{ printf "[NTH][Instance Interruption] EventID: %s - Kind: %s - Instance: %s - Node: %s - Description: %s - Start Time: %v" ' +
  '.EventID .Kind .InstanceID .NodeName (.Description | trim) .StartTime | toRawJson }}}';

export interface WebhookTemplateOptions {
  readonly template: string;
  /** Wins over the template, and is read again for each post. */
  readonly templateFile: string | undefined;
}

export interface WebhookTemplateModules extends TemplateModules {
  readonly readFile: ReadFile;
}

/** The template of the webhook, as it is now. */
export class WebhookTemplate {
  readonly #options: WebhookTemplateOptions;
  readonly #modules: WebhookTemplateModules;
  #known: { readonly source: string; readonly template: Template } | undefined;

  constructor(options: WebhookTemplateOptions, modules: WebhookTemplateModules) {
    this.#options = options;
    this.#modules = modules;
  }

  /** The last one that could be read; undefined before the first. */
  get lastGood(): Template | undefined {
    return this.#known?.template;
  }

  /** @throws TemplateError for a bad template; the error of a file that can't be read */
  async read(): Promise<Template> {
    const { template, templateFile } = this.#options;
    const source =
      templateFile === undefined ? template : await this.#modules.readFile(templateFile, largestFileBytes);
    if (this.#known?.source !== source) this.#known = { source, template: compile(source, this.#modules) };
    return this.#known.template;
  }

  /** What is wrong with it, with the place; undefined where nothing is. As NTH does it, it is also run without data. */
  async problem(): Promise<string | undefined> {
    try {
      (await this.read()).execute(zeroOf(webhookDataType));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

function compile(source: string, modules: TemplateModules): Template {
  return new Template(source.trim() === nthDefault ? fitDefault : source, webhookDataType, modules);
}
