import { BootwrightError } from '../../model/error.ts';
import type { ApplicationDefinition } from '../../model/software.ts';
import type { StepContext } from '../../model/step.ts';
import type { Content } from './command-place.ts';
import { checkDetection } from './detection.ts';
import { checkCommand } from './run-install.ts';

export interface Application {
  readonly content: Content;
  readonly definition: ApplicationDefinition;
  /** As people know it. */
  readonly title: string;
  readonly dependencies: readonly Application[];
}

/**
 * Looks up applications with everything they depend on, and whether each can be installed at all. Nothing runs. An
 * application that two others need is one object.
 */
export class Applications {
  readonly #context: StepContext;
  readonly #known = new Map<string, Application>();

  constructor(context: StepContext) {
    this.#context = context;
  }

  /** @throws BW-STEP-135 no application, or a circle, BW-STEP-130, BW-STEP-134, BW-STEP-012, BW-AGENT-002 */
  find(id: string): Promise<Application> {
    return this.#find(id, []);
  }

  async #find(id: string, trail: readonly string[]): Promise<Application> {
    const content = await this.#context.content(id);
    const known = this.#known.get(content.id);
    if (known !== undefined) return known;
    if (trail.includes(content.id))
      throw new BootwrightError(
        'BW-STEP-135',
        `These applications depend on each other: ${[...trail, content.id].join(' → ')}. Nothing was installed.`,
      );
    const definition = content.definition as ApplicationDefinition | undefined;
    if (content.kind !== 'application' || definition === undefined)
      throw new BootwrightError(
        'BW-STEP-135',
        `${content.id} is no application (${content.kind}). Nothing was installed.`,
      );
    const title = content.name;
    checkCommand(title, definition.install, this.#context);
    checkDetection(title, definition.detection, this.#context);
    const dependencies: Application[] = [];
    for (const dependency of definition.dependencies ?? [])
      dependencies.push(await this.#find(dependency, [...trail, content.id]));
    const application = { content, definition, title, dependencies };
    this.#known.set(content.id, application);
    return application;
  }
}
