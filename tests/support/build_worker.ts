/** Builds in a process of its own: a language as JSON, its compiler, a source; prints where the result lies. */

import { build } from "../../src/process/build.ts";

const [language, compiler, file] = Deno.args;
const { out } = await build(JSON.parse(language), compiler, file);
console.log(out);
