/** Whole nodes in one process, on a network in memory, under a clock and with a chance of their own. */

import type { Handler } from "../../../src/http/handler.ts";
import type { Identity } from "../../../src/mesh/identity.ts";
import { MeshNode } from "../../../src/mesh/node/mesh_node.ts";
import type { NodeOptions } from "../../../src/mesh/node/node_options.ts";
import { type MemoryHost, MemoryNetwork, type MemoryNetworkOptions } from "./memory_network.ts";
import { seededIdentity } from "./seeded_identity.ts";
import { type MachineClock, VirtualClock } from "./virtual_clock.ts";

/** Options of a mesh. */
export interface SimulatedMeshOptions extends Pick<MemoryNetworkOptions, "latencyMs"> {
  /** Real cryptography. Default: none. */
  readonly isSecure?: boolean;
  /** Everything happens at multiples of it. */
  readonly grainMs?: number;
}

/** One node. */
export interface SimulatedNode {
  readonly node: MeshNode;
  readonly identity: Identity;
  /** Its host: `10.A.B.C`. */
  readonly host: string;
  readonly clock: MachineClock;
  readonly transport: MemoryHost;
}

/** How a node is made. */
export interface SimulatedNodeOptions extends Omit<NodeOptions, "listen" | "simulation"> {
  /** Its host; the next one by default. */
  readonly host?: string;
  readonly identity?: never;
  /** The key of an earlier life. */
  readonly as?: Identity;
  /** It can't be dialled. */
  readonly isBehindNat?: boolean;
}

/** The mesh. */
export class SimulatedMesh {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  readonly nodes: SimulatedNode[] = [];
  readonly #isSecure: boolean;
  #hosts = 0;

  constructor(seed: number, { latencyMs, isSecure = false, grainMs }: SimulatedMeshOptions = {}) {
    this.clock = new VirtualClock(seed, grainMs);
    this.network = new MemoryNetwork({ clock: this.clock, random: this.clock.random, latencyMs, showsHosts: isSecure });
    this.#isSecure = isSecure;
  }

  /** Makes a node that has not started. */
  make({ host = this.#nextHost(), as, isBehindNat: _, ...options }: SimulatedNodeOptions = {}): SimulatedNode {
    const clock = this.clock.machine();
    const identity = as ?? seededIdentity(this.clock.random);
    const transport = this.network.host(host);
    const simulation = { transport, clock, random: this.clock.random, insecure: !this.#isSecure, identity };
    const made = { node: new MeshNode({ ...options, simulation }), identity, host, clock, transport };
    this.nodes.push(made);
    return made;
  }

  /** Starts a node; resolves when it has. */
  async start(options: SimulatedNodeOptions = {}): Promise<SimulatedNode> {
    const made = this.make(options);
    await this.clock.until(this.begin(made, options));
    return made;
  }

  /** Starts one that was made; needs time to pass. */
  begin({ node, host }: SimulatedNode, options: SimulatedNodeOptions): Promise<void> {
    return node.start({ ...options, listen: options.isBehindNat ? undefined : `${host}:9000` } as NodeOptions);
  }

  /** The machine of a node loses its power. */
  kill(node: SimulatedNode): void {
    this.network.killHost(node.host);
    this.forget(node);
  }

  /** Ends a node's own activity without a word to others, as power that is lost does; its packets vanish. */
  forget(node: SimulatedNode): void {
    this.nodes.splice(this.nodes.indexOf(node), 1);
    void node.node.close(0);
  }

  /** Calls a service. @returns the text of the answer, or the status of none */
  async ask({ node }: SimulatedNode, service: string, init?: RequestInit, mostMs = 60_000): Promise<string> {
    const answer = async () => {
      const response = await node.fetch(service, new Request("http://service/", init));
      return response.ok ? await response.text() : String(response.status);
    };
    return await this.clock.until(answer(), mostMs);
  }

  /** Ends all. */
  async close(): Promise<void> {
    await this.clock.until(Promise.all(this.nodes.map(({ node }) => node.close(0))));
  }

  #nextHost(): string {
    const host = this.#hosts++;
    return `10.${host >> 16}.${host >> 8 & 0xff}.${host & 0xff}`;
  }
}

/** A handler that says one thing. */
export function says(text: string): Handler {
  return () => new Response(text);
}
