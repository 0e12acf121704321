/** The certificates of all servers of a gateway, found by address and name. */

import type { Handler } from "../http/handler.ts";
import { problem } from "../http/problem.ts";
import { describeTlsPair, type TlsHosts } from "../http/tls.ts";
import type { Log } from "../log.ts";
import type { Metrics } from "./admin/metrics.ts";
import type { ServerConfig } from "./config/model.ts";
import { keyOf } from "./fronts.ts";
import { Kept, type Wanted } from "./kept.ts";
import { HostTable } from "./router/host_table.ts";
import { StandIns } from "./stand_ins.ts";
import { type Certificates, openCertificates } from "./tls/certificates.ts";

/** Certificates that are open, and that no handshake finds yet. */
export interface PreparedCertificates {
  commit(): void;
  rollback(): Promise<void>;
}

/** What is told of certificates. */
export interface CertificateSetOptions {
  readonly log: Log;
  readonly metrics: Metrics;
}

/** Certificates by address and name. */
export class CertificateSet {
  readonly #options: CertificateSetOptions;
  readonly #kept = new Kept<Certificates>();
  readonly #standIns = new StandIns();
  #tables: ReadonlyMap<string, HostTable<Certificates>> = new Map();

  constructor(options: CertificateSetOptions) {
    this.#options = options;
  }

  /**
   * Opens those of servers that have none yet, and looks at all others anew.
   *
   * @throws what is wrong with one; then nothing has changed
   */
  async prepare(servers: readonly ServerConfig[]): Promise<PreparedCertificates> {
    const secure = servers.filter(({ tls }) => tls);
    const known = this.#kept.values;
    const renewal = await this.#kept.renew(secure.map((server) => this.#wanted(server)), dispose);
    const rollback = async () => void await Promise.allSettled(renewal.rollback().map(dispose));
    try {
      await Promise.all(known.filter((each) => renewal.values.includes(each)).map((each) => each.reload()));
    } catch (error) {
      await rollback();
      throw error;
    }
    return {
      rollback,
      commit: () => {
        secure.forEach(({ tls }, index) => {
          const each = renewal.values[index];
          if (tls!.kind === "acme" && !known.includes(each)) this.#standIns.add(each, known);
        });
        this.#tables = tablesOf(secure, renewal.values);
        for (const gone of renewal.commit()) {
          this.#standIns.forget(gone);
          dispose(gone).catch(() => {/* it keeps nothing that matters */});
        }
        // Challenges can be answered from now on.
        for (const certificates of renewal.values) certificates.start();
      },
    };
  }

  /** Which certificate a client of an address gets. */
  hosts(address: string): TlsHosts {
    return {
      pairFor: (name = "") => {
        const table = this.#tables.get(address);
        const found = table?.get(name) ?? table?.any;
        return found && (this.#standIns.get(found, name) ?? found.current);
      },
    };
  }

  /** Answers authorities that ask over plain HTTP. */
  readonly challenge: Handler = async (request, info) => {
    for (const { challenge } of this.#kept.values) {
      const response = await challenge?.(request, info);
      if (response && response.status !== 404) return response;
    }
    return problem(404, "No authority was asked for this");
  };

  /** Stops keeping them fresh. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#kept.values.map(dispose));
  }

  #wanted({ tls, hosts }: ServerConfig): Wanted<Certificates> {
    return {
      key: JSON.stringify([tls, hosts]),
      make: async () => {
        const certificates = await openCertificates(tls!, hosts, { log: this.#options.log });
        const tell = () => {
          const { notAfter } = describeTlsPair(certificates.current);
          this.#options.metrics.certificate(hosts.join(",") || "*", notAfter.getTime());
        };
        certificates.onChange(tell);
        tell();
        return certificates;
      },
    };
  }
}

function dispose(certificates: Certificates): Promise<void> {
  return Promise.resolve(certificates[Symbol.asyncDispose]());
}

function tablesOf(
  servers: readonly ServerConfig[],
  certificates: readonly Certificates[],
): ReadonlyMap<string, HostTable<Certificates>> {
  const tables = new Map<string, HostTable<Certificates>>();
  servers.forEach(({ listen, hosts }, index) => {
    for (const address of listen.map(keyOf)) {
      const table = tables.get(address) ?? new HostTable();
      tables.set(address, table);
      for (const host of hosts.length > 0 ? hosts : ["*"]) table.set(host, certificates[index]);
    }
  });
  return tables;
}
