/** What the operations of a document share. */

import { limits } from "../../limits.ts";
import { Budget } from "../../http/budget.ts";
import type { OpenApiVersion } from "./check_document.ts";
import { Effort } from "./effort.ts";
import { Patterns } from "./linear_pattern.ts";
import type { References } from "./references.ts";
import type { Use } from "./schema_context.ts";
import { SchemaChecks } from "./schema_checks.ts";
import { Schemas } from "./schemas.ts";
import { type Shape, shapeOf } from "./value_shape.ts";

/** A document's schemas and the means to check with them. */
export class ApiModel {
  readonly references: References;
  readonly version: OpenApiVersion;
  readonly schemas: Schemas;
  readonly checks: SchemaChecks;
  /** Of bodies that are held to be checked. */
  readonly memory = new Budget(limits.parsedBytesInAll);
  readonly #shapes = new Map<string, Shape>();

  constructor(references: References, version: OpenApiVersion) {
    const effort = new Effort();
    this.references = references;
    this.version = version;
    this.schemas = new Schemas(references, version, new Patterns(effort));
    this.checks = new SchemaChecks(this.schemas, effort);
  }

  /** What a schema lets a value be. */
  shapeOf(name: string, use: Use): Shape {
    const key = `${use} ${name}`;
    let shape = this.#shapes.get(key);
    if (!shape) {
      const definitions = this.schemas.definitions(use);
      this.#shapes.set(key, shape = shapeOf(definitions, definitions[name]));
    }
    return shape;
  }
}
