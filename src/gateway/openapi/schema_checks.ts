/** Checks of values against schemas, compiled by ajv when they are first needed. */

import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorObject, ValidateFunction } from "ajv";
import { gatewayLimits } from "../limits.ts";
import { type Effort, EffortError } from "./effort.ts";
import { formats } from "./formats.ts";
import { toPointer } from "./json.ts";
import {
  boundKeyword,
  effortKeyword,
  enumKeyword,
  refusedKeyword,
  TooManyErrors,
  uniqueItemsKeyword,
} from "./keywords.ts";
import type { Use } from "./schema_context.ts";
import type { Schemas } from "./schemas.ts";

/** What is wrong with a value, and where in it. */
export interface Fault {
  /** JSON Pointer (RFC 6901) into the value. */
  readonly pointer: string;
  readonly message: string;
  /** Of JSON Schema or OpenAPI. */
  readonly keyword: string;
}

/** Tells what is wrong with a value: nothing, or every fault up to a bound. */
export type Check = (value: unknown) => readonly Fault[];

/** Makes checks of a document's schemas. */
export class SchemaChecks {
  readonly #schemas: Schemas;
  readonly #effort: Effort;
  readonly #checks = new Map<string, Check>();
  /** Ends at the first fault; most values have none, and a bad one costs no more than it. */
  #first: Ajv2020 | undefined;
  /** Finds all; it is only asked about values that are known to be bad. */
  #all: Ajv2020 | undefined;

  constructor(schemas: Schemas, effort: Effort) {
    this.#schemas = schemas;
    this.#effort = effort;
  }

  /** A check, by its schema's name; it is compiled when it is first asked for. */
  check(name: string, use: Use): Check {
    const ref = `${use}#/$defs/${name}`;
    let check = this.#checks.get(ref);
    if (!check) this.#checks.set(ref, check = this.#make(ref));
    return check;
  }

  #make(ref: string): Check {
    const first = (this.#first ??= this.#ajv(false)).compile({ $ref: ref });
    let all: ValidateFunction | undefined;
    return (value) => {
      const faults = this.#run(first, value);
      if (faults.length === 0 || faults[0] === TOO_MUCH) return faults;
      all ??= (this.#all ??= this.#ajv(true)).compile({ $ref: ref });
      const every = this.#run(all, value);
      return every[0] === TOO_MUCH ? faults : every;
    };
  }

  #run(validate: ValidateFunction, value: unknown): readonly Fault[] {
    this.#effort.begin();
    try {
      return validate(value) ? [] : faultsOf(validate.errors!);
    } catch (error) {
      if (error instanceof TooManyErrors) return faultsOf(error.found as ErrorObject[]);
      // The stack is full: the schema calls itself at each level, by way of many others.
      if (error instanceof EffortError || error instanceof RangeError) return [TOO_MUCH];
      throw error;
    }
  }

  #ajv(allErrors: boolean): Ajv2020 {
    const { namesInherited, patterns } = this.#schemas;
    const regExp = Object.assign((pattern: string) => patterns.compile(pattern) as RegExp, { code: "" });
    const ajv = new Ajv2020({
      allErrors,
      strict: false,
      logger: false,
      validateSchema: false,
      meta: false,
      inlineRefs: false, // or a schema that is used often is compiled as often
      ownProperties: namesInherited,
      multipleOfPrecision: 9,
      formats: formats(),
      code: { regExp },
    });
    ajv.removeKeyword("enum").removeKeyword("uniqueItems");
    for (const keyword of [enumKeyword, uniqueItemsKeyword, refusedKeyword]) ajv.addKeyword(keyword);
    ajv.addKeyword(effortKeyword(this.#effort)).addKeyword(boundKeyword(gatewayLimits.violations));
    for (const use of ["request", "answer"] as const) {
      ajv.addSchema({ $id: use, $defs: this.#schemas.definitions(use) });
    }
    return ajv;
  }
}

const TOO_MUCH: Fault = { pointer: "", message: "takes too much work to be checked", keyword: "effort" };

const REFUSED: Readonly<Record<string, string>> = {
  readOnly: "must not be sent: it is read-only",
  writeOnly: "must not be in an answer: it is write-only",
  additionalProperties: "is no property that is allowed here",
  unevaluatedProperties: "is no property that is allowed here",
};

/** Keywords that only tell that others have found something. */
const ECHOES: ReadonlySet<string> = new Set(["if", "propertyNames"]);

function faultsOf(errors: readonly ErrorObject[]): readonly Fault[] {
  const faults = new Map<string, Fault>();
  for (const error of errors) {
    if (ECHOES.has(error.keyword) || faults.size >= gatewayLimits.violations) continue;
    const fault = faultOf(error);
    faults.set(JSON.stringify([fault.pointer, fault.keyword, fault.message]), fault);
  }
  return [...faults.values()];
}

function faultOf({ instancePath, keyword, params, message, propertyName }: ErrorObject): Fault {
  if (keyword === "refused") return { pointer: instancePath, keyword: params.by, message: REFUSED[params.by] };
  const inner = keyword === "required" || keyword === "dependentRequired" ? params.missingProperty : propertyName;
  const pointer = instancePath + (inner === undefined ? "" : toPointer([inner]));
  if (keyword === "required") return { pointer, keyword, message: "is required" };
  return { pointer, keyword, message: message ?? "is not valid" };
}
