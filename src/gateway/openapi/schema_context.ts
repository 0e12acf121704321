/** What those who write schemas have to know of the document and of each other. */

import type { OpenApiVersion } from "./check_document.ts";
import type { JsonObject } from "./json.ts";
import type { Patterns } from "./linear_pattern.ts";
import type { References } from "./references.ts";
import type { Reach } from "./schema_keywords.ts";
import type { Place } from "./source_file.ts";

/** What a schema is used for: some properties are for one direction only. */
export type Use = "request" | "answer";

/** The document's side. */
export interface SchemaContext {
  readonly references: References;
  readonly version: OpenApiVersion;
  readonly patterns: Patterns;
  /** A property that all objects inherit is asked for: only then must it be told from their own. */
  namesInherited: boolean;
  /** Takes a schema in; gives its name. */
  add(place: Place): string;
}

/** The schema's side. */
export interface Referrer {
  readonly schemas: SchemaContext;
  /** A reference to a schema. */
  referTo(target: Place, from: Place, reach: Reach): JsonObject;
}
