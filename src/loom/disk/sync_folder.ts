/** Has the system store which files a folder has: that of a new file is lost at a power cut before. */
export async function syncFolder(path: string): Promise<void> {
  using folder = await Deno.open(path);
  await folder.sync();
}
