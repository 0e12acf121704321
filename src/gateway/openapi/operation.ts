/** An operation of a document: what it is called, where it is, and what belongs to it. */

import type { Answer } from "./answer.ts";
import type { ApiModel } from "./api_model.ts";
import type { MediaType } from "./media_types.ts";
import type { Parameter } from "./parameter.ts";

/** An operation. */
export interface Operation {
  /** Upper case. */
  readonly method: string;
  /** As the document has it: `/pet/{petId}`. */
  readonly path: string;
  /** For the router: the same, but for parameters whose names are none of a route, as `{pet-id}`: `/pet/{pet_id}`. */
  readonly pattern: string;
  readonly operationId: string | undefined;
  /** What it is called by in a config: its operationId, if it has one, and `GET /pet/{petId}`. */
  readonly names: readonly string[];
  readonly summary: string | undefined;
  readonly description: string | undefined;
  readonly tags: readonly string[];
  readonly deprecated: boolean;
  readonly parameters: readonly Parameter[];
  /** Undefined when nothing is said of a body. */
  readonly body: RequestBody | undefined;
  readonly answers: readonly Answer[];
  /** What it shares with the others of its document. */
  readonly model: ApiModel;
}

/** The body of a request. */
export interface RequestBody {
  readonly required: boolean;
  readonly description: string | undefined;
  readonly contents: readonly MediaType[];
}
