/**
 * Sluice for programs of Node.js, from version 20 on: streams on a server, services in a registry, and nodes of a mesh.
 *
 * @module
 */

import "./before_node_24.mjs";

export { HttpError } from "../../src/errors.ts";
export { createLog, type Log, type LogFields, type LogLevel, type LogOptions } from "../../src/log.ts";
export type { Handler, RequestInfo, RequestUser, TraceContext } from "../../src/http/handler.ts";
export { StreamClientError, type StreamClientErrorCode } from "../../src/loom/client/client_error.ts";
export { type FollowOptions, followStream } from "../../src/loom/client/follow.ts";
export { openProducer, type ProducerOptions, type StreamProducer } from "../../src/loom/client/producer.ts";
export type { ConnectionState, RetryOptions } from "../../src/loom/client/retry.ts";
export { type SpyOptions, spyStreams } from "../../src/loom/client/spy_client.ts";
export type { StreamTarget } from "../../src/loom/client/target.ts";
export { StreamError, type StreamErrorCode, type StreamErrorDetails } from "../../src/loom/stream_error.ts";
export type { StreamEnd } from "../../src/loom/stream_store.ts";
export type { Events, Listener, ListenOptions } from "../../src/net/events.ts";
export { type KeyFile, readKeyFile, writeKeyFile } from "../../src/net/key_file.ts";
export {
  type KeyPair,
  keyPairFromPem,
  type KeyType,
  newKeyPair,
  type PublicKey,
  publicKeyFromPem,
} from "../../src/net/keys.ts";
export { type NetworkKeyFile, readNetworkKey, writeNetworkKey } from "../../src/net/network_key.ts";
export { connectRegistry } from "../../src/registry/connect_registry.ts";
export type { RegistryClientEvents, RegistryClientOptions } from "../../src/registry/client/client_options.ts";
export type { RegistryClient } from "../../src/registry/client/registry_client.ts";
export type { Registration } from "../../src/registry/client/registration.ts";
export type { RegisterOptions } from "../../src/registry/registration.ts";
export { RegistryError, type RegistryErrorCode } from "../../src/registry/registry_error.ts";
export type { JsonValue, Service, ServiceFinder } from "../../src/registry/service.ts";
export type { ServiceCheck } from "../../src/registry/table/document.ts";
export type { WatchEvent } from "../../src/registry/table/watch.ts";
export type { LinkEnd } from "../../src/registry/wire/link_end.ts";
export { MeshError, type MeshErrorCode } from "../../src/mesh/mesh_error.ts";
export type { CallOptions } from "../../src/mesh/node/service_caller.ts";
export type { MeshNode } from "../../src/mesh/node/mesh_node.ts";
export type { NodeEvents, NodeOptions, ServiceProvider } from "../../src/mesh/node/node_options.ts";
export type { NodeId } from "../../src/mesh/node_id.ts";
export { startNode } from "../../src/mesh/start_node.ts";
