/** A node of the mesh: peers, discovery, services and calls put together. */

import type { Handler } from "../../http/handler.ts";
import { atMost, type Log, silent } from "../../log.ts";
import { Events } from "../../net/events.ts";
import { answerCall } from "../calls/answer_call.ts";
import { readRequestHead } from "../calls/heads.ts";
import { parseOffer, parsePattern } from "../choose/range.ts";
import { type Clock, systemClock } from "../clock.ts";
import { Directory } from "../discovery/directory.ts";
import type { FlatendBridge } from "../flatend/bridge.ts";
import { type Identity, identityOf, newIdentity, verifySignature } from "../identity.ts";
import { meshLimits } from "../limits.ts";
import type { NodeId } from "../node_id.ts";
import type { MeshStream } from "../session/mesh_stream.ts";
import { ResetCode } from "../session/reset_code.ts";
import { addressesOf, listOf } from "./address_list.ts";
import { welcomeFlatend } from "./flatend_guests.ts";
import { Greeter } from "./greeter.ts";
import { Joining } from "./joining.ts";
import { isNear } from "./near.ts";
import { networkTransport } from "./network_transport.ts";
import { News } from "./news.ts";
import type { NodeEvents, NodeOptions, ServiceProvider } from "./node_options.ts";
import { type OwnService, OwnServices } from "./own_services.ts";
import { Peers } from "./peers.ts";
import { Quiet } from "./quiet.ts";
import { type CallOptions, ServiceCaller } from "./service_caller.ts";
import type { Link } from "../transport/link.ts";
import type { Listening, Transport } from "./transport.ts";

/** A node of the mesh that runs; {@linkcode startNode} makes it. Disposing it closes it. */
export class MeshNode extends Events<NodeEvents> implements AsyncDisposable {
  /** Who it is. */
  readonly id: NodeId;
  readonly #identity: Identity;
  readonly #log: Log;
  /** For what strangers can cause. */
  readonly #strangersLog: Log;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #transport: Transport;
  readonly #peers: Peers;
  readonly #services = new OwnServices();
  readonly #directory: Directory;
  readonly #caller: ServiceCaller;
  readonly #joining: Joining;
  readonly #listening: Listening[] = [];
  #flatend: FlatendBridge | undefined;
  /** Of how it is reached: each service is told of by itself. */
  readonly #news: News;
  /** Those of others. */
  readonly #calls: Quiet;
  /** It takes no more calls. */
  #isEnding = false;
  #closed: Promise<void> | undefined;

  /**
   * Makes one that neither listens nor has joined.
   * @internal
   */
  constructor(options: NodeOptions) {
    super();
    const { simulation, networkKey, allow, log = silent } = options;
    const identity = simulation?.identity ?? (options.key ? identityOf(options.key) : newIdentity());
    this.#identity = identity;
    this.id = identity.id;
    const clock = this.#clock = simulation?.clock ?? systemClock;
    const random = this.#random = simulation?.random ?? Math.random;
    this.#transport = simulation?.transport ?? networkTransport();
    this.#log = log;
    this.#strangersLog = atMost(log, meshLimits.strangersLines);
    const greeter = new Greeter({
      ...{ identity, networkKey, clock, allow: allow && new Set(allow) },
      insecure: simulation?.insecure ?? false,
    });
    this.#calls = new Quiet(clock);
    this.#news = new News(clock, meshLimits.reachSettlesMs, () => this.#tellReach());
    this.#peers = this.#makePeers(greeter);
    this.#directory = new Directory({
      ...{ signer: identity, verify: verifySignature, clock, random },
      network: { ask: (contact, question) => this.#peers.ask(contact, question) },
      onEvent: (event) => event.type === "announced" && this.emit("announce", event),
    });
    this.#caller = new ServiceCaller({
      ...{ clock, random, locality: options.locality ?? "none" },
      known: (service) => this.#directory.providersKnown(service).filter(({ reach }) => reach.id !== this.id),
      find: (service) => this.#directory.findProviders(service),
      findAgain: (service) => this.#directory.findProvidersAgain(service),
      outdated: (service) => this.#directory.outdated(service),
      local: (service) => this.#services.of(service),
      isNear: (reach) => isNear(reach, this.#transport.hosts?.() ?? []),
      session: (reach) => this.#peers.session(reach),
    });
    this.#joining = this.#makeJoining();
  }

  /** Addresses at which it listens, with their real ports. */
  get addresses(): readonly string[] {
    return this.#listening.map(({ address }) => address);
  }

  /** The port at which clients of flatend connect; undefined for none. */
  get flatendPort(): number | undefined {
    return this.#flatend?.port;
  }

  /** Sessions that it has with other nodes. */
  get sessions(): number {
    return this.#peers.size;
  }

  /**
   * Listens, joins and offers. It goes on trying to join when that fails at first.
   * @internal
   * @throws {Deno.errors.AddrInUse} when an address is taken
   * @throws {TypeError} for what is no address, or no name of a service
   */
  async start({ listen, join, advertise, flatend, services = {} }: NodeOptions): Promise<void> {
    for (const [offer, handler] of Object.entries(services)) this.offer(offer, handler);
    for (const address of listOf(listen)) {
      const onLink = (link: Link) => void this.#peers.accept(link);
      this.#listening.push(await this.#transport.listen(address, onLink));
    }
    if (flatend !== undefined) this.#flatend = await this.#welcomeFlatend(flatend);
    this.#peers.reach.claim(advertise === undefined ? this.addresses : addressesOf(advertise));
    const joins = addressesOf(join);
    this.#peers.policy.trust([...this.addresses, ...joins]);
    this.#joining.begin(joins);
    await this.joined().catch(() => {/* it goes on trying, and has said so */});
  }

  /**
   * Waits until it has joined by one of its join points, or was tried once by each.
   *
   * @throws {MeshError} when none was reached
   */
  joined(): Promise<void> {
    return this.#joining.done();
  }

  /**
   * Offers a service from now on.
   *
   * @param offer `NAME` or `NAME@VERSION`
   * @param handler answers its calls
   * @throws {TypeError} when it is none
   */
  offer(offer: string, handler: Handler): void {
    this.#offer(this.id, { ...parseOffer(offer), handler });
  }

  /**
   * Offers a service no more. Calls under way go on.
   *
   * @param offer `NAME` or `NAME@VERSION`, as it was offered
   * @returns when others know, as far as they can be reached
   * @throws {TypeError} when it is none
   */
  async withdraw(offer: string): Promise<void> {
    const { service, version } = parseOffer(offer);
    await this.#withdraw(this.id, service, version);
  }

  /**
   * Calls a service.
   *
   * @param service `NAME` or `NAME@RANGE`, such as `resize@^1`; or several, of which the first counts that is offered
   * @throws {HttpError} when there is no answer: 503 where nobody offers it, 502 where it failed, 504 where it was late
   * @throws {TypeError} for what is no name of a service
   */
  fetch(service: string | readonly string[], request: Request, options?: CallOptions): Promise<Response> {
    return this.#caller.fetch(typeof service === "string" ? [service] : service, request, options);
  }

  /**
   * Who offers a service.
   *
   * @param service `NAME` or `NAME@RANGE`
   * @throws {TypeError} when it is none
   */
  async providersFor(service: string): Promise<readonly ServiceProvider[]> {
    const pattern = parsePattern(service);
    const records = await this.#directory.findProviders(pattern.name);
    return records.filter(({ version }) => pattern.matches(version)).map(({ reach, service, version }) => ({
      ...{ id: reach.id, service, version, addresses: reach.addresses },
      relays: reach.relays.map(({ id }) => id),
    }));
  }

  /**
   * Leaves the mesh: tells that it offers nothing any more, and lets calls under way come to their end.
   *
   * @param graceMs after so many milliseconds they are cut; 10,000 by default
   */
  close(graceMs: number = meshLimits.graceMs): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  /** Closes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(graceMs: number): Promise<void> {
    this.#joining.close();
    const enough = Promise.withResolvers<void>();
    const stopClock = this.#clock.after(graceMs, enough.resolve);
    await Promise.race([this.#leave(), enough.promise]);
    this.#isEnding = true;
    await this.#flatend?.close();
    await this.#peers.close(enough.promise);
    stopClock();
    this.#directory.close();
    this.#news.stop();
  }

  /** Nobody shall begin anything more here; what is begun until all know that is done as ever. */
  async #leave(): Promise<void> {
    await Promise.all(this.#listening.map((listening) => listening.close()));
    const offers = [...this.#services.offers()];
    const withdrawn = offers.map(({ service, version }) => this.#directory.withdraw(service, version));
    await Promise.all([this.#peers.leave(), Promise.allSettled(withdrawn)]);
    // What others began before they knew may have waited behind long bodies.
    await this.#calls.wait(meshLimits.leavingQuietMs, meshLimits.leavingMs);
  }

  #offer(key: string, own: OwnService): void {
    const { service, version } = own;
    this.#services.add(key, own);
    this.#directory.announce(service, version, this.#peers.reach.reach).catch(() => {/* it is told again */});
  }

  async #withdraw(key: string, service: string, version: string): Promise<void> {
    if (this.#services.remove(key, service, version)) await this.#directory.withdraw(service, version);
  }

  #welcomeFlatend(address: string): Promise<FlatendBridge> {
    return welcomeFlatend(address, {
      ...{ identity: this.#identity, clock: this.#clock, log: this.#strangersLog },
      offered: () => [...this.#directory.services],
      add: (key, service, handler) => this.#offer(key, { ...parseOffer(service), handler, isGuest: true }),
      remove: (key, service) => void this.#withdraw(key, service, parseOffer(service).version),
      call: (services, request, info) => this.#caller.fetch(services, request, { info }),
    });
  }

  #makePeers(greeter: Greeter): Peers {
    return new Peers({
      ...{ own: this.id, transport: this.#transport, greeter, clock: this.#clock, log: this.#strangersLog },
      host: {
        saw: (contact) => this.#directory.saw(contact),
        lost: (id) => this.#directory.lost(id),
        left: (id) => this.#caller.left(id),
        directory: (from, question) => this.#directory.answer(from, question),
        call: (stream, head) => this.#answerCall(stream, head),
        opened: (id) => this.emit("open", { id }),
        closed: (id, error) => this.emit("close", { id, error }),
        reachChanged: () => this.#news.changed(),
      },
    });
  }

  #makeJoining(): Joining {
    return new Joining({
      ...{ clock: this.#clock, random: this.#random },
      dial: (address) => this.#peers.join(address),
      joined: (contact, contacts, isRelay) => {
        const [address] = contact.addresses;
        this.#log("info", "Joined the mesh", { address, node: contact.id });
        this.emit("join", { address, id: contact.id });
        if (isRelay) this.#peers.reach.joined(contact);
        void this.#directory.join(contacts);
      },
      lost: ({ id }, isRelay) => {
        if (isRelay) this.#peers.reach.parted(id);
      },
      failed: (address, error) => {
        this.#log("warn", "Not joined by this address: it is tried again", { address, why: error.message });
        this.emit("part", { address, error });
      },
    });
  }

  #tellReach(): void {
    const { reach } = this.#peers.reach;
    this.emit("reach", { addresses: reach.addresses, relays: reach.relays.map(({ id }) => id) });
    this.#directory.reachChanged(reach).catch(() => {/* it is told again */});
  }

  #answerCall(stream: MeshStream, head: Uint8Array<ArrayBuffer>): void {
    const request = readRequestHead(head);
    if (this.#isEnding) return stream.reset(ResetCode.ending);
    this.#calls.broken();
    const handler = this.#services.take(request.service, request.version);
    if (!handler) return stream.reset(ResetCode.noService);
    // What came together with the head is there by then, and needs not be waited for.
    queueMicrotask(() => void answerCall(stream, request, handler, this.#clock));
  }
}
