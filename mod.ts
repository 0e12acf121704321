/**
 * Sluice turns any program in any language into a streaming HTTP service: one fresh process a request, its standard input
 * and output as the bodies. A program is a handler from `Request` to `Response`, so `Deno.serve`, Hono, Oak and all that
 * speaks Fetch can mount it.
 *
 * ```ts
 * import { program } from "@sluice/sluice";
 *
 * const shout = program({ command: ["tr", "a-z", "A-Z"] });
 * const server = Deno.serve({ port: 0 }, shout);
 *
 * const response = await fetch(`http://localhost:${server.addr.port}/`, { method: "POST", body: "hello" });
 * console.log(await response.text()); // HELLO
 * await server.shutdown();
 * ```
 *
 * @module
 */

export { type Exit, HttpError, ProgramError, type ProgramErrorCode, type UsedUp } from "./src/errors.ts";
export { createLog, type Log, type LogFields, type LogLevel, type LogOptions } from "./src/log.ts";
export { chain } from "./src/http/chain.ts";
export type { Handler, RequestInfo, RequestUser, TraceContext } from "./src/http/handler.ts";
export { guardOrigins } from "./src/http/origins.ts";
export { requireToken, type Token, type TokenOptions, withoutToken } from "./src/http/tokens.ts";
export { mountAll } from "./src/http/mount.ts";
export { pipe } from "./src/http/pipe.ts";
export { type Access, type HttpServer, serveHttp, type ServeOptions } from "./src/http/node_server.ts";
export type { OnAccess } from "./src/http/access.ts";
export type { TlsHosts, TlsPair } from "./src/http/tls.ts";
export type { UploadedFile } from "./src/http/multipart.ts";
export { trailersOf } from "./src/http/trailers.ts";
export type { Chunk, Sink, Source } from "./src/bytes/source.ts";
export type { CommandOptions, Mode } from "./src/process/command.ts";
export type { Language, WarmWay } from "./src/process/language.ts";
export { Languages } from "./src/process/languages.ts";
export type { ScriptRequest, ScriptResponse, ScriptService } from "./src/process/script_service.ts";
export type { Child, Launcher, LaunchSpec, ResourceUsage } from "./src/process/launcher.ts";
export { program, type ProgramHandler, spawn } from "./src/process/program.ts";
export type { WaitingProcesses, WarmState } from "./src/process/warm/keep_warm.ts";
export type { ExitReport, ProgramLimits, ProgramOptions, StartReport } from "./src/process/program_options.ts";
export type { ProcessLimits } from "./src/process/process_limits.ts";
export { type Loom, type LoomOptions, type MemoryLoomOptions, openLoom, openMemoryLoom } from "./src/loom/open_loom.ts";
export { record, type RecordOptions } from "./src/loom/record.ts";
export type { StoreLimits } from "./src/loom/store/retention.ts";
export { StreamError, type StreamErrorCode, type StreamErrorDetails } from "./src/loom/stream_error.ts";
export type {
  Appended,
  AppendOptions,
  Created,
  CreateOptions,
  ForkOptions,
  Listing,
  ListOptions,
  Piece,
  Producer,
  StreamEnd,
  StreamEvent,
  StreamInfo,
  StreamStore,
} from "./src/loom/stream_store.ts";
export { StreamClientError, type StreamClientErrorCode } from "./src/loom/client/client_error.ts";
export { type FollowOptions, followStream } from "./src/loom/client/follow.ts";
export { openProducer, type ProducerOptions, type StreamProducer } from "./src/loom/client/producer.ts";
export type { ConnectionState, RetryOptions } from "./src/loom/client/retry.ts";
export { type SpyOptions, spyStreams } from "./src/loom/client/spy_client.ts";
export type { StreamTarget } from "./src/loom/client/target.ts";
export { type KeyFile, readKeyFile, writeKeyFile } from "./src/net/key_file.ts";
export {
  type KeyPair,
  keyPairFromPem,
  type KeyType,
  newKeyPair,
  type PublicKey,
  publicKeyFromPem,
} from "./src/net/keys.ts";
export type { BalanceOptions } from "./src/registry/balance.ts";
export { connectRegistry } from "./src/registry/connect_registry.ts";
export type { RegistryClientEvents, RegistryClientOptions } from "./src/registry/client/client_options.ts";
export type { RegistryClient } from "./src/registry/client/registry_client.ts";
export type { Registration } from "./src/registry/client/registration.ts";
export type { Events, Listener, ListenOptions } from "./src/net/events.ts";
export type { AuthorizedKey, RegistryOptions } from "./src/registry/hub/hub_options.ts";
export type { Hub } from "./src/registry/hub/hub.ts";
export type { Connected, HubEvents, Rejection } from "./src/registry/hub/hub_events.ts";
export { startRegistry } from "./src/registry/start_registry.ts";
export { RegistryError, type RegistryErrorCode } from "./src/registry/registry_error.ts";
export type { RegisterOptions } from "./src/registry/registration.ts";
export { route, type RouteHandler, type RouteOptions, type ServicePick } from "./src/registry/route.ts";
export { byHost, byPath } from "./src/registry/pick.ts";
export type { JsonValue, Service, ServiceFinder } from "./src/registry/service.ts";
export type { ServiceCheck } from "./src/registry/table/document.ts";
export type { WatchEvent } from "./src/registry/table/watch.ts";
export type { LinkEnd } from "./src/registry/wire/link_end.ts";
export type { CallOptions } from "./src/mesh/node/service_caller.ts";
export type { MeshNode } from "./src/mesh/node/mesh_node.ts";
export type { NodeEvents, NodeOptions, ServiceProvider } from "./src/mesh/node/node_options.ts";
export { MeshError, type MeshErrorCode } from "./src/mesh/mesh_error.ts";
export type { NodeId } from "./src/mesh/node_id.ts";
export { startNode } from "./src/mesh/start_node.ts";
export { ConfigError, type Fault } from "./src/gateway/config/fault.ts";
export { type GatewayFileOptions, type GatewayServer, serveGatewayFile } from "./src/gateway/serve_gateway_file.ts";
export { type NetworkKeyFile, readNetworkKey, writeNetworkKey } from "./src/net/network_key.ts";
