import { after, before } from 'node:test';
import { Api } from './api.ts';
import type { Target } from './target.ts';

/** What a suite's tests share: the server, its admin, and names that nobody else uses. */
export class Scene {
  #target: Target | undefined;
  #admin: Api | undefined;
  #names = 0;

  /** Starts and stops the target around the tests that follow. */
  static of(start: () => Promise<Target>): Scene {
    const scene = new Scene();
    before(async () => {
      scene.#target = await start();
      scene.#admin = new Api(scene.#target);
    });
    after(async () => {
      scene.#admin?.close();
      await scene.#target?.stop();
    });
    return scene;
  }

  get target(): Target {
    if (this.#target === undefined) throw new Error('Cannot use the target before it has started');
    return this.#target;
  }

  get admin(): Api {
    this.#admin ??= new Api(this.target);
    return this.#admin;
  }

  readonly fresh = (kind: string): string => {
    this.#names += 1;
    return `${kind}-${this.#names}`;
  };

  readonly namespace = async (): Promise<string> => {
    const name = this.fresh('space');
    await this.target.createNamespace(name);
    return name;
  };
}
