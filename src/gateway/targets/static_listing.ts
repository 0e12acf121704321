/** The page that lists a folder. */

import { join } from "node:path";
import { gatewayLimits } from "../limits.ts";
import { leadsBelow, type Opened, stateOf } from "./static_open.ts";
import { isShown } from "./static_path.ts";

/** Fields of the page. Names of files are not ours: a page that holds them gets no rights. */
export const LISTING_HEADERS: Readonly<Record<string, string>> = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": "default-src 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
};

/**
 * Lists what a client may ask for, folders first. Links that lead out of the root are left out, and so is what is
 * neither a file nor a folder.
 *
 * @param folder is not closed
 * @param isRoot there is nothing above it
 */
export async function listFolder(folder: Opened, root: string, isRoot: boolean): Promise<string> {
  const folders: string[] = [];
  const files: string[] = [];
  let hasMore = false;
  for await (const entry of Deno.readDir(folder.path)) {
    if (!isShown(entry.name)) continue;
    hasMore = folders.length + files.length === gatewayLimits.staticListed;
    if (hasMore) break;
    const kind = entry.isSymlink ? kindOfLink(join(folder.path, entry.name), root) : kindOf(entry);
    if (kind === "folder") folders.push(entry.name);
    if (kind === "file") files.push(entry.name);
  }
  const names = [...folders.sort().map((name) => `${name}/`), ...files.sort()];
  const items = [...isRoot ? [] : ["../"], ...names].map((name) => `<li><a href="${linkTo(name)}">${escape(name)}</a>`);
  const note = hasMore ? "<p>There is more than is listed.\n" : "";
  return `<!doctype html>\n<meta charset="utf-8">\n<title>Files</title>\n<ul>\n${items.join("\n")}\n</ul>\n${note}`;
}

function kindOf({ isFile, isDirectory }: Deno.DirEntry): "file" | "folder" | undefined {
  return isFile ? "file" : isDirectory ? "folder" : undefined;
}

function kindOfLink(path: string, root: string): "file" | "folder" | undefined {
  const kind = leadsBelow(path, root) ? stateOf(path)?.kind : undefined;
  return kind === "other" ? undefined : kind;
}

/** `./` in front: a name may look like a scheme. */
function linkTo(name: string): string {
  return name === "../" ? name : "./" + name.split("/").map(encodeURIComponent).join("/");
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
