/** nginx in front of php-fpm: processes that are used again and again. It is fast because requests share them. */

import { userInfo } from "node:os";
import { PHP_FPM } from "../tools.ts";
import { startBehindNginx } from "./nginx.ts";
import type { Rival } from "./rival.ts";

const CHILDREN = 2 * navigator.hardwareConcurrency;

const config = (dir: string, socket: string): string => `
[global]
daemonize = no
error_log = /dev/stderr
[program]
listen = ${socket}
user = ${userInfo().username}
group = ${Deno.gid()}
pm = static
pm.max_children = ${CHILDREN}
chdir = ${dir}
`;

export const phpFpm: Rival = {
  name: "nginx + php-fpm",
  async start(program, context) {
    const dir = await Deno.makeTempDir({ dir: context.dir });
    const socket = `${dir}/fpm.sock`;
    await Deno.writeTextFile(`${dir}/fpm.conf`, config(dir, socket));
    const command = [
      PHP_FPM,
      "--fpm-config",
      `${dir}/fpm.conf`,
      ...(Deno.uid() === 0 ? ["--allow-to-run-as-root"] : []),
    ];
    return startBehindNginx({ command, socket, script: program, settings: "" }, dir, context.signal);
  },
};
